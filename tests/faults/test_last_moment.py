# SPDX-License-Identifier: MIT
"""The secret of the default API key is minted, and then the server dies, or the visitor has gone: who confirms again with
the same proof sees that very secret; who has seen it does not see it a second time."""
import hashlib
import http.client
import json
import unittest
import urllib.parse

import attempt
import property as stores_property
import world

REVEAL = {"service": "dynamodb", "operation": "TransactWriteItems", "match": "secret_hash", "kind": "hang", "count": 1}


class LastMoment(world.Case):
    def person(self, name, by):
        one = attempt.Person(f"{name}.{by}@faults.test", by)
        self.assertEqual(one.sign_up(self.here.patient).status, 201)
        one.code = self.stores.code(one.email)
        return one

    def record(self, person):
        found = stores_property.Held(self.stores, person.email)
        account, = found.where("ACCOUNT#", "USER#", email=person.email)
        (_, _, key), = found.where(account[0], "API_KEY#")
        return key

    def shown_once_more_and_then_never(self, person, front):
        answer = world.let_go(lambda: self.once(person, front))
        secret = answer.json["api_key"]["secret"]
        self.assertEqual(self.record(person)["secret_hash"], hashlib.sha256(secret.encode()).hexdigest())
        for again in (person.confirm(front), person.confirm(self.here.patient)):
            self.assertEqual((again.status, list(again.json["api_key"])), (200, ["id"]))
        world.until(lambda: "seed" not in self.record(person), "the table forgets")
        self.assertEqual(stores_property.check(stores_property.Held(self.stores, person.email), True), [])
        return secret

    def once(self, person, front):
        answer = person.confirm(front)
        return None if answer.status == 409 else answer

    def test_killed_between_storing_and_showing(self):
        for by in ("cookie", "key"):
            with self.subTest(by):
                person = self.person("killed", by)
                self.die_during(self.switches.arm(**REVEAL), person.confirm)
                self.assertEqual(self.record(person)["status"], "ACTIVE")
                self.shown_once_more_and_then_never(person, self.here.victim)

    def test_the_table_does_not_forget_at_once(self):
        """The secret was shown, and is not shown again as long as the table takes; a later confirmation ends it."""
        person = self.person("forgets", "cookie")
        fault = self.switches.arm(service="dynamodb", operation="UpdateItem", match=":seed", kind="lost_answer", count=1)
        first = person.confirm(self.here.patient)
        self.assertIn("secret", first.json["api_key"])
        world.until(lambda: self.switches.look(fault)["fired"] == 1, "it is told to forget")
        self.assertEqual(list(person.confirm(self.here.patient).json["api_key"]), ["id"])
        world.until(lambda: "seed" not in self.record(person), "the table forgets")
        self.assertEqual(list(person.confirm(self.here.patient).json["api_key"]), ["id"])

    def test_the_visitor_has_gone(self):
        """What was on its way to nobody was not shown."""
        person = self.person("gone", "cookie")
        fault = self.switches.arm(**REVEAL)
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.here.patient.url).netloc)
        cookies = "; ".join(f"{name}={value}" for name, value in person.browser.cookies.items())
        connection.request("POST", world.door.CONFIRM, json.dumps({"email": person.email, "code": person.code}),
                           {"Content-Type": "application/json", "Cookie": cookies})
        self.assertTrue(self.switches.hanging(fault))
        connection.close()
        self.switches.release(fault)
        self.shown_once_more_and_then_never(person, self.here.patient)


if __name__ == "__main__":
    unittest.main()
