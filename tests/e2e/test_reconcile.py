# SPDX-License-Identifier: MIT
"""usher reconcile: walks everything, changes nothing unless told to, mends what can be mended, and can be stopped."""
import json
import os
import re
import signal
import subprocess
import tempfile
import unittest
from unittest import mock

import symptoms
from fixture import BINARY, PATIENCE, Usher
from symptoms import CASES, Person, add_orphan, command, inspect, kinds


class Reconcile(unittest.TestCase):
    """On a sandbox of its own, where nothing else is broken."""

    BROKEN = {"the user record is gone", "the account is gone", "the user's half is gone",
              "the account's half is gone", "the customer is gone", "DynamoDB says unverified", "Stripe was down",
              "the account is gone and its sign-up forgotten", "nobody knows the unconfirmed user"}

    def setUp(self):
        own = Usher()
        self.addCleanup(own.stop)
        symptoms.use(own)
        self.ready, self.stores = own.ready, symptoms.stores
        self.cognito, self.pool = symptoms.cognito, symptoms.pool
        self.addCleanup(self.cognito.close)
        self.addCleanup(symptoms.table.meta.client.close)

    def reconcile(self, *options):
        code, text = command("reconcile", "--json", "--rate", "1000", *options)
        return code, json.loads(text)

    def test_finds_all_changes_nothing_then_mends_all(self):
        expected, whole = {}, Person("confirmed")
        for name, upto, breaks, kind, _ in CASES:
            if name in self.BROKEN:
                person = Person(upto)
                breaks(person)
                expected[person.email] = kind
        gone = Person("confirmed")
        self.cognito.admin_delete_user(UserPoolId=self.pool, Username=gone.email)
        expected[gone.email] = "row_without_user"
        traces = Person("confirmed")  # of whom not even the record is left, so that nobody knows the address
        sub = self.stores.user(traces.email)["sub"]
        self.cognito.admin_delete_user(UserPoolId=self.pool, Username=traces.email)
        self.stores.table.delete_item(Key={"pk": "USER#" + sub, "sk": "DETAILS"})
        expected[None] = "row_without_user"

        before = self.stores.snapshot()
        code, report = self.reconcile()
        self.assertEqual((code, report["complete"], report["dry_run"]), (1, True, True))
        self.assertEqual({person.get("email"): person["findings"][0]["kind"] for person in report["people"]}, expected)
        self.assertEqual(self.stores.snapshot(), before)
        self.assertEqual(report["looked_at"]["users"], len(self.stores.users()))
        self.assertEqual(report["looked_at"]["rows"], len(self.stores.rows()))

        code, report = self.reconcile("--apply")
        left = {person.get("email"): kinds(person) for person in report["people"] if person["findings"]}
        self.assertEqual((code, left), (1, {gone.email: ["row_without_user"], None: ["row_without_user"]}))
        code, report = self.reconcile()
        self.assertEqual({person.get("email"): person["asked"] for person in report["people"]}, {
            gone.email: mock.ANY, None: sub})
        self.assertEqual(inspect(whole.email)[0], 0)

    def test_an_orphan_is_left_alone_for_a_day(self):
        add_orphan(Person("confirmed"))
        self.assertEqual(self.reconcile()[1]["people"], [])

    def test_stops_at_a_signal_and_goes_on(self):
        for number in range(45):
            self.cognito.admin_create_user(UserPoolId=self.pool, Username=f"u{number}@example.com", MessageAction="SUPPRESS")
        with tempfile.TemporaryDirectory() as folder:
            state = os.path.join(folder, "state.json")
            process = subprocess.Popen([BINARY, "reconcile", self.ready["config"], "--json", "--state", state, "--rate", "30"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.assertRegex(process.stderr.readline(), r"^reconcile: users, \d+ looked at")
            process.send_signal(signal.SIGINT)
            text, _ = process.communicate(timeout=PATIENCE)
            first = json.loads(text)
            self.assertEqual((process.returncode, first["complete"]), (1, False))
            self.assertTrue(os.path.exists(state))
            self.assertEqual(first["looked_at"]["users"] % 20, 0)

            _, second = self.reconcile("--state", state)
            self.assertTrue(second["complete"])
            self.assertEqual(second["looked_at"]["users"], 45)
            self.assertEqual(second["people"][:len(first["people"])], first["people"])
            self.assertEqual(len({person["email"] for person in second["people"]}), 45)
            self.assertFalse(os.path.exists(state))

    def test_a_state_that_is_none(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write("[]")
            file.flush()
            done = subprocess.run([BINARY, "reconcile", self.ready["config"], "--state", file.name], capture_output=True,
                                  text=True)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, re.escape(file.name) + " is not a state file")


if __name__ == "__main__":
    unittest.main()
