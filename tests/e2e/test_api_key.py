# SPDX-License-Identifier: MIT
"""Who signed in with Google is shown the API key by a token of the pool, once; nobody else is."""
import base64
import json
import unittest

from door import Stores, fixture
from sso import API_KEY, Browser, claims_of, person, rows_of


class ApiKey(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ready = fixture.start()
        cls.stores = Stores(cls.ready)

    def setUp(self):
        self.browser = Browser(self.ready)

    def test_the_key_is_shown_once(self):
        who = person()
        self.browser.sign_in(who)
        account_id = rows_of(self.stores, who["email"])[2]
        tokens = self.browser.tokens(who)
        answers = [self.browser.post(self.ready["url"] + API_KEY, {}, Authorization="Bearer " + tokens[name])
                   for name in ("access_token", "id_token")]
        self.assertEqual([answer.status for answer in answers], [200, 200], answers[0].text)
        first, second = (answer.json for answer in answers)
        self.assertRegex(first["api_key"]["secret"], r"^usher_dev_[0-9A-Za-z]{22,}_[0-9A-Za-z]+$")
        self.assertEqual(second, {"visible_account_id": account_id, "api_key": {"id": first["api_key"]["id"]}})
        record = self.stores.rows()[("ACCOUNT#" + account_id, "API_KEY#" + first["api_key"]["id"])]
        self.assertEqual(record["status"], "ACTIVE")
        self.assertEqual(answers[0].headers["Cache-Control"], "no-store")

    def test_a_token_makes_the_account_that_is_missing(self):
        who = person()
        tokens = self.browser.tokens(who)
        answer = self.browser.post(self.ready["url"] + API_KEY, {}, Authorization="BEARER " + tokens["access_token"])
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual(rows_of(self.stores, who["email"])[2], answer.json["visible_account_id"])

    def test_who_shows_no_good_token(self):
        token = self.browser.tokens(person())["id_token"]
        head, body, signature = token.split(".")
        none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
        claims = claims_of(token)
        claims["sub"] = "somebody else"
        other = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        before = self.stores.rows()
        for header in (None, "", "Bearer", "Bearer ", "Bearer x", "Basic " + token, "Bearer " + head + "." + body + ".",
                       "Bearer " + head + "." + other + "." + signature, "Bearer " + none + "." + body + ".",
                       "Bearer " + token + " x", token):
            with self.subTest(header):
                headers = {} if header is None else {"Authorization": header}
                answer = self.browser.post(self.ready["url"] + API_KEY, {}, **headers)
                self.assertEqual((answer.status, answer.json["error"]["code"]), (401, "invalid_token"))
                self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))
        self.assertEqual(self.stores.rows(), before)


if __name__ == "__main__":
    unittest.main()
