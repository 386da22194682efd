# SPDX-License-Identifier: MIT
"""The sandbox's STS and metadata services, with botocore's own client and providers; then usher on nothing but them.

What is waited for is an event: an answer, a call in the sandbox's journal, a line of the log.
"""
import base64
import json
import os
import re
import sys
import time
import unittest
import urllib.error
import urllib.request
import uuid

import fixture

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from door import CONFIRM, SIGNUP, Browser, Stores, form  # noqa: E402
from process import PATIENCE, Folder, Serve, run, environment  # noqa: E402

try:
    import boto3
    import botocore.config
    import botocore.exceptions
    import botocore.session
except ImportError:
    boto3 = None

ROLE = "arn:aws:iam::123456789012:role/usher-test"
REGION = "us-east-1"
QUICK = {"retries": {"total_max_attempts": 1}}
FIXED = {"AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_CONFIG_FILE": "/nowhere",
         "AWS_EC2_METADATA_DISABLED": "true"}  # whatever machine this runs on, its own metadata is not asked


def jwt(**claims):
    parts = [{"alg": "RS256"}, claims]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".c"


def sandbox(path, body=None, method=None, service="mailbox", headers=None, ready=None):
    """One exchange with a part of the sandbox -> status, text."""
    data = json.dumps(body).encode() if body is not None else None
    url = (ready or fixture.start())["sandbox"][service] + path
    request = urllib.request.Request(url, data, {**({"Content-Type": "application/json"} if data else {}),
                                                 **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read().decode()


class Turned:
    """Switches of the sandbox, until the end of `with`."""

    def __init__(self, **switches):
        self.switches = switches

    def turn(self, switches):
        status, text = sandbox("/switches", switches)
        assert status == 200, text

    def __enter__(self):
        before = json.loads(sandbox("/switches")[1])
        self.before = {name: before[name] for name in self.switches}
        self.turn(self.switches)

    def __exit__(self, *_):
        self.turn(self.before)


class Sandboxed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ready = fixture.start()

    def setUp(self):
        self.saved = dict(os.environ)
        self.addCleanup(self.restore)
        self.only()

    def restore(self):
        os.environ.clear()
        os.environ.update(self.saved)

    def only(self, **variables):
        """The environment that AWS's code sees."""
        os.environ.clear()
        os.environ.update(environment(FIXED, variables))

    def client(self, service="sts", credentials=None, **options):
        listener = {"cognito-idp": "cognito"}.get(service, service)
        if credentials is None:
            options["signature_version"] = botocore.UNSIGNED
        keys = {} if credentials is None else {
            "aws_access_key_id": credentials["AccessKeyId"], "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials.get("SessionToken")}
        return boto3.session.Session(region_name=REGION).client(
            service, endpoint_url=self.ready["sandbox"][listener], region_name=REGION,
            config=botocore.config.Config(**{**QUICK, **options}), **keys)

    def fixed(self):
        return {"AccessKeyId": self.ready["access_key_id"], "SecretAccessKey": self.ready["secret_access_key"]}

    def refused(self, call, code, status, words=""):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call()
        answer = caught.exception.response
        self.assertEqual((code, status), (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]))
        self.assertIn(words, answer["Error"]["Message"])


@unittest.skipUnless(boto3, "boto3 is not installed")
class Sts(Sandboxed):
    def assume_web(self, **changes):
        fields = {"RoleArn": ROLE, "RoleSessionName": "app1", "WebIdentityToken": jwt(sub="me", aud="sts.amazonaws.com")}
        return self.client().assume_role_with_web_identity(**{**fields, **changes})

    def test_web_identity(self):
        before = time.time()
        answer = self.assume_web(DurationSeconds=900)
        keys = answer["Credentials"]
        self.assertRegex(keys["AccessKeyId"], "^ASIA[A-Z2-7]{16}$")
        self.assertAlmostEqual(keys["Expiration"].timestamp(), before + 900, delta=5)
        self.assertEqual((answer["SubjectFromWebIdentityToken"], answer["Audience"]), ("me", "sts.amazonaws.com"))
        self.assertEqual(answer["AssumedRoleUser"]["Arn"], "arn:aws:sts::123456789012:assumed-role/usher-test/app1")
        self.assertTrue(answer["ResponseMetadata"]["RequestId"])
        self.assertEqual(self.client("dynamodb", keys).list_tables()["ResponseMetadata"]["HTTPStatusCode"], 200)
        me = self.client("sts", keys).get_caller_identity()
        self.assertEqual((me["Account"], me["Arn"]), ("123456789012", answer["AssumedRoleUser"]["Arn"]))
        self.assertEqual(me["UserId"], answer["AssumedRoleUser"]["AssumedRoleId"])

    def test_web_identity_refusals(self):
        rows = [
            ({"WebIdentityToken": "nodots"}, "InvalidIdentityToken", 400, "not a valid JWT"),
            ({"WebIdentityToken": jwt(exp=1)}, "ExpiredTokenException", 400, "Token expired"),
            ({"WebIdentityToken": "expired"}, "ExpiredTokenException", 400, "Token expired"),
            ({"WebIdentityToken": "invalid"}, "InvalidIdentityToken", 400, "No OpenIDConnect provider"),
            ({"WebIdentityToken": "rejected"}, "IDPRejectedClaim", 403, ""),
            ({"WebIdentityToken": "unreachable"}, "IDPCommunicationError", 400, ""),
            ({"RoleArn": "arn:aws:iam::123456789012:user/x"}, "ValidationError", 400, "is invalid"),
            ({"RoleSessionName": "a b"}, "ValidationError", 400, "roleSessionName"),
            ({"RoleSessionName": "a" * 65}, "ValidationError", 400, "less than or equal to 64"),
            ({"DurationSeconds": 899}, "ValidationError", 400, "greater than or equal to 900"),
            ({"DurationSeconds": 43201}, "ValidationError", 400, "less than or equal to 43200"),
        ]
        for changes, code, status, words in rows:
            with self.subTest(**changes):
                self.refused(lambda c=changes: self.client(parameter_validation=False).assume_role_with_web_identity(
                    **{"RoleArn": ROLE, "RoleSessionName": "app1", "WebIdentityToken": jwt(sub="x"), **c}),
                    code, status, words)

    def test_signed_operations(self):
        good = self.fixed()
        answer = self.client("sts", good).assume_role(RoleArn=ROLE, RoleSessionName="ss", ExternalId="x:1")
        again = self.client("sts", answer["Credentials"]).assume_role(RoleArn=ROLE + "2", RoleSessionName="tt")
        self.assertIn("assumed-role/usher-test2/tt", again["AssumedRoleUser"]["Arn"])
        self.assertEqual(self.client("sts", good).get_caller_identity()["Arn"],
                         "arn:aws:iam::123456789012:user/usher-dev")
        rows = [
            ({**good, "SecretAccessKey": "x"}, "SignatureDoesNotMatch", "does not match"),
            ({**good, "AccessKeyId": "AKIANOBODY"}, "InvalidClientTokenId", "is invalid"),
            ({**answer["Credentials"], "SessionToken": "x"}, "InvalidClientTokenId", "is invalid"),
        ]
        for keys, code, words in rows:
            with self.subTest(code=code):
                self.refused(self.client("sts", keys).get_caller_identity, code, 403, words)

    def test_keys_that_have_ended(self):
        keys = self.assume_web()["Credentials"]
        self.assertEqual(sandbox("/aws/expire_keys", method="POST")[0], 204)
        self.refused(self.client("sts", keys).get_caller_identity, "ExpiredToken", 403, "expired")
        self.refused(self.client("dynamodb", keys).list_tables, "ExpiredTokenException", 400, "expired")

    def test_raw_frame(self):
        rows = [
            ("Action=Nothing&Version=2011-06-15", 400, "<Code>InvalidAction</Code>"),
            ("Version=2011-06-15", 400, "<Code>MissingAction</Code>"),
            ("Action=GetCallerIdentity&Version=2011-06-15", 403, "<Code>MissingAuthenticationToken</Code>"),
            ("Action=AssumeRoleWithWebIdentity&Version=2010-01-01", 400, "<Code>InvalidAction</Code>"),
            ("Action=AssumeRoleWithWebIdentity&Version=2011-06-15", 400, "<Code>ValidationError</Code>"),
        ]
        for body, status, part in rows:
            with self.subTest(body=body):
                request = urllib.request.Request(self.ready["sandbox"]["sts"] + "/", body.encode())
                with self.assertRaises(urllib.error.HTTPError) as caught:
                    urllib.request.urlopen(request, timeout=PATIENCE)
                with caught.exception as answer:
                    text = answer.read().decode()
                    self.assertEqual((answer.code, answer.headers["Content-Type"]), (status, "text/xml"))
                self.assertTrue(text.startswith('<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'), text)
                self.assertIn(part, text)


@unittest.skipUnless(boto3, "boto3 is not installed")
class Providers(Sandboxed):
    """botocore's own chain, pointed at the sandbox."""

    def chain(self, method):
        found = botocore.session.Session().get_credentials()
        self.assertEqual(found.method, method)
        frozen = found.get_frozen_credentials()
        keys = {"AccessKeyId": frozen.access_key, "SecretAccessKey": frozen.secret_key, "SessionToken": frozen.token}
        self.assertEqual(self.client("dynamodb", keys).list_tables()["ResponseMetadata"]["HTTPStatusCode"], 200)

    def test_container(self):
        base = self.ready["sandbox"]["metadata"]
        self.only(AWS_CONTAINER_CREDENTIALS_FULL_URI=base + "/v2/credentials/1")
        self.chain("container-role")
        self.only(AWS_CONTAINER_CREDENTIALS_FULL_URI=base + "/v1/credentials", AWS_CONTAINER_AUTHORIZATION_TOKEN="t")
        self.chain("container-role")

    def test_instance(self):
        self.only(AWS_EC2_METADATA_SERVICE_ENDPOINT=self.ready["sandbox"]["metadata"], AWS_EC2_METADATA_DISABLED="")
        self.chain("iam-role")

    def test_instance_version_1(self):
        with Turned(imds_v2=False, imds_v1=True):
            self.only(AWS_EC2_METADATA_SERVICE_ENDPOINT=self.ready["sandbox"]["metadata"], AWS_EC2_METADATA_DISABLED="")
            self.chain("iam-role")

    def test_metadata_rows(self):
        token = sandbox("/latest/api/token", method="PUT", service="metadata",
                        headers={"x-aws-ec2-metadata-token-ttl-seconds": "60"})[1]
        seconds = "x-aws-ec2-metadata-token-ttl-seconds"
        header = {"x-aws-ec2-metadata-token": token}
        rows = [
            ("PUT", "/latest/api/token", {}, 400, ""),
            ("PUT", "/latest/api/token", {seconds: "21601"}, 400, ""),
            ("PUT", "/latest/api/token", {seconds: "60", "X-Forwarded-For": "1.2.3.4"}, 403, ""),
            ("GET", "/latest/api/token", {}, 405, ""),
            ("GET", "/latest/meta-data/placement/region", {}, 401, ""),
            ("GET", "/latest/meta-data/placement/region", {"x-aws-ec2-metadata-token": "x"}, 401, ""),
            ("GET", "/latest/meta-data/placement/region", header, 200, "us-east-1"),
            ("GET", "/latest/meta-data/iam/security-credentials/", header, 200, "usher-sandbox-role"),
            ("GET", "/latest/meta-data/iam/security-credentials/other", header, 404, ""),
            ("GET", "/latest/nothing", header, 404, ""),
            ("GET", "/v1/credentials", {}, 401, "AccessDenied"),
            ("GET", "/v4/1234", {}, 200, '"Type":"NORMAL"'),
            ("GET", "/v4/1234/task", {}, 200, '"TaskARN":"arn:aws:ecs:us-east-1:123456789012:task/usher/1234"'),
            ("GET", "/v4/1234/taskWithTags", {}, 200, '"AvailabilityZone":"us-east-1a"'),
            ("GET", "/v4/1234/task/stats", {}, 200, '"1234-1":{'),
            ("GET", "/v4/1234/else", {}, 404, ""),
            ("GET", "/", {}, 404, ""),
        ]
        for method, path, headers, status, part in rows:
            with self.subTest(method=method, path=path, headers=headers):
                seen, text = sandbox(path, method=method, service="metadata", headers=headers)
                self.assertEqual(seen, status)
                self.assertIn(part, text)


def serve_settings(ready):
    """Settings of `usher serve` over this sandbox: everything but credentials."""
    at = ready["sandbox"]
    return f"""return {{ env = "dev", log = {{ level = "info" }}, attempts = {{ per_address = 0, overall = 0 }},
      cognito = {{ url = "{at["cognito"]}", user_pool_id = "{ready["user_pool_id"]}",
        client_id = "{ready["client_id"]}" }},
      dynamodb = {{ url = "{at["dynamodb"]}", table = "{ready["table"]}" }},
      stripe = {{ url = "{at["stripe"]}" }} }}"""


class UsherServes(Sandboxed):
    """`usher serve` on credentials of the sandbox alone."""

    def setUp(self):
        super().setUp()
        self.folder = self.enterContext(Folder({"token": jwt(sub="me")}))
        at = self.ready["sandbox"]
        self.ways = {
            "web identity": {"AWS_WEB_IDENTITY_TOKEN_FILE": self.folder + "/token", "AWS_ROLE_ARN": ROLE,
                             "AWS_ENDPOINT_URL_STS": at["sts"]},
            "container": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": at["metadata"] + "/v2/credentials/1"},
            "instance": {"AWS_EC2_METADATA_SERVICE_ENDPOINT": at["metadata"], "AWS_EC2_METADATA_DISABLED": ""},
        }

    def serve(self, way, **more):
        secrets = {"USHER_CLIENT_SECRET": self.ready["client_secret"], "STRIPE_API_KEY": self.ready["stripe_key"]}
        none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": REGION}
        return self.enterContext(Serve(serve_settings(self.ready), env={**FIXED, **none, **secrets, **way, **more},
                                       options=["--workers", "2"]))

    def try_to_sign_up(self, usher):
        email = uuid.uuid4().hex[:12] + "@example.com"
        return email, Browser(f"http://127.0.0.1:{usher.port}").post(SIGNUP, form(email))

    def sign_up(self, usher):
        email, answer = self.try_to_sign_up(usher)
        self.assertEqual(answer.status, 201, answer.text)
        return email, answer

    def metric(self, usher, name):
        for line in usher.get("/metrics", admin=True)[2].splitlines():
            if re.match(name + r"(\{[^}]*\})? ", line):
                return float(line.split()[-1])
        return None

    def wait_for_metric(self, usher, name, least):
        deadline = time.monotonic() + PATIENCE
        while (self.metric(usher, name) or 0) < least:
            self.assertLess(time.monotonic(), deadline, name)
        return self.metric(usher, name)

    def test_each_way(self):
        for name, way in self.ways.items():
            with self.subTest(name):
                usher = self.serve(way)
                self.assertEqual(usher.get("/readyz")[0], 200)
                email, answer = self.sign_up(usher)
                code = json.loads(sandbox("/mailbox?to=" + email)[1])[0]["code"]
                confirmed = Browser(f"http://127.0.0.1:{usher.port}").post(
                    CONFIRM, {"email": email, "code": code, "signup_token": answer.json["signup_token"]})
                self.assertEqual(confirmed.status, 200, confirmed.text)
                self.assertEqual(Stores(self.ready).user(email)["status"], "CONFIRMED")
                self.assertGreater(self.metric(usher, "usher_credentials_seconds_left"), 3000)

    def test_region_of_the_instance(self):
        usher = self.serve({**self.ways["instance"], "AWS_REGION": ""})
        self.sign_up(usher)

    def test_short_lived(self):
        """They are renewed before their end, so that no request fails for it."""
        with Turned(credentials_lifetime=4):
            usher = self.serve(self.ways["container"])
            name, renewed = "usher_credentials_refreshes_total", 1
            while renewed < 4:
                self.sign_up(usher)
                renewed = self.wait_for_metric(usher, name, renewed)
            self.assertIsNone(self.metric(usher, "usher_credentials_refresh_failures_total"))

    def test_ended_before_their_time(self):
        """The service says so; the call is sent again with others, and nobody notices."""
        for name in ("web identity", "container"):
            with self.subTest(name):
                usher = self.serve(self.ways[name])
                self.sign_up(usher)
                sandbox("/aws/expire_keys", method="POST")
                self.sign_up(usher)
                self.assertEqual(self.metric(usher, "usher_credentials_refreshes_total"), 2)

    def test_renewing_fails(self):
        """The old ones stay in use; it is told, tried again, and all is well when it works again."""
        usher = self.serve(self.ways["container"])
        self.sign_up(usher)
        fault = {"service": "metadata", "operation": "credentials", "kind": "refuse", "count": 1000}
        self.assertEqual(sandbox("/faults", fault)[0], 201)
        try:
            sandbox("/aws/expire_keys", method="POST")
            self.assertEqual(self.try_to_sign_up(usher)[1].status, 503)
            told = usher.wait_for("credentials_not_renewed")
            self.assertIn("InternalFailure", told["why"])
            self.assertGreaterEqual(self.metric(usher, "usher_credentials_refresh_failures_total"), 1)
            self.assertEqual(usher.get("/readyz")[0], 200)
        finally:
            sandbox("/faults", method="DELETE")
        deadline = time.monotonic() + PATIENCE
        while self.try_to_sign_up(usher)[1].status != 201:
            self.assertLess(time.monotonic(), deadline)

    def test_none_at_the_start(self):
        """It starts without them, says what it tried, and is ready as soon as they come."""
        fault = {"service": "metadata", "operation": "credentials", "kind": "refuse", "count": 1000}
        self.assertEqual(sandbox("/faults", fault)[0], 201)
        try:
            at_most = time.monotonic()
            settings = serve_settings(self.ready).replace("return {", "return { aws = { credentials_wait = 2.5 },", 1)
            usher = self.serve_with(settings)
            self.assertGreaterEqual(time.monotonic() - at_most, 2)
            self.assertTrue(any('"waiting_for_credentials"' in line for line in usher.said))
            status, _, text = usher.get("/readyz")
            answer = json.loads(text)
            self.assertEqual((status, answer["status"]), (503, "no_credentials"))
            for part in ("environment (AWS_ACCESS_KEY_ID is not set)", "/v2/credentials/1", "InternalFailure"):
                self.assertIn(part, answer["detail"])
            self.assertIn("task", answer["next"])
        finally:
            sandbox("/faults", method="DELETE")
        usher.wait_for("credentials_found")
        self.assertEqual(usher.get("/readyz")[0], 200)
        self.sign_up(usher)

    def serve_with(self, settings):
        secrets = {"USHER_CLIENT_SECRET": self.ready["client_secret"], "STRIPE_API_KEY": self.ready["stripe_key"]}
        none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        return self.enterContext(Serve(settings, env={**FIXED, **none, **secrets, **self.ways["container"]}))

    def test_a_command(self):
        """exec asks when something is signed, and waits for it."""
        program = "local d = require 'dynamodb' local t, e = d.describe_table() print(t and t.status or e)"
        for name, way in self.ways.items():
            with self.subTest(name), Folder({"a.lua": program, "s.lua": serve_settings(self.ready)}) as folder:
                code, said, errors = run("exec", "--config", folder + "/s.lua", folder + "/a.lua",
                                         env=environment(FIXED, {"AWS_REGION": REGION}, way))
                self.assertEqual((code, said), (0, "ACTIVE\n"), errors)


class WrongClocks(Sandboxed):
    def sign_up(self, usher):
        return Browser(usher.ready["url"]).post(SIGNUP, form(uuid.uuid4().hex[:12] + "@example.com"))

    def test_skew(self):
        for skew in (3600, -3600):
            with self.subTest(skew=skew), fixture.Usher("--workers", "1") as usher:
                self.assertEqual(sandbox("/switches", {"clock_skew": skew}, ready=usher.ready)[0], 200)
                answer = self.sign_up(usher)
                self.assertEqual(answer.status, 201, answer.text)

    def test_no_correction(self):
        with fixture.Usher("--workers", "1", environment={"AWS_DISABLE_CLOCK_SKEW_CORRECTION": "true"}) as usher:
            self.assertEqual(self.sign_up(usher).status, 201)
            self.assertEqual(sandbox("/switches", {"clock_skew": 3600}, ready=usher.ready)[0], 200)
            self.assertEqual(self.sign_up(usher).status, 503)


if __name__ == "__main__":
    unittest.main()
