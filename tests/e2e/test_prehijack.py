# SPDX-License-Identifier: MIT
"""Somebody signs up with another's address, before or after the owner, and hopes that the owner's code wakes their
password. Every order, with and without Idempotency-Key, with resends, each browser with each code: the account that
comes to life has the password of the browser whose proof confirmed it, and no other proof spends a code."""
import itertools
import threading
import unittest

from door import CONFIRM, RESEND, SIGNUP, Browser, Sandbox, Stores, fixture, form, usher

SETTINGS = '{ signup = { lease = 1 }, resend = { interval = 0 }, confirm = { require_proof = "%s" } }'
COOKIE = "__Host-usher_signup"
numbers = itertools.count(1)

# Who signs up, in this order; who asks for another mail then. A: the attacker, V: the victim.
ORDERS = ["AV", "VA", "AVA", "VAV", "AAV", "VVA"]
RESENDS = ["", "A", "V", "AV"]
PASSWORDS = {"A": "Att4cker's!", "V": "V1ctim's-own!"}


class Person:
    def __init__(self, url, email, who, with_key):
        self.browser, self.url, self.email, self.password = Browser(url), url, email, PASSWORDS[who]
        self.headers = {"Idempotency_Key": f"{who}-{email}"} if with_key else {}

    def sign_up(self):
        name = "Eve" if self.password == PASSWORDS["A"] else "Ada"
        return self.browser.post(SIGNUP, form(self.email, name=name, password=self.password), **self.headers)

    def resend(self):
        return self.browser.post(RESEND, {"email": self.email})

    def confirm(self, code, by_token):
        if not by_token:
            return self.browser.post(CONFIRM, {"email": self.email, "code": code}, **self.headers)
        token = {"signup_token": self.browser.cookies[COOKIE]}
        return Browser(self.url).post(CONFIRM, {"email": self.email, "code": code, **token})


class Attack(unittest.TestCase):
    REQUIRE = "always"

    @classmethod
    def setUpClass(cls):
        cls.usher = usher(SETTINGS % cls.REQUIRE)
        cls.addClassCleanup(cls.usher.stop)
        cls.url, cls.stores = cls.usher.ready["url"], Stores(cls.usher.ready)
        cls.sandbox = Sandbox(cls.usher.ready)

    def confirms_since(self, number):
        return [name for _, name in self.sandbox.calls(number) if name.endswith("ConfirmSignUp")]

    def assert_refused(self, answer, code="signup_superseded"):
        self.assertEqual((answer.status, answer.code), (422, code), answer.text)

    def play(self, order, resends, with_key):
        """-> {who: Person}, who is current, the codes, oldest first"""
        email = f"ada.{next(numbers)}@example.com"
        people = {who: Person(self.url, email, who, with_key) for who in "AV"}
        for who in order:
            self.assertEqual(people[who].sign_up().status, 201)
        for who in resends:
            mails = len(self.stores.mails(email))
            self.assertEqual(people[who].resend().status, 202)
            self.assertEqual(len(self.stores.mails(email)), mails + (who == order[-1]))
        return people, order[-1], [mail["code"] for mail in reversed(self.stores.mails(email))]

    def check(self, order, resends, with_key):
        people, current, codes = self.play(order, resends, with_key)
        other, email = people["V" if current == "A" else "A"], people[current].email
        started = self.sandbox.last()
        for code in codes:
            for by_token in (False, True):
                self.assert_refused(other.confirm(code, by_token))
            self.assert_refused(Browser(self.url).post(CONFIRM, {"email": email, "code": code}))
            self.assert_refused(Browser(self.url).post(CONFIRM, {"email": email, "code": code, "signup_token": "x" * 43}))
        self.assertEqual(self.confirms_since(started), [], "a code went to Cognito without the current proof")
        for code in set(codes[:-1]) - {codes[-1]}:
            self.assert_refused(people[current].confirm(code, False), "code_invalid_or_expired")
        answer = people[current].confirm(codes[-1], True)
        self.assertEqual(answer.status, 200, answer.text)
        self.assertTrue(self.stores.signs_in(email, people[current].password))
        self.assertFalse(self.stores.signs_in(email, other.password))
        self.assertEqual(self.stores.whole(email), answer.json["visible_account_id"])
        self.check_afterwards(people[current], other, codes, answer)

    def check_afterwards(self, owner, other, codes, answer):
        """The account lives: the other one gets nothing of it, by no way."""
        for code in codes:
            refused = other.confirm(code, False)
            self.assertEqual(refused.status, 422, refused.text)
        self.assertEqual(other.sign_up().status, 409)
        self.assertFalse(self.stores.signs_in(owner.email, other.password))
        again = owner.confirm(codes[-1], False)
        self.assertEqual((again.status, again.json["api_key"]), (200, {"id": answer.json["api_key"]["id"]}))

    def test_every_order(self):
        for order, resends, with_key in itertools.product(ORDERS, RESENDS, (False, True)):
            with self.subTest(order=order, resends=resends, with_key=with_key):
                self.check(order, resends, with_key)


    def test_who_was_too_slow_removes_nothing(self):
        """The attacker's SignUp is on its way while their lease runs out and the victim signs up."""
        email = f"ada.{next(numbers)}@example.com"
        attacker, victim = (Person(self.url, email, who, False) for who in "AV")
        fault = self.sandbox.arm("cognito", "SignUp", "hang_before")
        slow = threading.Thread(target=attacker.sign_up)
        slow.start()
        self.assertTrue(self.sandbox.hanging(fault))
        fixture.until(lambda: victim.sign_up().status == 201, "the lease is over")
        self.sandbox.release(fault)
        slow.join()
        answer = victim.confirm(self.stores.code(email), True)
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual(self.stores.whole(email), answer.json["visible_account_id"])
        self.assertTrue(self.stores.signs_in(email, victim.password))


class AttackWhenSuperseded(Attack):
    REQUIRE = "when_superseded"

    def test_alone_no_proof_is_needed(self):
        email = "alone@example.com"
        Browser(self.url).post(SIGNUP, form(email))
        right = self.stores.code(email)
        wrong = "000000" if right != "000000" else "000001"
        for code, status in ((wrong, 422), (right, 200), (wrong, 422), (right, 200)):
            answer = Browser(self.url).post(CONFIRM, {"email": email, "code": code})
            self.assertEqual(answer.status, status, answer.text)

    def test_a_key_that_nobody_saw_is_not_shown_to_a_stranger(self):
        """The code was good and the answer was lost: the secret waits for the code or the proof, not for anybody."""
        email, jane = "unseen@example.com", Browser(self.url)
        jane.post(SIGNUP, form(email))
        code = self.stores.code(email)
        self.sandbox.arm("dynamodb", "TransactWriteItems", "refuse",
                         error={"code": "ValidationException", "status": 400})
        first = jane.post(CONFIRM, {"email": email, "code": code})
        self.assertEqual((first.status, "secret" in first.json["api_key"]), (200, False))
        wrong = "000000" if code != "000000" else "000001"
        self.assert_refused(Browser(self.url).post(CONFIRM, {"email": email, "code": wrong}), "code_invalid_or_expired")
        shown = Browser(self.url).post(CONFIRM, {"email": email, "code": code})
        self.assertIn("secret", shown.json["api_key"])


if __name__ == "__main__":
    unittest.main()
