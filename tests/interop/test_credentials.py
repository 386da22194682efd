# SPDX-License-Identifier: MIT
"""The sandbox's STS and metadata services, with botocore's own client and providers. usher's turn is in e2e/."""
import os
import time
import unittest
import urllib.error
import urllib.request

import fixture
from temporary import FIXED, PATIENCE, REGION, ROLE, Turned, jwt, sandbox

from process import environment

try:
    import boto3
    import botocore
    import botocore.config
    import botocore.exceptions
    import botocore.session
except ImportError:
    boto3 = None

QUICK = {"retries": {"total_max_attempts": 1}}


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
        after = time.time()
        keys = answer["Credentials"]
        self.assertRegex(keys["AccessKeyId"], "^ASIA[A-Z2-7]{16}$")
        self.assertTrue(before - 1 <= keys["Expiration"].timestamp() - 900 <= after + 1, keys)
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
            ("GET", "/latest/meta-data/", header, 200, "hostname\niam/\ninstance-id\ninstance-type\nlocal-"),
            ("GET", "/latest/meta-data/placement", header, 200, "availability-zone\nregion"),
            ("GET", "/latest/meta-data/instance-type", header, 200, "t3.micro"),
            ("GET", "/latest/meta-data/iam/info", header, 200, "instance-profile/usher-sandbox-role"),
            ("GET", "/latest/meta-data/", {}, 401, ""),
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


if __name__ == "__main__":
    unittest.main()
