# SPDX-License-Identifier: MIT
"""usher on temporary credentials of the sandbox alone, and on clocks that are wrong.

What is waited for is an event: an answer, a figure of the metrics, a line of the log.
"""
import json
import re
import time
import unittest
import uuid

from door import CONFIRM, SIGNUP, Browser, Stores, form
from process import Folder, Serve, environment, run
import fixture
from temporary import FIXED, REGION, ROLE, Turned, jwt, sandbox


def serve_settings(ready):
    """Settings of `usher serve` over this sandbox: everything but credentials."""
    at = ready["sandbox"]
    return f"""return {{ env = "dev", log = {{ level = "info" }}, attempts = {{ per_address = 0, overall = 0 }},
      cognito = {{ url = "{at["cognito"]}", user_pool_id = "{ready["user_pool_id"]}",
        client_id = "{ready["client_id"]}" }},
      dynamodb = {{ url = "{at["dynamodb"]}", table = "{ready["table"]}" }},
      stripe = {{ url = "{at["stripe"]}" }} }}"""


class UsherServes(unittest.TestCase):
    """`usher serve` on credentials of the sandbox alone."""

    def setUp(self):
        self.ready = fixture.start()
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
        return fixture.until(lambda: (self.metric(usher, name) or 0) >= least and self.metric(usher, name), name)

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
        fixture.until(lambda: self.try_to_sign_up(usher)[1].status == 201, "the new keys are there")

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


class WrongClocks(unittest.TestCase):
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
