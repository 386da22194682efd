# SPDX-License-Identifier: MIT
"""Signatures made by others, against the sandbox's DynamoDB and Cognito: curl --aws-sigv4 and botocore.

curl signs, a small server keeps what it sent, and each row changes those bytes in one way (or nothing) before they
go to the sandbox: so the rows test what is verified, not what curl can be talked into.
"""
import datetime
import http.server
import json
import re
import shutil
import socket
import subprocess
import threading
import unittest
import urllib.parse

import fixture

try:
    import boto3
    import botocore.config
    import botocore.exceptions
except ImportError:
    boto3 = None

KEY = "AKIAUSHERSANDBOX0001"
SECRET = "usher/sandbox/secret/access/key/0000000001"
REGION = "us-east-1"
POOL = "us-east-1_UsherDev1"

SERVICES = {
    "dynamodb": ("dynamodb", "application/x-amz-json-1.0", "DynamoDB_20120810.ListTables", b'{"Limit":1}'),
    "cognito": ("cognito-idp", "application/x-amz-json-1.1", "AWSCognitoIdentityProviderService.ListUsers",
                json.dumps({"UserPoolId": POOL, "Limit": 1}).encode()),
}


class Capture(http.server.BaseHTTPRequestHandler):
    """Keeps one signed request: the request line, the headers as sent and the body."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = list(dict.fromkeys(self.headers.items()))  # curl sends a date of the caller's own twice
        self.server.captured = (self.requestline, headers, body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def sign_with_curl(service, key=KEY, secret=SECRET, region=REGION, name=None, extra=()):
    """What curl sends to the sandbox's `service`, without sending it there."""
    signing_name, media, target, body = SERVICES[service]
    url = fixture.url(service)
    host = urllib.parse.urlsplit(url).netloc
    server = http.server.HTTPServer(("127.0.0.1", 0), Capture)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    headers = ["Host: " + host, "Content-Type: " + media, "X-Amz-Target: " + target, *extra]
    command = ["curl", "-sS", "--noproxy", "*", "--max-time", "10", "--connect-to",
               "%s:127.0.0.1:%d" % (host, server.server_port), "--user", key + ":" + secret,
               "--aws-sigv4", "aws:amz:%s:%s" % (region, name or signing_name), "--data-binary", body.decode()]
    for header in headers:
        command += ["-H", header]
    subprocess.run(command + [url], check=True, stdout=subprocess.DEVNULL)
    thread.join()
    server.server_close()
    return server.captured


def send(service, captured):
    """Sends these very bytes -> status, error code without its namespace, message."""
    line, headers, body = captured
    parts = urllib.parse.urlsplit(fixture.url(service))
    head = "".join("%s: %s\r\n" % header for header in headers if header[0].lower() != "connection")
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(("%s\r\n%sConnection: close\r\n\r\n" % (line, head)).encode() + body)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    status = int(answer.split(b" ", 2)[1])
    members = json.loads(answer.split(b"\r\n\r\n", 1)[1] or b"{}")
    return status, members.get("__type", "").split("#")[-1], members.get("message", members.get("Message", ""))


def without(name):
    return lambda line, headers, body: (line, [h for h in headers if h[0].lower() != name], body)


def replaced(name, pattern, text):
    def change(line, headers, body):
        return line, [(n, re.sub(pattern, text, v)) if n.lower() == name else (n, v) for n, v in headers], body
    return change


def body_changed(line, headers, body):
    return line, headers, body.replace(b"1", b"2", 1)


def with_header(line, headers, body):
    return line, headers + [("X-Probe", "not signed")], body


def basic_date(minutes):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    return "X-Amz-Date: " + moment.strftime("%Y%m%dT%H%M%SZ")


def unchanged(*request):
    return request


