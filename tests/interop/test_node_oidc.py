# SPDX-License-Identifier: MIT
"""OpenID Connect as nobody here wrote it: npm's openid-client is the client of the sandbox's hosted UI, and npm's
oidc-provider takes the hosted UI's place for usher itself. Skipped where they are not installed (./dev check installs
them: npm ci --ignore-scripts in this folder).
"""
import json
import os
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
MISSING = [name for name in ("openid-client", "oidc-provider") if not os.path.isdir(f"{HERE}/node_modules/{name}")]
if MISSING or not shutil.which("node"):
    print("skipped: node or its packages are not here:", ", ".join(MISSING))
    sys.exit(77)

import door
import fixture
from sso import CALLBACK, START, Browser, person
from world import Front

CONSOLE = "http://console.example"


class Node:
    """A script of this folder, as a process that is spoken to in lines; a context manager."""

    def __init__(self, script, **given):
        self.process = subprocess.Popen(["node", os.path.join(HERE, script), json.dumps(given)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def read(self):
        line = self.process.stdout.readline().strip()
        if not line:
            raise AssertionError(self.process.stderr.read())
        return line

    def write(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


class OpenIdClient(unittest.TestCase):
    def test_the_hosted_ui(self):
        ready, who = fixture.start(), person()
        discovery = f"{ready['sandbox']['cognito']}/{ready['user_pool_id']}/.well-known/openid-configuration"
        with Node("openid_client.mjs", discovery=discovery, client_id=ready["client_id"],
                  client_secret=ready["client_secret"], redirect_uri=ready["url"] + CALLBACK) as client:
            leaving = type("Leaving", (), {"location": client.read()})
            client.write(Browser(ready).at_google(leaving, who).location)
            found = json.loads(client.read())
        claims = found["claims"]
        self.assertEqual((claims["email"], claims["cognito:username"]), (who["email"], "google_" + who["sub"]))
        self.assertEqual((found["who"]["sub"], found["again"]["sub"]), (claims["sub"], claims["sub"]))


class Provider(unittest.TestCase):
    """usher, over the sandbox's stores, with another provider than Cognito."""

    def sign_in(self, claims, **settings):
        """-> where usher leads to in the end, the stores"""
        ready = fixture.start()
        with Node("oidc_provider.mjs", redirect_uri=ready["url"] + CALLBACK, claims=claims) as provider:
            issuer = provider.read()
            front = Front(ready, sso={
                "domain_url": issuer, "issuer": issuer, "jwks_url": issuer + "/jwks", "client_id": "usher",
                "callback_urls": [ready["url"] + CALLBACK], "console_url": CONSOLE, **settings},
                environment={"USHER_SSO_CLIENT_SECRET": ready["client_secret"]})
            try:
                return self.follow(Browser(ready), front.url, ready["url"])
            finally:
                front.stop()

    def follow(self, browser, front, registered):
        url, seen = front + START, []
        while not url.startswith(CONSOLE):
            reply = browser.get(url)
            seen.append((url, reply.status))
            self.assertIn(reply.status, (302, 303), (seen, reply.text))
            url = reply.location
            if url.startswith("/"):
                url = "/".join(seen[-1][0].split("/")[:3]) + url
            url = url.replace(registered, front, 1)
            self.assertLess(len(seen), 20, seen)
        return url[len(CONSOLE):]

    def test_it_becomes_an_account(self):
        who = person()
        claims = {"token_use": "id", "cognito:username": "google_" + who["sub"], "email": who["email"],
                  "email_verified": True, "name": who["name"]}
        self.assertEqual(self.sign_in(claims), "/")
        rows = door.Stores(fixture.start()).rows()
        self.assertEqual(rows[("USER#jane", "DETAILS")]["email"], who["email"])
        self.assertEqual(len([key for key in rows if key[0] == "USER#google_" + who["sub"]]), 1)

    def test_it_is_refused(self):
        good = {"token_use": "id", "email": "x@example.com", "email_verified": True}
        for claims, settings, code in [
            ({**good, "email_verified": False}, {}, "email_not_verified"),
            ({**good, "email_verified": "true"}, {}, "email_not_verified"),
            ({**good, "email": None}, {}, "email_not_verified"),
            ({**good, "token_use": "access"}, {}, "sso_failed"),
            (good, {"issuer": "http://127.0.0.1:1"}, "sso_failed"),
            (good, {"jwks_url": "http://127.0.0.1:1/jwks"}, "try_again"),
        ]:
            with self.subTest(claims=claims, settings=settings):
                self.assertEqual(self.sign_in(claims, **settings), "/?error=" + code)


if __name__ == "__main__":
    unittest.main()
