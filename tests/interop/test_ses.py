# SPDX-License-Identifier: MIT
"""boto3's SES v2 client against the sandbox: what is sent arrives in the mailbox, refusals carry SES's codes."""
import json
import unittest
import urllib.parse
import urllib.request

import fixture

try:
    import boto3
    import botocore.config
    import botocore.exceptions
except ImportError:
    boto3 = None

SENDER = "Usher <no-reply@usher.example>"
SIMPLE = {"Simple": {"Subject": {"Data": "Gr\u00fc\u00dfe", "Charset": "UTF-8"}, "Body": {"Text": {"Data": "one\ntwo"}}}}
HTML = {"Simple": {"Subject": {"Data": "s"}, "Body": {"Html": {"Data": "<p>h"}}}}
RAW = {"Raw": {"Data": b"From: a@usher.example\r\nSubject: by\r\n hand\r\n\r\nhello\r\n"}}

# what it is: (sender, recipients, content, code, status, a piece of the message)
REFUSED = {
    "a sender that nobody verified": ("x@unverified.example", ["a@b.co"], SIMPLE, "MessageRejected", 400,
                                      "failed the check in region US-EAST-1: x@unverified.example"),
    "a paused account": ("x@paused.example", ["a@b.co"], SIMPLE, "SendingPausedException", 400, ""),
    "a suspended account": ("x@suspended.example", ["a@b.co"], SIMPLE, "AccountSuspendedException", 400, ""),
    "no MAIL FROM": ("x@mail-from.example", ["a@b.co"], SIMPLE, "MailFromDomainNotVerifiedException", 400, ""),
    "a limit": ("x@limited.example", ["a@b.co"], SIMPLE, "LimitExceededException", 400, ""),
    "too fast": ("x@throttled.example", ["a@b.co"], SIMPLE, "TooManyRequestsException", 429, "sending rate"),
    "an unknown template": (SENDER, ["a@b.co"], {"Template": {"TemplateName": "t", "TemplateData": "{}"}},
                            "NotFoundException", 404, "Template t does not exist"),
    "nobody": (SENDER, [], SIMPLE, "BadRequestException", 400, ""),
    "no address": (SENDER, ["jane"], SIMPLE, "BadRequestException", 400, "Missing final"),
    "no content": (SENDER, ["a@b.co"], {}, "BadRequestException", 400, ""),
    "51 people": (SENDER, [f"a{n}@b.co" for n in range(51)], SIMPLE, "BadRequestException", 400, "50"),
}


def client(key="AKIAUSHERSANDBOX0001", secret="usher/sandbox/secret/access/key/0000000001", token=None):
    return boto3.client("sesv2", endpoint_url=fixture.url("ses").rstrip("/"), region_name="us-east-1",
                        aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token,
                        config=botocore.config.Config(retries={"max_attempts": 0}))


def mails(to):
    with urllib.request.urlopen(fixture.start()["mailbox_url"] + "?to=" + urllib.parse.quote(to)) as answer:
        return json.load(answer)


@unittest.skipUnless(boto3, "python3-boto3 is missing")
class Ses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ses = client()
        cls.addClassCleanup(cls.ses.close)

    def send(self, sender, recipients, content, ses=None):
        return (ses or self.ses).send_email(FromEmailAddress=sender, Destination={"ToAddresses": recipients},
                                            Content=content)

    def test_what_is_sent_arrives(self):
        for content, subject, text in ((SIMPLE, "Gr\u00fc\u00dfe", "one\ntwo"), (HTML, "s", "<p>h"),
                                       (RAW, "by hand", "hello\n")):
            answer = self.send(SENDER, ["Jane <jane@example.com>"], content)
            self.assertRegex(answer["MessageId"], r"^010001[0-9a-f]{10}-[0-9a-f-]{36}-000000$")
            mail = mails("jane@example.com")[0]
            self.assertEqual((mail["from"], mail["subject"], mail["text"]), (SENDER, subject, text))

    def test_refusals(self):
        before = len(mails("a@b.co"))
        for name, (sender, recipients, content, code, status, message) in REFUSED.items():
            with self.subTest(name):
                with self.assertRaises(botocore.exceptions.ClientError) as caught:
                    self.send(sender, recipients, content)
                error = caught.exception.response
                self.assertEqual((error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]), (code, status))
                self.assertIn(message, error["Error"]["Message"])
        self.assertEqual(len(mails("a@b.co")), before)

    def test_signatures(self):
        for name, ses, code in (
            ("a wrong secret", client(secret="wrong"), "InvalidSignatureException"),
            ("an unknown key", client(key="AKIANOBODY0000000001"), "UnrecognizedClientException"),
            ("a token too many", client(token="t"), "UnrecognizedClientException"),
        ):
            with self.subTest(name):
                self.addCleanup(ses.close)
                with self.assertRaises(botocore.exceptions.ClientError) as caught:
                    self.send(SENDER, ["a@b.co"], SIMPLE, ses)
                error = caught.exception.response
                self.assertEqual((error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]), (code, 403))


if __name__ == "__main__":
    unittest.main()
