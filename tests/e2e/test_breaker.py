# SPDX-License-Identifier: MIT
"""A Stripe key that is wrong, revoked or lacks a right: said once, loudly; nobody's sign-up is begun meanwhile; it goes
on by itself when Stripe takes the key again."""
import json
import unittest
import urllib.request

from door import CONFIRM, SIGNUP, Browser, form

import world

PAUSE = 0.3
REFUSALS = {
    401: {"status": 401, "message": "Invalid API Key provided: sk_test_***4242"},
    403: {"status": 403, "message": "The provided key does not have the required permissions for this endpoint."},
}
AT_CONFIRM = {"stripe": {"attach": "at_confirm", "pause": PAUSE}, "outbox": {"interval": 0.2, "first_delay": 0.05}}


class Breaker(unittest.TestCase):
    def setUp(self):
        self.here = world.fixture.Usher()
        self.addCleanup(self.here.stop)
        self.ready = self.here.ready
        self.switches, self.stores = world.door.Sandbox(self.ready), world.door.Stores(self.ready)

    def front(self, **sections):
        one = world.Front(self.ready, **{"workers": 4, "stripe": {"pause": PAUSE}, **sections})
        self.addCleanup(one.stop)
        return one

    def refuse(self, status, operation="*"):
        self.switches.arm(service="stripe", operation=operation, kind="refuse", count=100000, error=REFUSALS[status])

    def ask(self, one, path):
        with urllib.request.urlopen(one.admin_url + path, timeout=world.PATIENCE) as answer:
            return answer.read().decode()

    def gauge(self, one):
        text = self.ask(one, "/metrics")
        return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith("STRIPE_BREAKER_OPEN"))

    def said(self, one, event):
        return [line for line in map(json.loads, one.log().splitlines()) if line.get("event") == event]

    def assert_closed_soon(self, one):
        world.until(lambda: self.gauge(one) == 0, "the breaker closes")

    def sign_up(self, one, email, browser=None):
        return (browser or Browser(one.url)).post(SIGNUP, form(email))

    def test_a_refused_key(self):
        for status in REFUSALS:
            with self.subTest(status):
                one, first, jane = self.front(), f"first.{status}@example.com", Browser(self.ready["url"])
                jane.address = Browser(one.url).address
                self.assertEqual(self.gauge(one), 0)
                self.refuse(status)
                errors = one.metrics()["SIGNUP_ERROR"]
                answer = self.sign_up(one, first, jane)
                self.assertEqual((answer.status, answer.code), (503, "try_again"))
                self.check_nothing_begins(one, status)
                self.assertEqual(one.metrics()["SIGNUP_ERROR"], errors + 9)
                self.assertEqual(one.metrics()["INCONSISTENT_ACCOUNT_STORES"], 0)
                self.check_log(one, status)
                self.switches.clear()
                self.assert_closed_soon(one)
                self.assertEqual(self.sign_up(one, first, jane).status, 201)
                self.stores.whole(first)
                self.assertEqual(len(self.said(one, "breaker_closed")), 1)

    def check_nothing_begins(self, one, status):
        """Eight people, each on a connection of their own: four workers know of it."""
        self.assertEqual(self.gauge(one), 1)
        before, number = (self.stores.rows(), self.stores.users()), self.switches.last()
        for n in range(8):
            answer = self.sign_up(one, f"late.{n}.{status}@example.com")
            self.assertEqual((answer.status, answer.code), (503, "try_again"))
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        self.assertEqual((self.stores.rows(), self.stores.users()), before)
        made = {call for _, call in self.switches.calls(number) if call.startswith(("cognito ", "stripe "))}
        looks = {"stripe list_customers", "stripe update_customer", "stripe attach_payment_method"}
        self.assertLessEqual(made - {"cognito ListUsers"}, looks)
        self.assertEqual(json.loads(self.ask(one, "/readyz"))["status"], "ready")

    def check_log(self, one, status):
        opened = self.said(one, "breaker_opened")
        refused = {401: ["key"], 403: ["customers_write", "payment_methods_write"]}[status]
        self.assertEqual(sorted(line["refused"] for line in opened), refused)
        for line in opened:
            self.assertEqual((line["level"], line["service"], line["look_at"]), ("error", "stripe", "stripe.key"))

    def test_a_right_that_is_missing_for_one_call(self):
        """Who may list customers may not make one: what Stripe lets in does not hide what it refuses."""
        one = self.front()
        for operation in ("create_customer", "update_customer"):
            self.refuse(403, operation)
        self.assertEqual(self.sign_up(one, "a@example.com").status, 503)
        self.assertEqual(self.gauge(one), 1)
        number = self.switches.last()
        world.until(lambda: "stripe update_customer" in dict(self.switches.calls(number)).values(), "it is looked at")
        self.assertEqual(self.gauge(one), 1)
        self.switches.clear()
        self.assert_closed_soon(one)

    def test_the_confirmation_is_not_held_up(self):
        """The card waits for its key; nothing is asked of anybody again."""
        one, jane = self.front(**AT_CONFIRM), Browser(self.ready["url"])
        jane.address = Browser(one.url).address
        email = "jane@example.com"
        self.assertEqual(self.sign_up(one, email, jane).status, 201)
        self.refuse(401)
        answer = jane.post(CONFIRM, {"email": email, "code": self.stores.code(email)})
        self.assertEqual(answer.status, 200, answer.text)
        self.assertIn("secret", answer.json["api_key"])
        self.assertEqual(self.gauge(one), 1)
        self.switches.clear()
        self.assert_closed_soon(one)
        customer = self.stores.customers(email)[0].id
        world.until(lambda: len(self.stores.cards(customer)) == 1, "the card is attached")


if __name__ == "__main__":
    unittest.main()
