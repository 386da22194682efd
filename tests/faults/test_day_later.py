# SPDX-License-Identifier: MIT
"""Stripe forgets an Idempotency-Key after a day. A sign-up that broke at one of its calls is taken up again after that:
by the same request, or by `usher repair`; still there is one customer with one card. The sandbox's clock is turned, and
the intent made as old; that the key is forgotten is shown first."""
import decimal
import subprocess
import unittest

import attempt
import matrix
import property as stores_property
import world

DAY = 25 * 3600

# (service, operation, match, kind), what the first retry is answered. A token whose payment method nobody knows any
# more is used up: the visitor is asked for another card. (Customer and payment method are made side by side.)
ROWS = [
    (("stripe", "create_customer", None, "refuse"), 201),
    (("stripe", "create_customer", None, "killed"), 402),
    (("stripe", "create_payment_method", None, "killed"), 402),
    (("stripe", "attach_payment_method", None, "killed"), 201),
    (("stripe", "update_customer", None, "killed"), 201),
    (("dynamodb", "UpdateItem", "payment_method", "refuse"), 201),
    (("dynamodb", "UpdateItem", "payment_method", "killed"), 201),
    (("dynamodb", "TransactWriteItems", None, "refuse"), 201),
]
BROKEN = {"dynamodb": {"code": "ValidationException", "status": 400}, "stripe": {"status": 500}}


class DayLater(world.Case):
    def setUp(self):
        self.addCleanup(self.switches.reset_clock)

    def card(self):
        """A token that is good for one payment method, as those of real browsers."""
        return self.stores.stripe().Token.create(card={"number": "4242424242424242", "exp_month": 12, "exp_year": 2034}).id

    def break_off(self, person, fault):
        """Signs up, and something breaks for good."""
        service, operation, match, kind = fault
        killed = kind == "killed"
        number = self.switches.arm(service=service, operation=operation, match=match,
                                   kind="hang" if killed else kind, count=1 if killed else 1000,
                                   error=None if killed else BROKEN[service])
        if killed:
            self.die_during(number, person.sign_up)
        else:
            self.assertEqual(person.sign_up(self.here.stubborn).status, 503)
            self.switches.clear()

    def let_a_day_pass(self, email):
        self.switches.advance(DAY)
        (key, row), = [(key, row) for key, row in self.stores.rows().items()
                       if key[1] == "INTENT" and row["form"]["email"] == email]
        self.stores.table.update_item(
            Key={"pk": key[0], "sk": key[1]}, UpdateExpression="SET started = :then, lease_until = :zero",
            ExpressionAttributeValues={":then": row["started"] - DAY, ":zero": decimal.Decimal(0)})

    def whole(self, email, confirmed=False):
        found = stores_property.Held(self.stores, email)
        self.assertEqual(stores_property.check(found, confirmed), [], found.describe())

    def test_the_keys_are_forgotten(self):
        """What this is about: the same call under the same key makes another customer."""
        make = lambda: self.stores.stripe().Customer.create(email="twice@faults.test", idempotency_key="k").id
        first = make()
        self.assertEqual(make(), first)
        self.switches.advance(DAY)
        second = make()
        self.assertNotEqual(second, first)
        for one in (first, second):
            self.stores.stripe().Customer.delete(one)

    def test_the_same_request(self):
        for number, (fault, status) in enumerate(ROWS):
            for by in matrix.CLIENT:
                if by == "cookie" and fault[3] == "killed":
                    continue  # nobody got one
                with self.subTest(" ".join(map(str, fault)), by=by):
                    person = attempt.Person(f"{by}.{number}@faults.test", by, card=self.card())
                    self.break_off(person, fault)
                    self.let_a_day_pass(person.email)
                    answer = person.sign_up(self.here.patient)
                    self.assertEqual(answer.status, status, answer.text)
                    if status == 402:
                        self.assertEqual(answer.code, "card_not_accepted")
                        person.card = self.card()
                        self.assertEqual(person.sign_up(self.here.patient).status, 201)
                    self.whole(person.email)
                    self.assertEqual(self.resend(person).status, 202)  # codes are forgotten too
                    person.code = self.stores.code(person.email)
                    self.assertEqual(person.confirm(self.here.patient).status, 200)
                    self.whole(person.email, confirmed=True)
                    self.switches.reset_clock()

    def resend(self, person):
        return person.at(self.here.patient).post(world.door.RESEND, {"email": person.email, "signup_token": person.token})

    def test_repair(self):
        front = self.here.patient
        for number, (fault, status) in enumerate(ROWS):
            if status == 402:
                continue  # nobody on call has another card
            with self.subTest(" ".join(map(str, fault))):
                person = attempt.Person(f"repair.{number}@faults.test", "key", card=self.card())
                self.break_off(person, fault)
                self.let_a_day_pass(person.email)
                done = subprocess.run(
                    [world.fixture.BINARY, "repair", "--config", front.config.name, "--force", person.email],
                    env=front.environment(), timeout=world.PATIENCE, text=True, capture_output=True, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.whole(person.email)
                self.switches.reset_clock()


if __name__ == "__main__":
    unittest.main()
