# SPDX-License-Identifier: MIT
"""Step 0 of the flows through the real binary: limits, captcha and the operator's hook refuse before anything is
written, and say when to come back."""
import os
import shutil
import tempfile
import unittest

from door import CONFIRM, RESEND, SIGNUP, Browser, Sandbox, Stores, fixture, form, metric

OFF = dict(per_address=0, per_email=0, overall=0, cards_per_address=0)


def lua(settings):
    """A table of settings as Lua text."""
    if isinstance(settings, dict):
        return "{ " + ", ".join(f"{name} = {lua(value)}" for name, value in settings.items()) + " }"
    return f'"{settings}"' if isinstance(settings, str) else str(settings)


class Usher(unittest.TestCase):
    """Tests that need settings of their own."""

    def start(self, *options, **settings):
        with tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False) as file:
            file.write("return " + lua(settings))
        self.addCleanup(os.unlink, file.name)
        usher = fixture.Usher("--config", file.name, *options)
        self.addCleanup(usher.stop)
        self.ready, self.stores = usher.ready, Stores(usher.ready)
        self.addCleanup(self.stores.cognito.close)
        self.addCleanup(self.stores.table.meta.client.close)

    def post(self, path, fields, address=None):
        headers = {"X_Forwarded_For": address} if address else {}
        return Browser(self.ready["url"]).post(path, fields, **headers)

    def refused(self, answer, status, code):
        self.assertEqual((answer.status, answer.code), (status, code), answer.text)

    def limited(self, path, fields, address=None):
        before = self.stores.snapshot()
        answer = self.post(path, fields, address)
        self.refused(answer, 429, "too_many_attempts")
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        self.assertLessEqual(int(answer.headers["Retry-After"]), 3600)
        self.assertEqual(self.stores.snapshot(), before)


def person(n, **changes):
    return form(f"ada.{n}@example.com", **changes)


class Limits(Usher):
    def test_addresses(self):
        self.start(attempts={**OFF, "per_address": 2}, proxy={"trusted_hops": 1})
        rows = [  # address, is it within its limit?
            ("192.0.2.1", True), ("192.0.2.1", True), ("192.0.2.1", False), ("192.0.2.2", True),
            ("2001:db8:1:2::1", True), ("2001:db8:1:2:ffff::9", True), ("2001:db8:1:2::7", False),
            ("2001:db8:1:3::1", True)]
        for n, (address, within) in enumerate(rows):
            with self.subTest(n=n, address=address):
                if within:
                    self.assertEqual(self.post(SIGNUP, person(n), address).status, 201)
                else:
                    self.limited(SIGNUP, person(n), address)
        answer = self.post(CONFIRM, {"email": "ada.0@example.com", "code": "000000"}, "192.0.2.1")
        self.assertNotEqual(answer.status, 429, "each flow has a limit of its own")

    def test_an_email_address(self):
        self.start(attempts={**OFF, "per_email": 2})
        rows = [(SIGNUP, person(1)), (CONFIRM, {"email": "ada.1@example.com", "code": "000000"}),
                (RESEND, {"email": "ada.1@example.com"})]
        for path, fields in rows:
            for spelling in ("ada.1@example.com", " ADA.1@Example.com"):
                self.assertNotEqual(self.post(path, {**fields, "email": spelling}).status, 429)
            self.limited(path, fields)
        self.assertEqual(self.post(SIGNUP, person(2)).status, 201)

    def test_everybody(self):
        # One a second, however long these 50 take.
        self.start(attempts={**OFF, "overall": 1})
        statuses = [self.post(RESEND, {"email": f"ada.{n}@example.com"}).status for n in range(50)]
        self.assertEqual((statuses[0], set(statuses) - {202, 429}), (202, set()))
        self.assertIn(429, statuses)

    def test_different_cards(self):
        self.start(attempts={**OFF, "cards_per_address": 2})
        cards = ["tok_visa", "tok_visa", "tok_mastercard", "tok_visa"]
        for n, card in enumerate(cards):
            self.assertEqual(self.post(SIGNUP, person(n, stripe_token=card)).status, 201)
        self.limited(SIGNUP, person(9, stripe_token="tok_amex"))

    def test_three_cards_for_one_sign_up(self):
        self.start(attempts=OFF)
        ada = Browser(self.ready["url"])
        declined = ["tok_chargeDeclined", "tok_chargeDeclinedFraudulent", "tok_chargeDeclinedExpiredCard"]
        for card in declined:
            self.refused(ada.post(SIGNUP, person(1, stripe_token=card)), 402, "card_not_accepted")
        self.refused(ada.post(SIGNUP, person(1)), 402, "card_not_accepted")
        self.assertEqual([], self.stores.cards(self.stores.customers("ada.1@example.com")[0].id))

    def test_counted(self):
        self.start(attempts={**OFF, "per_email": 1})
        for _ in range(3):
            self.post(SIGNUP, person(1))
        self.assertEqual(2.0, metric(self.ready, 'SIGNUP_FAILURE', 'method="email"', 'step="limits"'))


