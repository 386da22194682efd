# SPDX-License-Identifier: MIT
"""Cognito's user pools as Amazon's own SDK sees them: boto3 against `usher dev`, with codes read from the mailbox.

The SRP client and the reading of tokens are written here from their definitions, apart from the code that they test.
"""
import base64
import datetime
import hashlib
import hmac
import itertools
import json
import os
import tempfile
import unittest
import urllib.parse
import urllib.request

import fixture

try:
    import boto3
    import botocore.config
except ImportError:
    boto3 = None

PASSWORD = "Correct-horse-7"
serial = itertools.count()


def address():
    return "jane%d@example.com" % next(serial)


def connect(ready):
    return boto3.client(
        "cognito-idp", endpoint_url=ready["sandbox"]["cognito"], region_name=ready["region"],
        aws_access_key_id=ready["access_key_id"], aws_secret_access_key=ready["secret_access_key"],
        config=botocore.config.Config(retries={"total_max_attempts": 1}, proxies={}))


def get(url):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as answer:
        return json.load(answer)


def code_for(email):
    mails = get(fixture.start()["mailbox_url"] + "?to=" + urllib.parse.quote(email))
    return mails[0]["code"]


def secret_hash(name, client_id=None, secret=None):
    ready = fixture.start()
    key = (secret or ready["client_secret"]).encode()
    message = (name + (client_id or ready["client_id"])).encode()
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read_token(token, keys):
    """The claims, after the signature was checked with RSASSA-PKCS1-v1_5 by hand."""
    head, body, signature = token.split(".")
    key = {k["kid"]: k for k in keys}[json.loads(unbase64url(head))["kid"]]
    n, e = (int.from_bytes(unbase64url(key[name]), "big") for name in "ne")
    size = (n.bit_length() + 7) // 8
    opened = pow(int.from_bytes(unbase64url(signature), "big"), e, n).to_bytes(size, "big")
    digest = hashlib.sha256(("%s.%s" % (head, body)).encode()).digest()
    info = bytes.fromhex("3031300d060960864801650304020105000420") + digest
    assert opened == b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info, "the signature does not fit"
    return json.loads(unbase64url(body))


