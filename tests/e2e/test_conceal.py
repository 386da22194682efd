# SPDX-License-Identifier: MIT
"""signup.conceal_existing: nobody learns from an answer who has an account. What is the same, and what is written."""
import base64
import concurrent.futures
import itertools
import re
import time
import unittest

from door import CONFIRM, RESEND, SIGNUP, Browser, Sandbox, Stores, form, usher

SETTINGS = """{ workers = 1, signup = { conceal_existing = true }, resend = { interval = 0, per_hour = 2 },
  attempts = { per_email = 0, per_address = 0, cards_per_address = 0 }, confirm = { require_proof = "%s" } }"""
DECLINED, UNKNOWN = "tok_chargeDeclined", "tok_nobody_knows"

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
        cls.stores, cls.sandbox, cls.numbers = Stores(cls.ready), Sandbox(cls.ready), itertools.count(1)
        cls.owner = cls.existing("owner")
        cls.at_once([lambda n=n: cls.warm_up(f"warm.{n}@example.com") for n in range(8)])

    @classmethod
    def warm_up(cls, email):
        """The server knows then how long things take."""
        cls.browser().post(SIGNUP, form(email))
        one = cls.browser()
        one.post(SIGNUP, form(email))
        one.post(CONFIRM, {"email": email, "code": "000000"})
        one.post(RESEND, {"email": email})

    @staticmethod
    def at_once(acts):
        with concurrent.futures.ThreadPoolExecutor(len(acts)) as pool:
            return [one.result() for one in [pool.submit(act) for act in acts]]

    @classmethod
    def existing(cls, name, forgotten=False):
        """An address that has an account; forgotten: for so long that its intent is gone."""
        email, jane = f"{name}@example.com", cls.browser()
        assert jane.post(SIGNUP, form(email)).status == 201
        assert jane.post(CONFIRM, {"email": email, "code": cls.stores.code(email)}).status == 200
        if forgotten:
            for (pk, sk), row in cls.stores.rows().items():
                if sk == "INTENT" and row["form"]["email"] == email:
                    cls.stores.table.delete_item(Key={"pk": pk, "sk": sk})
        return email

    @classmethod
    def browser(cls):
        return Browser(cls.ready["url"])

    def same(self, act):
        """What act(browser, email) answers must be the same for a stranger and for who has an account."""
        number = next(self.numbers)
        stranger = shape(act(self.browser(), f"new.{number}@example.com"))
        for forgotten in (False, True):
            email = self.existing(f"known.{number}.{forgotten}", forgotten)
            with self.subTest(act.__name__, forgotten=forgotten):
                self.assertEqual(shape(act(self.browser(), email)), stranger)

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

        for act in (by_key, by_cookie):
            self.same(act)

    def test_a_card_says_nothing(self):
        """Whatever Stripe thinks of it, at whatever time it comes."""
        def refused(browser, email):
            return browser.post(SIGNUP, form(email, stripe_token=DECLINED))

        def unknown(browser, email):
            return browser.post(SIGNUP, form(email, stripe_token=UNKNOWN))

        def another_by_cookie(browser, email):
            first = browser.post(SIGNUP, form(email, stripe_token=UNKNOWN))
            for card in (UNKNOWN, "tok_visa", DECLINED, "tok_amex", UNKNOWN, "tok_visa"):
                again = browser.post(SIGNUP, form(email, stripe_token=card))
                self.assertEqual((first.status, first.text), (again.status, again.text))
            return again

        def another_by_key(_, email, first="tok_visa"):
            self.browser().post(SIGNUP, form(email, stripe_token=first), Idempotency_Key="c-" + email)
            again = self.browser().post(SIGNUP, form(email, stripe_token="tok_amex"), Idempotency_Key="c-" + email)
            self.assertEqual((again.status, again.code), (422, "idempotency_key_reused"))
            return again

        def another_than_unknown_by_key(browser, email):
            return another_by_key(browser, email, UNKNOWN)

        for act in (refused, unknown, another_by_cookie, another_by_key, another_than_unknown_by_key):
            self.same(act)

    def test_several_browsers(self):
        """The last one has the proof, in whatever order they come."""
        def came_first_comes_again(browser, email):
            first = browser.post(SIGNUP, form(email))
            self.assertEqual(self.browser().post(SIGNUP, form(email)).status, 201)
            again = browser.post(SIGNUP, form(email))
            self.assertNotEqual(first.text, again.text)
            self.assertEqual(browser.post(SIGNUP, form(email)).text, again.text)
            return again

        def came_first_comes_again_by_key(_, email):
            first = self.browser().post(SIGNUP, form(email), Idempotency_Key="o-" + email)
            self.assertEqual(self.browser().post(SIGNUP, form(email, name="Other")).status, 201)
            again = self.browser().post(SIGNUP, form(email), Idempotency_Key="o-" + email)
            self.assertNotEqual(first.text, again.text)
            return again

        def came_first_has_a_code(browser, email):
            browser.post(SIGNUP, form(email))
            self.browser().post(SIGNUP, form(email, name="Other"))
            return browser.post(CONFIRM, {"email": email, "code": "000000"})

        def nobody_has_a_code(_, email):
            for name in ("One", "Another"):
                self.browser().post(SIGNUP, form(email, name=name))
            return self.browser().post(CONFIRM, {"email": email, "code": "000000"})

        for act in (came_first_comes_again, came_first_comes_again_by_key, came_first_has_a_code, nobody_has_a_code):
            self.same(act)

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

        for act in (wrong, wrong_by_token, too_often, another_proof, no_proof, resend):
            self.same(act)

    def test_a_decoy_is_no_proof(self):
        token = self.browser().post(SIGNUP, form(self.owner)).json["signup_token"]
        self.assertEqual(len(base64.urlsafe_b64decode(token + "=")), 32)
        other = f"victim.{self.REQUIRE}@example.com"
        self.browser().post(SIGNUP, form(other))
        self.browser().post(SIGNUP, form(other))
        answer = self.browser().post(CONFIRM, {"email": other, "code": self.stores.code(other), "signup_token": token})
        self.assertEqual((answer.status, answer.code), (422, "signup_superseded"))


