# SPDX-License-Identifier: MIT
"""The same request again, and the same key for another one."""
import itertools
import threading
import unittest

from door import CONFIRM, SIGNUP, Browser, Sandbox, Stores, fixture, form

ready = stores = sandbox = None
numbers = itertools.count(1)

# What changes under the same key -> the answer to it.
CHANGES = [
    ({"name": "Another"}, 422), ({"country": "FR"}, 422), ({"organization": "Another"}, 422),
    ({"password": "An0ther-Horse!"}, 422), ({"stripe_token": "tok_amex"}, 422), ({"utm_source": "ads"}, 422),
    ({"email": "someone.else@example.com"}, 422),
    # the same to the reader: folded, trimmed, composed; and what is no part of the form
    ({"email": " ADA.%d@EXAMPLE.com "}, 201), ({"country": "gb"}, 201), ({"name": "  Ada Lovelace "}, 201),
    ({"captcha_token": "another"}, 201), ({"theme": "dark"}, 201),
]


def setUpModule():
    global ready, stores, sandbox
    ready = fixture.start()
    stores, sandbox = Stores(ready), Sandbox(ready)


def browser():
    return Browser(ready["url"])


class Idempotency(unittest.TestCase):
    def setUp(self):
        self.number = next(numbers)
        self.email = f"ada.{self.number}@example.com"
        self.key = "k-" + self.email

    def send(self, one=None, key=None, **changes):
        changes = {name: value % self.number if "%d" in value else value for name, value in changes.items()}
        return (one or browser()).post(SIGNUP, {**form(self.email), **changes}, Idempotency_Key=key or self.key)

    def test_changes(self):
        for changes, status in CHANGES:
            with self.subTest(changes):
                self.setUp()
                first = self.send()
                before = stores.snapshot()
                again = self.send(**changes)
                self.assertEqual(again.status, status, again.text)
                if status == 201:
                    self.assertEqual(again.text, first.text)
                else:
                    self.assertEqual(again.code, "idempotency_key_reused")
                    self.assertIsNone(again.headers["Set-Cookie"])
                self.assertEqual(stores.snapshot(), before)
                self.assertEqual(self.send().text, first.text)
                self.assertEqual(stores.whole(self.email), first.json["visible_account_id"])

    def test_eight_at_once_are_one(self):
        answers, start = [], threading.Barrier(8)

        def sign_up():
            start.wait()
            answers.append(self.send())

        threads = [threading.Thread(target=sign_up) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), 8)
        done = {answer.text for answer in answers if answer.status == 201}
        self.assertEqual(len(done), 1)
        for answer in answers:
            if answer.status != 201:
                self.assertEqual((answer.status, answer.code), (409, "signup_in_progress"))
                self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        self.assertEqual({self.send().text}, done)
        self.assertEqual(len(stores.mails(self.email)), 1)
        stores.whole(self.email)

    def test_eight_bodies_at_once_under_one_key_are_one(self):
        answers, start = [], threading.Barrier(8)

        def sign_up(number):
            start.wait()
            answers.append(self.send(email=f"{number}.{self.email}"))

        threads = [threading.Thread(target=sign_up, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(answer.status for answer in answers), [201] + [422] * 7)
        made = [email for email in (f"{number}.{self.email}" for number in range(8)) if stores.user(email)]
        self.assertEqual(len(made), 1)
        stores.whole(made[0])

    def test_a_replay_is_the_same_to_the_byte_until_after_the_confirmation(self):
        jane = browser()
        first = self.send(jane)
        cookie = first.headers["Set-Cookie"]
        self.assertEqual(jane.post(CONFIRM, {"email": self.email, "code": stores.code(self.email)}).status, 200)
        before = stores.snapshot()
        by_cookie = Browser(ready["url"])
        by_cookie.cookies = dict(jane.cookies)
        for answer in (self.send(), by_cookie.post(SIGNUP, form(self.email)),
                       browser().post(SIGNUP, form(self.email, signup_token=first.json["signup_token"]))):
            self.assertEqual((answer.status, answer.text), (201, first.text))
            self.assertEqual(answer.headers["Set-Cookie"], cookie)
        self.assertEqual(stores.snapshot(), before)

    def test_a_declined_card_lets_the_same_key_bring_another(self):
        self.assertEqual(self.send(stripe_token="tok_chargeDeclined").status, 402)
        self.assertEqual(self.send(stripe_token="tok_chargeDeclined").status, 402)
        answer = self.send()
        self.assertEqual(answer.status, 201, answer.text)
        self.assertEqual(stores.whole(self.email), answer.json["visible_account_id"])
        other = self.send(stripe_token="tok_amex")
        self.assertEqual((other.status, other.code), (422, "idempotency_key_reused"))

    def test_what_came_to_nothing_lets_go_of_its_key(self):
        sandbox.arm("cognito", "SignUp", "refuse", error={
            "code": "InvalidPasswordException", "status": 400,
            "message": "Password did not conform with policy: Password not long enough"})
        refused = self.send()
        self.assertEqual((refused.status, refused.fields), (422, {"password": ["password_too_short"]}))
        better = self.send(password="A-l0nger-horse!")
        self.assertEqual(better.status, 201, better.text)
        self.assertEqual(self.send(password="A-l0nger-horse!").text, better.text)
        self.assertEqual(self.send().code, "idempotency_key_reused")

    def test_a_wrong_form_binds_no_key(self):
        self.assertEqual(self.send(country="XX").status, 422)
        self.assertEqual(self.send().status, 201)


if __name__ == "__main__":
    unittest.main()