class Captcha(Usher):
    def tokens(self, provider, rows, **settings):
        """rows: token, status, code"""
        self.start(attempts=OFF, captcha={"provider": provider, **settings})
        for n, (token, status, code) in enumerate(rows):
            with self.subTest(token=token):
                before = self.stores.snapshot()
                answer = self.post(SIGNUP, person(n, captcha_token=token))
                if status == 201:
                    self.assertEqual(answer.status, 201, answer.text)
                    continue
                self.refused(answer, status, code)
                self.assertEqual(self.stores.snapshot(), before)

    BAD = [("pass", 201, None), ("fail", 403, "captcha_failed"), ("reused", 403, "captcha_failed"),
           ("expired", 403, "captcha_failed"), ("&response=pass", 403, "captcha_failed"),
           (None, 403, "captcha_failed")]

    def test_turnstile(self):
        self.tokens("turnstile", self.BAD + [("down", 503, "try_again")])

    def test_hcaptcha(self):
        # Its score grows with the risk: it is no reason to refuse.
        self.tokens("hcaptcha", self.BAD + [("score:0.1", 201, None)])

    def test_recaptcha(self):
        self.tokens("recaptcha", self.BAD + [("score:0.7", 201, None), ("score:0.69", 403, "captcha_failed")],
                    min_score=0.7)

    def test_a_provider_that_is_down_may_be_passed_by(self):
        self.tokens("turnstile", [("down", 201, None), ("fail", 403, "captcha_failed"),
                                  (None, 403, "captcha_failed")], when_down="allow")
        self.assertEqual(2.0, metric(self.ready, "SIGNUP_FAILURE", 'step="captcha"'))

    def test_one_token_serves_one_sign_up(self):
        for provider in ("turnstile", "hcaptcha"):
            with self.subTest(provider):
                self.start(attempts=OFF, captcha={"provider": provider})
                ada = Browser(self.ready["url"])
                self.refused(ada.post(SIGNUP, person(1, captcha_token="once:a", stripe_token="tok_chargeDeclined")),
                             402, "card_not_accepted")
                answer = ada.post(SIGNUP, person(1, captcha_token="once:a"))
                self.assertEqual(answer.status, 201, answer.text)
                self.refused(self.post(SIGNUP, person(2, captcha_token="once:a")), 403, "captcha_failed")

    def test_a_token_that_nobody_can_look_up_is_not_refused(self):
        self.start(attempts=OFF, captcha={"provider": "hcaptcha"}, dynamodb={"timeout": 1})
        ada, sandbox = Browser(self.ready["url"]), Sandbox(self.ready)
        again = person(1, captcha_token="once:a")
        self.refused(ada.post(SIGNUP, {**again, "stripe_token": "tok_chargeDeclined"}), 402, "card_not_accepted")
        sandbox.arm("dynamodb", "GetItem", "refuse", count=99)
        self.refused(ada.post(SIGNUP, again), 503, "try_again")
        sandbox.clear()
        answer = ada.post(SIGNUP, again)
        self.assertEqual(answer.status, 201, answer.text)

    def test_off_by_default(self):
        self.start(attempts=OFF)
        self.assertEqual(self.post(SIGNUP, person(1, captcha_token="fail")).status, 201)


class Hook(Usher):
    def test_refuses(self):
        with tempfile.TemporaryDirectory() as folder:
            scripts = os.path.join(folder, "scripts")
            shutil.copytree(os.path.join(os.path.dirname(__file__), "../../scripts"), scripts)
            with open(os.path.join(scripts, "hooks/admission.lua"), "w") as file:
                file.write('local fail = require "fail"\n'
                           "return function(req, form)\n"
                           '  if form.country == "DE" and req.method == "POST" then fail(403, "not_here") end\n'
                           "end\n")
            self.start("--scripts", scripts, attempts=OFF)
            before = self.stores.snapshot()
            self.refused(self.post(SIGNUP, person(1, country="DE")), 403, "not_here")
            self.assertEqual(self.stores.snapshot(), before)
            self.assertEqual(1.0, metric(self.ready, "SIGNUP_FAILURE", 'step="hook"'))
            self.assertEqual(self.post(SIGNUP, person(2)).status, 201)


if __name__ == "__main__":
    unittest.main()
