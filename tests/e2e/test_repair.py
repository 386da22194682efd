# SPDX-License-Identifier: MIT
"""usher inspect and repair: inspect must name each symptom, the command that it names must mend it, and inspect must then
find nothing."""
import json
import os
import pathlib
import shlex
import subprocess
import tempfile
import time
import unittest

import symptoms
from door import CONFIRM
from fixture import BINARY, Usher
from symptoms import CASES, Person, cognito_never_knew, command, inspect, kinds, stripe_is_down

usher = ready = stores = table = cognito = pool = None


def setUpModule():
    global usher, ready, stores, table, cognito, pool
    usher = Usher()
    symptoms.use(usher)
    ready, stores, table = symptoms.ready, symptoms.stores, symptoms.table
    cognito, pool = symptoms.cognito, symptoms.pool


def tearDownModule():
    usher.stop()


class Repair(unittest.TestCase):
    def run_command(self, text):
        """Runs what inspect told to run."""
        words = shlex.split(text)
        self.assertEqual(words[0], "usher", text)
        return command(*words[1:])

    def assert_whole(self, email):
        """What is there, is there once, and is enough; a sign-up that was undone has left nothing."""
        user, customers = stores.user(email), stores.customers(email)
        mine = {key: item for key, item in stores.rows().items() if user and user["sub"] in key[0] + key[1]}
        if not user:
            self.assertEqual(customers, [])
            return
        accounts = [key for key in mine if key[0].startswith("ACCOUNT#")]
        self.assertEqual(len(accounts), 1)
        account = accounts[0][0]
        self.assertEqual(sorted(mine), sorted([(account, "USER#" + user["sub"]), ("USER#" + user["sub"], account),
                                               ("USER#" + user["sub"], "DETAILS")]))
        rows = stores.rows()
        self.assertEqual([customer.id for customer in customers], [rows[(account, "DETAILS")]["stripe_id"]])
        self.assertEqual(len([key for key in rows if key[0] == account and key[1].startswith("API_KEY#")]), 1)
        confirmed = user["status"] == "CONFIRMED"
        self.assertEqual(user.get("email_verified") == "true", confirmed)
        self.assertIs(mine[("USER#" + user["sub"], "DETAILS")]["email_verified"], confirmed)

    def test_every_symptom_is_named_and_mended(self):
        for name, upto, breaks, kind, symptom in CASES:
            with self.subTest(name):
                person = Person(upto)
                self.addCleanup(symptoms.sandbox.clear)
                breaks(person)
                code, view = inspect(person.email)
                self.assertEqual(code, 1)
                self.assertIn(kind, kinds(view, "wrong"))
                found = next(found for found in view["findings"] if found["kind"] == kind)
                self.assertEqual(found["symptom"], symptom)

                before = stores.snapshot()
                _, plan = command("repair", person.email, "--dry-run", "--json")
                self.assertEqual(stores.snapshot(), before)
                if "--undo" not in found["command"]:
                    self.assertIn(kind, [step["kind"] for step in json.loads(plan)["done"]])

                code, said = self.run_command(found["command"])
                self.assertEqual(code, 0, said)
                code, view = inspect(person.email)
                self.assertEqual(kinds(view, "wrong") or ["unknown"], ["unknown"], view["findings"])
                self.assert_whole(person.email)

                after = stores.snapshot()
                command("repair", person.email)
                self.assertEqual(stores.snapshot(), after)

    def test_a_repaired_sign_up_goes_on_in_its_browser(self):
        person = Person(None)
        stripe_is_down(person)
        self.assertEqual(command("repair", person.email)[0], 0)
        person.sign_up()
        answer = person.browser.post(CONFIRM, {"email": person.email, "code": stores.code(person.email)})
        self.assertEqual(answer.status, 200, answer.text)
        self.assertRegex(answer.json["api_key"]["secret"], "^usher_dev_")
        self.assertEqual(len(stores.mails(person.email)), 1)

    def test_a_dropped_sign_up_can_be_made_anew(self):
        person = Person(None)
        cognito_never_knew(person)
        self.assertEqual(command("repair", person.email)[0], 0)
        person.sign_up()
        person.confirm()
        self.assertEqual(inspect(person.email)[0], 0)

    def test_a_lease_is_waited_for_unless_forced(self):
        person = Person(None)
        stripe_is_down(person)
        person.set_intent(lease_owner="another", lease_until=int(time.time()) + 300)
        code, view = inspect(person.email)
        self.assertEqual((code, kinds(view)), (0, ["in_progress"]))
        command("repair", person.email)
        self.assertIsNone(table.get_item(Key=person.intent_key())["Item"].get("stripe_id"))
        self.assertEqual(command("repair", person.email, "--force")[0], 0)
        self.assertEqual(kinds(inspect(person.email)[1]), ["code_not_entered"])
        self.assert_whole(person.email)

    def test_a_code_that_nobody_entered(self):
        person = Person("signed up")
        code, view = inspect(person.email)
        self.assertEqual((code, kinds(view)), (0, ["code_not_entered"]))
        self.assertEqual(self.run_command(view["findings"][0]["command"])[0], 0)
        self.assertEqual(len(stores.mails(person.email)), 2)
        self.assertIn("unconfirmed_too_long", kinds(inspect(person.email, "--older-than", "0")[1], "wrong"))
        self.assertEqual(command("repair", person.email, "--older-than", "0")[0], 0)
        self.assertIsNone(stores.user(person.email))
        self.assert_whole(person.email)

    def test_a_confirmed_user_is_never_undone(self):
        person = Person("confirmed")
        before = stores.snapshot()
        code, said = command("repair", person.email, "--undo")
        self.assertEqual(code, 1)
        self.assertIn("never removed", said)
        self.assertEqual(stores.snapshot(), before)

    def test_a_disabled_user_is_never_undone(self):
        person = Person("signed up")
        cognito.admin_disable_user(UserPoolId=pool, Username=person.email)
        before = stores.snapshot()
        self.assertEqual(kinds(inspect(person.email, "--older-than", "0")[1], "wrong"), ["user_disabled"])
        for option in ("--older-than=0", "--undo"):
            code, said = command("repair", person.email, option)
            self.assertEqual(code, 1, said)
        self.assertIn("never removed", said)
        self.assertEqual(stores.snapshot(), before)

    def test_an_address_with_many_customers(self):
        """Stripe gives a hundred at most in one answer, the newest first."""
        person = Person("confirmed")
        orphan = stores.stripe().Customer.create(email=person.email, metadata={"signup_id": "of nobody"})
        others = [stores.stripe().Customer.create(email=person.email) for _ in range(100)]
        view = inspect(person.email)[1]
        self.assertEqual([found["subject"] for found in view["findings"] if found["kind"] == "orphan_customer"], [orphan.id])
        for customer in (orphan, *others):
            customer.delete()

    def test_a_record_without_its_user_is_only_reported(self):
        person = Person("confirmed")
        sub = person.sub
        cognito.admin_delete_user(UserPoolId=pool, Username=sub)
        before = stores.snapshot()
        for who in (person.email, sub, person.account):
            code, view = inspect(who)
            self.assertEqual((code, kinds(view, "wrong")), (1, ["row_without_user"]), who)
            self.assertNotIn("command", view["findings"][0])
        self.assertEqual(command("repair", person.email)[0], 1)
        self.assertEqual(stores.snapshot(), before)

    def test_what_only_people_can_mend(self):
        disabled = Person("confirmed")
        cognito.admin_disable_user(UserPoolId=pool, Username=disabled.email)
        code, view = inspect(disabled.email)
        self.assertEqual((code, kinds(view, "wrong")), (1, ["user_disabled"]))
        self.assertIn("admin-enable-user", view["findings"][0]["command"])
        cognito.admin_enable_user(UserPoolId=pool, Username=disabled.email)
        self.assertEqual(inspect(disabled.email)[0], 0)

        unproven = Person("signed up")
        cognito.admin_confirm_sign_up(UserPoolId=pool, Username=unproven.email)
        code, view = inspect(unproven.email)
        self.assertEqual((code, kinds(view, "wrong")), (1, ["email_not_verified"]))
        self.assertIn("admin-update-user-attributes", view["findings"][0]["command"])
        unproven.set_verified(cognito_says="true")
        self.assertEqual(command("repair", unproven.email)[0], 0)
        self.assertEqual(inspect(unproven.email)[0], 0)

    def test_names_that_nobody_can_have(self):
        for name in ("a b", "ada@example.com'; --", '"ada"@example.com', "ünï@example.com", "x" * 300, "USER#", "cus_", "%s"):
            code, view = inspect(name)
            self.assertEqual((code, kinds(view)), (1, ["unknown"]), name)

    def test_one_person_by_every_name(self):
        person = Person("confirmed")
        seen = [inspect(who)[1] for who in
                (person.email, person.email.upper(), person.sub, person.account, person.customer().id)]
        for view in seen:
            del view["asked"]
            self.assertEqual(view, seen[0])
        self.assertTrue(seen[0]["healthy"])
        self.assertEqual(kinds(seen[0]), ["has_account"])

    def test_the_page_fits_and_keeps_secrets(self):
        person = Person("confirmed")
        _, page = command("inspect", person.email)
        _, text = command("inspect", person.email, "--json")
        for line in page.splitlines():
            self.assertLessEqual(len(line), 100, line)
        for word in ("Cognito", "DynamoDB", "Stripe", person.email, "CONFIRMED", "Ada Lovelace"):
            self.assertIn(word, page)
        intent = table.get_item(Key=person.intent_key())["Item"]
        key = next(item for (pk, sk), item in stores.rows().items()
                   if pk == "ACCOUNT#" + person.account and sk.startswith("API_KEY#"))
        for secret in (intent["proof_seed"], intent["proof_hash"], intent["fingerprint"], intent["card_hash"],
                       intent["transaction_token"], intent["pk"], key["secret_hash"], ready["stripe_key"],
                       person.answer.json["signup_token"], "Corr3ct-Horse!"):
            self.assertNotIn(secret, page + text)

    def test_wrong_usage(self):
        for words in ([], ["a", "b"], ["--jsn", "a"], ["--older-than", "x", "a"]):
            done = subprocess.run([BINARY, "inspect", ready["config"], *words], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn("usher inspect --help", done.stderr)
        unknown = subprocess.run([BINARY, "inspct"], capture_output=True, text=True)
        self.assertEqual(unknown.returncode, 2)
        self.assertIn("did you mean 'inspect'?", unknown.stderr)
        strict = subprocess.run([BINARY, "inspect", "a@b.c"], capture_output=True, text=True,
                                env={"PATH": os.environ["PATH"]})
        self.assertEqual(strict.returncode, 1)
        self.assertIn("STRIPE_API_KEY is not set", strict.stderr)

    def test_help(self):
        text = subprocess.run([BINARY, "--help"], capture_output=True, text=True).stdout
        for name in ("inspect", "repair", "reconcile"):
            self.assertRegex(text, rf"(?m)^  {name} +\S")
            done = subprocess.run([BINARY, name, "--help"], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.startswith(f"usage: usher {name} "))
            self.assertIn("--scripts DIR", done.stdout)

    def test_an_operator_adds_a_command(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(folder + "/commands")
            pathlib.Path(folder, "commands", "greet.lua").write_text(
                'return { summary = "says hello", help = "usage: usher greet\\n", run = function(args) '
                'print("hello " .. args[1], require "config".env) return 7 end }')
            os.makedirs(folder + "/sandbox")
            settings = pathlib.Path(__file__).parents[2] / "scripts/sandbox/settings.lua"
            pathlib.Path(folder, "sandbox", "settings.lua").write_text(settings.read_text())
            done = subprocess.run([BINARY, "greet", "--scripts", folder, ready["config"], "Ada"], capture_output=True,
                                  text=True)
            self.assertEqual((done.returncode, done.stdout), (7, "hello Ada\tdev\n"), done.stderr)


if __name__ == "__main__":
    unittest.main()
