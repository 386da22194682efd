# SPDX-License-Identifier: MIT
"""Every call of a first sign-in with Google breaks, in every way, and its server dies at every call: after the next
sign-in there is exactly one of everything.
"""
import unittest

from world import Front, World, door, fixture, let_go
from sso import CALLBACK, Browser, person

CONSOLE = "http://console.example"

# the calls of a first sign-in, as (service, operation, which one of them)
CALLS = [
    ("dynamodb", "PutItem", 1),             # the state is used
    ("dynamodb", "Query", 1),               # has the person an account?
    ("dynamodb", "PutItem", 2),             # the intent
    ("dynamodb", "UpdateItem", 1),          # the user's record, or the customer's id in the intent
    ("dynamodb", "UpdateItem", 2),
    ("stripe", "POST /v1/customers", 1),
    ("dynamodb", "TransactWriteItems", 1),  # the account
]
KINDS = ["refuse", "error_after", "reset_before", "lost_answer"]
DEATHS = ["hang_before", "hang"]


class Visitor(Browser):
    """A browser in front of one server, which shares the registered callback of another."""

    def __init__(self, ready, front):
        super().__init__({**ready, "url": front.url})
        self.registered = ready["url"]

    def at_google(self, leaving, who):
        reply = super().at_google(leaving, who)
        reply.location = reply.location.replace(self.registered, self.ready["url"], 1)
        return reply


class Broken(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.sandbox = fixture.Usher()
        cls.addClassCleanup(cls.sandbox.stop)
        cls.ready = ready = cls.sandbox.ready
        cls.switches, cls.stores = door.Sandbox(ready), door.Stores(ready)
        keys = f"{ready['sandbox']['cognito']}/{ready['user_pool_id']}/.well-known/jwks.json"
        sso = {"domain_url": ready["sandbox"]["cognito"], "jwks_url": keys, "console_url": CONSOLE,
               "callback_urls": [ready["url"] + CALLBACK]}
        cls.front = Front(ready, **World.LEASE, sso=sso)
        cls.addClassCleanup(cls.front.stop)

    def sign_in(self, who):
        return Visitor(self.ready, self.front).sign_in(who).location[len(CONSOLE):]

    def sign_in_until_done(self, who):
        """As a person would: again while an earlier try is still being worked on."""
        def once():
            path = self.sign_in(who)
            return path != "/?error=signup_in_progress" and path
        return let_go(once)

    def assert_whole(self, who):
        stores, username = self.stores, "google_" + who["sub"]
        sub = stores.user(username)["sub"]
        rows = stores.rows()
        account, = [key[0] for key, row in rows.items() if row.get("owner") == sub]
        mine = sorted(key for key in rows if account in key or key[0] in ("USER#" + sub, "USER#" + username))
        keys = [key for key in mine if key[1].startswith("API_KEY#")]
        self.assertEqual(mine, sorted([("USER#" + sub, "DETAILS"), (account, "DETAILS"), ("USER#" + username, account),
                                       (account, "USER#" + username), *keys]))
        self.assertEqual(len(keys), 1, "keys")
        customer, = stores.customers(who["email"])
        self.assertEqual(rows[(account, "DETAILS")]["stripe_id"], customer.id)
        intent, = [row for key, row in rows.items() if key[1] == "INTENT" and row["sub"] == sub]
        self.assertEqual((intent["step"], intent["lease_until"]), ("DONE", 0))

    def arm(self, call, kind, count):
        service, operation, nth = call
        return self.switches.arm(service=service, operation=operation, kind=kind, nth=nth, count=count)

    def test_each_call_fails(self):
        for call in CALLS:
            for kind in KINDS:
                for count in (1, 1000):
                    with self.subTest(call=call, kind=kind, count=count):
                        who = person()
                        fault = self.arm(call, kind, count)
                        self.assertIn(self.sign_in(who), ("/", "/?error=try_again"))
                        self.assertGreater(self.switches.look(fault)["fired"], 0)
                        self.switches.clear()
                        self.assertEqual(self.sign_in_until_done(who), "/")
                        self.assert_whole(who)

    def test_the_server_dies(self):
        for call in CALLS:
            for kind in DEATHS:
                with self.subTest(call=call, kind=kind):
                    who = person()
                    fault = self.arm(call, kind, 1)
                    self.front.die_during(self.switches, fault, lambda w=who: self.sign_in(w))
                    self.switches.clear()
                    self.front.start()
                    self.assertEqual(self.sign_in_until_done(who), "/")
                    self.assert_whole(who)


if __name__ == "__main__":
    unittest.main()
