# SPDX-License-Identifier: MIT
"""signup.conceal_existing: nobody learns from an answer who has an account. What is the same, and what is written."""
import base64
import re
import unittest

from door import CONFIRM, RESEND, SIGNUP, Browser, Stores, form, usher

SETTINGS = """{ signup = { conceal_existing = true }, resend = { interval = 0, per_hour = 2 },
  confirm = { require_proof = "%s" } }"""

VARYING = {"X-Request-Id", "Date"}


def shape(answer):
    """All of an answer but what is different each time."""
    headers = {name: value for name, value in answer.headers.items() if name not in VARYING}
    if "Set-Cookie" in headers:
        headers["Set-Cookie"] = re.sub(r"=[\w-]{43};", "=PROOF;", headers["Set-Cookie"])
    body = re.sub(r'"visible_account_id":"[0-9a-hjkmnp-tv-z]{16}"', '"visible_account_id":"ID"', answer.text)
    body = re.sub(r'"signup_token":"[\w-]{43}"', '"signup_token":"PROOF"', body)
    body = re.sub(r'"request_id":"[\w-]+"', '"request_id":"ID"', body)
    return answer.status, sorted(headers.items()), body


class Concealed(unittest.TestCase):
    maxDiff = None
    REQUIRE = "always"

    @classmethod
    def setUpClass(cls):
        cls.usher = usher(SETTINGS % cls.REQUIRE)
        cls.addClassCleanup(cls.usher.stop)
        cls.ready = cls.usher.ready
        cls.stores = Stores(cls.ready)
        cls.owner = "owner@example.com"
        jane = cls.browser()
        assert jane.post(SIGNUP, form(cls.owner)).status == 201
        assert jane.post(CONFIRM, {"email": cls.owner, "code": cls.stores.code(cls.owner)}).status == 200

    @classmethod
    def browser(cls):
        return Browser(cls.ready["url"])

    def pair(self, number, act):
        """The shapes of what act(browser, email) answers for a stranger and for the owner."""
        return [shape(act(self.browser(), email)) for email in (f"new.{self.REQUIRE}.{number}@example.com", self.owner)]

    def test_the_answer_is_the_same_and_nothing_is_written(self):
        mails, before = len(self.stores.mails(self.owner)), self.stores.snapshot()
        answers = [self.browser().post(SIGNUP, form(self.owner, password=word))
                   for word in ("Corr3ct-Horse!", "An0ther-Horse!")]
        self.assertEqual(self.stores.snapshot(), before)
        fresh = self.browser().post(SIGNUP, form(f"fresh.{self.REQUIRE}@example.com"))
        self.assertEqual(fresh.status, 201)
        for answer in answers:
            self.assertEqual(shape(answer), shape(fresh))
        self.assertNotEqual(answers[0].json["signup_token"], answers[1].json["signup_token"])
        self.assertNotEqual(answers[0].json["visible_account_id"], answers[1].json["visible_account_id"])
        new = self.stores.mails(self.owner)[:-mails]
        self.assertEqual(len(new), 2)
        self.assertEqual((new[0]["subject"], new[0]["from"]), ("You already have an account", "no-reply@usher.example"))
        for word in ("Ada", "Lovelace", "Analytical"):
            self.assertNotIn(word, new[0]["text"])

    def test_the_same_request_again(self):
        def by_key(browser, email):
            first = browser.post(SIGNUP, form(email), Idempotency_Key="k-" + email)
            again = self.browser().post(SIGNUP, form(email), Idempotency_Key="k-" + email)
            self.assertEqual((first.status, first.text), (again.status, again.text))
            return self.browser().post(SIGNUP, form(email, name="Other"), Idempotency_Key="k-" + email)

        def by_cookie(browser, email):
            first, again = browser.post(SIGNUP, form(email)), browser.post(SIGNUP, form(email))
            self.assertEqual(first.text, again.text)
            other = browser.post(SIGNUP, form(email, name="Other"))
            self.assertNotEqual(first.text, other.text)
            return other

        for number, act in enumerate((by_key, by_cookie)):
            with self.subTest(act.__name__):
                stranger, owner = self.pair(f"again.{number}", act)
                self.assertEqual(owner, stranger)

    def test_a_code_is_wrong_and_a_resend_is_accepted(self):
        def wrong(browser, email):
            browser.post(SIGNUP, form(email))
            return browser.post(CONFIRM, {"email": email, "code": "000000"})

        def wrong_by_token(browser, email):
            token = browser.post(SIGNUP, form(email)).json["signup_token"]
            return self.browser().post(CONFIRM, {"email": email, "code": "000000", "signup_token": token})

        def too_often(browser, email):
            browser.post(SIGNUP, form(email))
            answers = [browser.post(CONFIRM, {"email": email, "code": "000000"}) for _ in range(16)]
            self.assertEqual({answer.status for answer in answers[:15]}, {422})
            return answers[15]

        def another_proof(browser, email):
            browser.post(SIGNUP, form(email))
            return browser.post(CONFIRM, {"email": email, "code": "000000", "signup_token": "x" * 43})

        def resend(browser, email):
            browser.post(SIGNUP, form(email))
            return browser.post(RESEND, {"email": email})

        def no_proof(_, email):
            self.browser().post(SIGNUP, form(email))
            return self.browser().post(CONFIRM, {"email": email, "code": "000000"})

        for number, act in enumerate((wrong, wrong_by_token, too_often, another_proof, no_proof, resend)):
            with self.subTest(act.__name__):
                stranger, owner = self.pair(f"code.{number}", act)
                self.assertEqual(owner, stranger)

    def test_a_decoy_is_no_proof(self):
        token = self.browser().post(SIGNUP, form(self.owner)).json["signup_token"]
        self.assertEqual(len(base64.urlsafe_b64decode(token + "=")), 32)
        other = f"victim.{self.REQUIRE}@example.com"
        self.browser().post(SIGNUP, form(other))
        self.browser().post(SIGNUP, form(other))
        answer = self.browser().post(CONFIRM, {"email": other, "code": self.stores.code(other), "signup_token": token})
        self.assertEqual((answer.status, answer.code), (422, "signup_superseded"))


class ConcealedWhenSuperseded(Concealed):
    REQUIRE = "when_superseded"


class Refused(unittest.TestCase):
    def test_a_sender_is_needed(self):
        with self.assertRaisesRegex(RuntimeError, "signup.conceal_existing needs ses.from"):
            usher('{ signup = { conceal_existing = true }, ses = { from = "" } }')

    def test_a_mail_that_cannot_be_sent_changes_nothing(self):
        with usher('{ signup = { conceal_existing = true }, ses = { from = "x@unverified.example" } }') as one:
            stores, jane = Stores(one.ready), Browser(one.ready["url"])
            email = "owner@example.com"
            jane.post(SIGNUP, form(email))
            jane.post(CONFIRM, {"email": email, "code": stores.code(email)})
            self.assertEqual(Browser(one.ready["url"]).post(SIGNUP, form(email)).status, 201)
            self.assertEqual(len(stores.mails(email)), 1)
            self.assertIn("notice_failed", one.log())
            self.assertIn("MessageRejected", one.log())


if __name__ == "__main__":
    unittest.main()