# what is wrong, how curl signs, what happens to the bytes after it, the vendor's code (None: 200), part of its words
ROWS = [
    ("nothing", {}, unchanged, None, ""),
    ("a header more than was signed", {}, with_header, None, ""),
    ("the secret", {"secret": SECRET + "x"}, unchanged, "InvalidSignatureException", "does not match"),
    ("the key", {"key": "AKIAUSHERSANDBOX0002"}, unchanged, "UnrecognizedClientException", "is invalid"),
    ("a token nobody issued", {"extra": ["X-Amz-Security-Token: t"]}, unchanged, "UnrecognizedClientException",
     "is invalid"),
    ("the region", {"region": "eu-west-1"}, unchanged, "InvalidSignatureException", "valid region"),
    ("the service", {"name": "s3x"}, unchanged, "InvalidSignatureException", "correct service"),
    ("the body", {}, body_changed, "InvalidSignatureException", "does not match"),
    ("one digit of the signature", {}, replaced("authorization", r"Signature=(.*)$", "Signature=" + "0" * 64),
     "InvalidSignatureException", "does not match"),
    ("a signed header's value", {"extra": ["X-Amz-Probe: a"]}, replaced("x-amz-probe", "a", "b"),
     "InvalidSignatureException", "does not match"),
    ("a signed header is gone", {"extra": ["X-Amz-Probe: a"]}, without("x-amz-probe"), "InvalidSignatureException",
     "does not match"),
    ("six minutes late", {"extra": [(-6,)]}, unchanged, "InvalidSignatureException", "Signature expired"),
    ("six minutes early", {"extra": [(6,)]}, unchanged, "InvalidSignatureException", "Signature not yet current"),
    ("four minutes late, which is in time", {"extra": [(-4,)]}, unchanged, None, ""),
    ("no Authorization", {}, without("authorization"), "MissingAuthenticationTokenException",
     "Missing Authentication Token"),
    ("no date", {}, without("x-amz-date"), "IncompleteSignatureException", "X-Amz-Date"),
    ("no Signature", {}, replaced("authorization", r",\s*Signature=.*$", ""), "IncompleteSignatureException",
     "Signature"),
    ("no Credential", {}, replaced("authorization", r"Credential=[^,]*,\s*", ""), "IncompleteSignatureException",
     "Credential"),
    ("no SignedHeaders", {}, replaced("authorization", r"SignedHeaders=[^,]*,\s*", ""),
     "IncompleteSignatureException", "SignedHeaders"),
]


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class CurlSigns(unittest.TestCase):
    """Each row on both services."""

    @classmethod
    def setUpClass(cls):
        fixture.start()

    def test_rows(self):
        for service in SERVICES:
            for wrong, how, change, code, words in ROWS:
                with self.subTest(service=service, wrong=wrong):
                    extra = [basic_date(*h) if isinstance(h, tuple) else h for h in how.get("extra", [])]
                    captured = sign_with_curl(service, **{**how, "extra": extra})
                    status, seen, message = send(service, change(*captured))
                    self.assertEqual((200 if code is None else 400, code or ""), (status, seen), message)
                    self.assertIn(words.lower(), message.lower())


@unittest.skipUnless(boto3, "boto3 is not installed")
class BotocoreSigns(unittest.TestCase):
    """botocore's own signer and its reading of our refusals."""

    @classmethod
    def setUpClass(cls):
        fixture.start()

    def client(self, service, key=KEY, secret=SECRET, region=REGION, token=None):
        return boto3.client(
            SERVICES[service][0], endpoint_url=fixture.url(service), region_name=region, aws_access_key_id=key,
            aws_secret_access_key=secret, aws_session_token=token,
            config=botocore.config.Config(retries={"total_max_attempts": 1}, proxies={}))

    def call(self, service, **credentials):
        client = self.client(service, **credentials)
        if service == "dynamodb":
            return client.list_tables(Limit=1)
        return client.list_users(UserPoolId=POOL, Limit=1)

    def test_right_credentials(self):
        for service in SERVICES:
            with self.subTest(service=service):
                answer = self.call(service)
                self.assertEqual(200, answer["ResponseMetadata"]["HTTPStatusCode"])
                self.assertTrue(answer["ResponseMetadata"]["RequestId"])

    def test_wrong_credentials(self):
        rows = [
            ({"secret": "wrong"}, "InvalidSignatureException"),
            ({"key": "AKIAUSHERSANDBOX0002"}, "UnrecognizedClientException"),
            ({"token": "a token nobody issued"}, "UnrecognizedClientException"),
            ({"region": "eu-west-1"}, "InvalidSignatureException"),
        ]
        for service in SERVICES:
            for credentials, code in rows:
                with self.subTest(service=service, **credentials):
                    with self.assertRaises(botocore.exceptions.ClientError) as caught:
                        self.call(service, **credentials)
                    self.assertEqual(code, caught.exception.response["Error"]["Code"])
                    self.assertEqual(400, caught.exception.response["ResponseMetadata"]["HTTPStatusCode"])

    def test_a_typed_error_of_each_service(self):
        with self.assertRaises(Exception) as caught:
            self.client("dynamodb").describe_table(TableName="NoSuchTable")
        self.assertEqual("ResourceNotFoundException", type(caught.exception).__name__)
        with self.assertRaises(Exception) as caught:
            self.client("cognito").admin_get_user(UserPoolId=POOL, Username="nobody@example.com")
        self.assertEqual("UserNotFoundException", type(caught.exception).__name__)


if __name__ == "__main__":
    unittest.main()