class Cognito(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if boto3 is None:
            raise unittest.SkipTest("boto3 is not installed")
        cls.ready = fixture.start()
        cls.api = connect(cls.ready)
        cls.addClassCleanup(cls.api.close)
        cls.pool = cls.ready["user_pool_id"]

    def named(self, name, **more):
        return {"ClientId": self.ready["client_id"], "SecretHash": secret_hash(name), "Username": name, **more}

    def admin(self, name, **more):
        return {"UserPoolId": self.pool, "Username": name, **more}

    def sign_up(self, email=None):
        email = email or address()
        answer = self.api.sign_up(**self.named(
            email, Password=PASSWORD, UserAttributes=[{"Name": "name", "Value": "Jane"}]))
        return email, answer

    def confirmed(self):
        email, answer = self.sign_up()
        self.api.confirm_sign_up(**self.named(email, ConfirmationCode=code_for(email)))
        return email, answer["UserSub"]

    def sign_in(self, name, password=PASSWORD):
        return self.api.initiate_auth(
            AuthFlow="USER_PASSWORD_AUTH", ClientId=self.ready["client_id"],
            AuthParameters={"USERNAME": name, "PASSWORD": password, "SECRET_HASH": secret_hash(name)})

    def refused(self, error, call, *args, **kwargs):
        with self.assertRaises(getattr(self.api.exceptions, error)) as caught:
            call(*args, **kwargs)
        return caught.exception.response["Error"]["Message"]


class SigningUp(Cognito):
    def test_the_whole_way(self):
        began = datetime.datetime.now(datetime.timezone.utc)
        email, answer = self.sign_up()
        self.assertFalse(answer["UserConfirmed"])
        self.assertEqual({"AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": "j***@e***"},
                         answer["CodeDeliveryDetails"])
        self.assertEqual("UserNotConfirmedException", self.refusal_of_sign_in(email))
        self.api.resend_confirmation_code(**self.named(email))
        self.api.confirm_sign_up(**self.named(email, ConfirmationCode=code_for(email)))
        self.api.admin_update_user_attributes(**self.admin(
            email, UserAttributes=[{"Name": "email_verified", "Value": "true"}]))
        user = self.api.admin_get_user(**self.admin(email))
        self.assertEqual(("CONFIRMED", True, answer["UserSub"]),
                         (user["UserStatus"], user["Enabled"], user["Username"]))
        self.assertEqual({"email": email, "email_verified": "true", "name": "Jane", "sub": answer["UserSub"]},
                         {a["Name"]: a["Value"] for a in user["UserAttributes"]})
        second, now = datetime.timedelta(seconds=1), datetime.datetime.now(datetime.timezone.utc)
        self.assertTrue(began - second <= user["UserCreateDate"] <= now + second, user)
        self.api.admin_delete_user(**self.admin(email))
        self.refused("UserNotFoundException", self.api.admin_get_user, **self.admin(email))

    def refusal_of_sign_in(self, email):
        with self.assertRaises(self.api.exceptions.ClientError) as caught:
            self.sign_in(email)
        return caught.exception.response["Error"]["Code"]

    def test_refusals(self):
        email, _ = self.sign_up()
        done, _ = self.confirmed()
        api, named = self.api, self.named
        wrong = "000000" if code_for(email) != "000000" else "111111"
        rows = [
            ("UsernameExistsException", "An account with the given email already exists.",
             lambda: api.sign_up(**named(email, Password=PASSWORD))),
            ("InvalidPasswordException", "Password did not conform with policy: Password not long enough",
             lambda: api.sign_up(**named(address(), Password="Aa1!aaa"))),
            ("InvalidParameterException", "Username should be an email.",
             lambda: api.sign_up(**named("jane", Password=PASSWORD))),
            ("CodeMismatchException", "Invalid verification code provided, please try again.",
             lambda: api.confirm_sign_up(**named(email, ConfirmationCode=wrong))),
            ("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED",
             lambda: api.confirm_sign_up(**named(done, ConfirmationCode=wrong))),
            ("InvalidParameterException", "User is already confirmed.",
             lambda: api.resend_confirmation_code(**named(done))),
            ("UserNotFoundException", "Username/client id combination not found.",
             lambda: api.resend_confirmation_code(**named("nobody@example.com"))),
            ("NotAuthorizedException", "Incorrect username or password.",
             lambda: self.sign_in(done, "Wrong-horse-7")),
            ("NotAuthorizedException", "Unable to verify secret hash for client " + self.ready["client_id"],
             lambda: api.sign_up(**{**named(address(), Password=PASSWORD), "SecretHash": "bm8="})),
            ("ResourceNotFoundException", "User pool us-east-1_none does not exist.",
             lambda: api.list_users(UserPoolId="us-east-1_none")),
        ]
        for error, message, call in rows:
            with self.subTest(message):
                self.assertEqual(message, self.refused(error, call))

    def test_limits(self):
        email, _ = self.sign_up()
        for _ in range(5):
            self.api.resend_confirmation_code(**self.named(email))
        self.assertEqual("Attempt limit exceeded, please try after some time.", self.refused(
            "LimitExceededException", self.api.resend_confirmation_code, **self.named(email)))


class SigningIn(Cognito):
    def keys(self):
        return get(fixture.url("cognito") + self.pool + "/.well-known/jwks.json")["keys"]

    def test_tokens(self):
        email, sub = self.confirmed()
        result = self.sign_in(email)["AuthenticationResult"]
        keys = self.keys()
        claims = read_token(result["IdToken"], keys)
        document = get(fixture.url("cognito") + self.pool + "/.well-known/openid-configuration")
        self.assertEqual((document["issuer"], self.ready["client_id"], sub, sub, email, True, "id"), tuple(
            claims[c] for c in ("iss", "aud", "sub", "cognito:username", "email", "email_verified", "token_use")))
        access = read_token(result["AccessToken"], keys)
        self.assertEqual((sub, "access", self.ready["client_id"]),
                         (access["username"], access["token_use"], access["client_id"]))
        self.assertEqual(email, {a["Name"]: a["Value"] for a in self.api.get_user(
            AccessToken=result["AccessToken"])["UserAttributes"]}["email"])
        again = self.api.initiate_auth(
            AuthFlow="REFRESH_TOKEN_AUTH", ClientId=self.ready["client_id"],
            AuthParameters={"REFRESH_TOKEN": result["RefreshToken"], "SECRET_HASH": secret_hash(sub)})
        self.assertEqual(claims["auth_time"], read_token(
            again["AuthenticationResult"]["IdToken"], keys)["auth_time"])
        self.api.global_sign_out(AccessToken=result["AccessToken"])
        self.assertEqual("Access Token has been revoked", self.refused(
            "NotAuthorizedException", self.api.get_user, AccessToken=result["AccessToken"]))

    def test_new_password(self):
        email = address()
        user = self.api.admin_create_user(**self.admin(
            email, TemporaryPassword="Temporary-1", MessageAction="SUPPRESS"))["User"]
        self.assertEqual("FORCE_CHANGE_PASSWORD", user["UserStatus"])
        challenge = self.sign_in(email, "Temporary-1")
        self.assertEqual("NEW_PASSWORD_REQUIRED", challenge["ChallengeName"])
        result = self.api.respond_to_auth_challenge(
            ClientId=self.ready["client_id"], ChallengeName="NEW_PASSWORD_REQUIRED", Session=challenge["Session"],
            ChallengeResponses={"USERNAME": email, "NEW_PASSWORD": PASSWORD, "SECRET_HASH": secret_hash(email)})
        self.assertIn("IdToken", result["AuthenticationResult"])

    def test_forgotten_password(self):
        email, _ = self.confirmed()
        self.api.forgot_password(**self.named(email))
        self.api.confirm_forgot_password(**self.named(
            email, ConfirmationCode=code_for(email), Password="Another-horse-8"))
        self.sign_in(email, "Another-horse-8")

    # RFC 3526's 3072-bit prime is 2^3072 - 2^3008 - 1 + 2^64 * (floor(2^2942 * pi) + 1690314)
    @staticmethod
    def prime():
        def arctan(inverse, one):
            total, term, divisor, sign = 0, one // inverse, 1, 1
            while term:
                total += sign * (term // divisor)
                term //= inverse * inverse
                divisor, sign = divisor + 2, -sign
            return total
        spare = 64
        one = 1 << (2942 + spare)
        pi = (16 * arctan(5, one) - 4 * arctan(239, one)) >> spare
        return 2 ** 3072 - 2 ** 3008 - 1 + 2 ** 64 * (pi + 1690314)

    def srp(self, name, password):
        def to_bytes(number):
            return number.to_bytes(number.bit_length() // 8 + 1, "big")

        def digest(*parts):
            return hashlib.sha256(b"".join(parts)).digest()

        def number(data):
            return int.from_bytes(data, "big")

        prime, secret = self.prime(), number(os.urandom(128))
        public = pow(2, secret, prime)
        challenge = self.api.initiate_auth(
            AuthFlow="USER_SRP_AUTH", ClientId=self.ready["client_id"],
            AuthParameters={"USERNAME": name, "SRP_A": "%x" % public, "SECRET_HASH": secret_hash(name)})
        self.assertEqual("PASSWORD_VERIFIER", challenge["ChallengeName"])
        given = challenge["ChallengeParameters"]
        user, server = given["USER_ID_FOR_SRP"], int(given["SRP_B"], 16)
        pool = self.pool.split("_", 1)[1]
        mix = number(digest(to_bytes(public), to_bytes(server)))
        x = number(digest(to_bytes(int(given["SALT"], 16)), digest(("%s%s:%s" % (pool, user, password)).encode())))
        k = number(digest(to_bytes(prime), to_bytes(2)))
        shared = pow(server - k * pow(2, x, prime), secret + mix * x, prime)
        extracted = hmac.new(to_bytes(mix), to_bytes(shared), hashlib.sha256).digest()
        key = hmac.new(extracted, b"Caldera Derived Key\1", hashlib.sha256).digest()[:16]
        now = datetime.datetime.now(datetime.timezone.utc)
        timestamp = now.strftime("%a %b {} %H:%M:%S UTC %Y").format(now.day)
        message = (pool + user).encode() + base64.b64decode(given["SECRET_BLOCK"]) + timestamp.encode()
        return self.api.respond_to_auth_challenge(
            ClientId=self.ready["client_id"], ChallengeName="PASSWORD_VERIFIER", ChallengeResponses={
                "USERNAME": user, "SECRET_HASH": secret_hash(user), "TIMESTAMP": timestamp,
                "PASSWORD_CLAIM_SECRET_BLOCK": given["SECRET_BLOCK"],
                "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(
                    hmac.new(key, message, hashlib.sha256).digest()).decode()})

    def test_srp(self):
        email, sub = self.confirmed()
        for _ in range(8):  # numbers of every length of leading zeros come up now and then
            result = self.srp(email, PASSWORD)["AuthenticationResult"]
            self.assertEqual(sub, read_token(result["AccessToken"], self.keys())["sub"])
        self.assertEqual("Incorrect username or password.", self.refused(
            "NotAuthorizedException", self.srp, email, "Wrong-horse-7"))


class Pools(Cognito):
    def test_own_pool_with_and_without_secret(self):
        for secret in (True, False):
            with self.subTest(secret=secret):
                pool = self.api.create_user_pool(
                    PoolName="interop", AutoVerifiedAttributes=["email"], AliasAttributes=["email"])["UserPool"]
                client = self.api.create_user_pool_client(
                    UserPoolId=pool["Id"], ClientName="app", GenerateSecret=secret,
                    ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])["UserPoolClient"]
                self.assertEqual(secret, "ClientSecret" in client)
                named = {"ClientId": client["ClientId"], "Username": "ann"}
                if secret:
                    named["SecretHash"] = secret_hash("ann", client["ClientId"], client["ClientSecret"])
                email = address()
                self.api.sign_up(Password=PASSWORD, UserAttributes=[{"Name": "email", "Value": email}], **named)
                self.api.confirm_sign_up(ConfirmationCode=code_for(email), **named)
                found = self.api.admin_get_user(UserPoolId=pool["Id"], Username=email)
                self.assertEqual("ann", found["Username"])
                self.api.delete_user_pool(UserPoolId=pool["Id"])
                self.refused("ResourceNotFoundException", self.api.describe_user_pool, UserPoolId=pool["Id"])

    def test_describe(self):
        pool = self.api.describe_user_pool(UserPoolId=self.pool)["UserPool"]
        self.assertEqual(["email"], pool["UsernameAttributes"])
        client = self.api.describe_user_pool_client(
            UserPoolId=self.pool, ClientId=self.ready["client_id"])["UserPoolClient"]
        self.assertEqual(self.ready["client_secret"], client["ClientSecret"])
        self.assertIn(self.pool, [p["Id"] for p in self.api.list_user_pools(MaxResults=60)["UserPools"]])

    def test_pages_of_users(self):
        pool = self.api.create_user_pool(PoolName="pages", UsernameAttributes=["email"])["UserPool"]["Id"]
        names = [address() for _ in range(5)]
        for name in names:
            self.api.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
        pages = list(self.api.get_paginator("list_users").paginate(
            UserPoolId=pool, PaginationConfig={"PageSize": 2}))
        self.assertEqual([2, 2, 1], [len(page["Users"]) for page in pages])
        emails = [a["Value"] for page in pages for u in page["Users"] for a in u["Attributes"] if a["Name"] == "email"]
        self.assertEqual(names, emails)
        found = self.api.list_users(UserPoolId=pool, Limit=1, Filter='email = "%s"' % names[3])["Users"]
        self.assertEqual(1, len(found))


class KeptState(unittest.TestCase):
    """With --data, everything is there again after a restart: users, codes, passwords, tokens and keys."""

    def connect(self, usher):
        api = connect(usher.ready)
        self.addCleanup(api.close)
        return api

    @unittest.skipUnless(boto3, "boto3 is not installed")
    def test_restart(self):
        email, auth = "kept@example.com", {}
        named = {"ClientId": fixture.start()["client_id"], "SecretHash": secret_hash(email), "Username": email}
        with tempfile.TemporaryDirectory() as folder:
            with fixture.Usher("--data", folder) as usher:
                api = self.connect(usher)
                api.sign_up(Password=PASSWORD, **named)
            with fixture.Usher("--data", folder) as usher:
                api = self.connect(usher)
                mails = get(usher.ready["mailbox_url"] + "?to=" + email)
                api.confirm_sign_up(ConfirmationCode=mails[0]["code"], **named)
                auth = api.initiate_auth(
                    AuthFlow="USER_PASSWORD_AUTH", ClientId=named["ClientId"],
                    AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD, "SECRET_HASH": named["SecretHash"]})
            with fixture.Usher("--data", folder) as usher:
                user = self.connect(usher).get_user(AccessToken=auth["AuthenticationResult"]["AccessToken"])
        self.assertIn({"Name": "email", "Value": email}, user["UserAttributes"])


if __name__ == "__main__":
    unittest.main()