class AtOnce(unittest.TestCase):
    """A process that knows no times yet takes half a second for anybody: time enough for others to come meanwhile."""

    def setUp(self):
        self.usher = usher(SETTINGS.replace("workers = 1", "workers = 4") % "always")
        self.addCleanup(self.usher.stop)
        self.ready = Concealed.ready = self.usher.ready
        self.stores, self.sandbox = Stores(self.ready), Sandbox(self.ready)
        Concealed.stores = self.stores

    def four(self, email):
        """-> their answers, the good one first | None: they did not meet"""
        before = self.sandbox.last()

        def sign_up(name):
            answer = Browser(self.ready["url"]).post(SIGNUP, form(email, name=name))
            answer.came = time.time()
            return answer

        answers = Concealed.at_once([lambda n=n: sign_up(f"N{n}") for n in range(4)])
        answers.sort(key=lambda answer: answer.status)
        calls = self.sandbox.ask("GET", f"/calls?since={before}")
        puts = [call["at"] for call in calls if call["operation"] == "PutItem"]
        met = max(puts[:4]) + 0.2 < min(answer.came for answer in answers if answer.status == 201)
        return answers if met else None

    def check(self, name, number):
        answers = None
        while not answers:
            email = name(next(number))
            answers = self.four(email)
        self.assertEqual([answer.status for answer in answers], [201, 409, 409, 409])
        self.assertEqual(answers[1].code, "signup_in_progress")
        self.assertEqual([shape(answer) for answer in answers[2:]], [shape(answers[1])] * 2)
        self.assertEqual(Browser(self.ready["url"]).post(SIGNUP, form(email, name="Later")).status, 201)
        return shape(answers[1])

    def test_one_works_and_the_others_are_told_so_whoever_has_the_address(self):
        number = itertools.count(1)
        stranger = self.check("new.{}@example.com".format, number)
        for forgotten in (False, True):
            with self.subTest(forgotten=forgotten):
                known = self.check(lambda n: Concealed.existing(f"known.{n}", forgotten), number)
                self.assertEqual(known, stranger)


class Cards(unittest.TestCase):
    """Who has confirmed the address learns of the card, and may bring another one with the same sign-up."""
    SETTINGS, REFUSED = SETTINGS % "always", (DECLINED, UNKNOWN)

    @classmethod
    def setUpClass(cls):
        cls.usher = usher(cls.SETTINGS)
        cls.addClassCleanup(cls.usher.stop)
        cls.stores = Stores(cls.usher.ready)

    def cards(self, email):
        customer, = self.stores.customers(email)
        return [(card.card.last4, card.id == customer.invoice_settings.default_payment_method)
                for card in self.stores.cards(customer.id)]

    def begin(self, email, card):
        jane = Browser(self.usher.ready["url"])
        self.assertEqual(jane.post(SIGNUP, form(email, stripe_token=card)).status, 201)
        self.assertEqual(self.cards(email), [])
        return jane, jane.post(CONFIRM, {"email": email, "code": self.stores.code(email)})

    def test_a_good_card_is_attached_at_the_confirmation(self):
        _, answer = self.begin("good@example.com", "tok_visa")
        self.assertEqual(sorted(answer.json), ["api_key", "status", "visible_account_id"])
        self.assertEqual(self.cards("good@example.com"), [("4242", True)])

    def test_another_card_in_the_place_of_a_refused_one(self):
        for number, card in enumerate(self.REFUSED):
            with self.subTest(card):
                email = f"refused.{number}@example.com"
                jane, answer = self.begin(email, card)
                self.assertEqual((answer.status, answer.json["card_accepted"]), (200, False))
                self.assertIn("secret", answer.json["api_key"])
                self.assertEqual(jane.post(SIGNUP, form(email, stripe_token=DECLINED)).status, 402)
                good = jane.post(SIGNUP, form(email, stripe_token="tok_mastercard"))
                self.assertEqual((good.status, good.json["visible_account_id"]), (201, answer.json["visible_account_id"]))
                self.assertEqual(self.cards(email), [("4444", True)])
                self.assertEqual(self.stores.whole(email), answer.json["visible_account_id"])
                again = jane.post(SIGNUP, form(email, stripe_token="tok_amex"))
                self.assertEqual(again.text, good.text)
                self.assertEqual(self.cards(email), [("4444", True)])

    def test_three_cards_at_most(self):
        email = "many@example.com"
        jane, _ = self.begin(email, self.REFUSED[-1])
        statuses = [jane.post(SIGNUP, form(email, stripe_token=card)).status for card in (
            "tok_chargeDeclinedFraudulent", UNKNOWN, "tok_visa")]
        self.assertEqual(statuses, [402, 402, 402])
        self.assertEqual(self.cards(email), [])


class CardsAtConfirm(Cards):
    """The same where nothing is concealed, and cards wait for the confirmation."""
    SETTINGS, REFUSED = '{ stripe = { attach = "at_confirm" } }', (DECLINED,)


class ConcealedWhenSuperseded(Concealed):
    REQUIRE = "when_superseded"
    test_a_card_says_nothing = test_the_same_request_again = None  # nothing is confirmed there


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
