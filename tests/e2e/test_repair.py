# SPDX-License-Identifier: MIT
"""usher inspect, repair and reconcile, on a sandbox that is broken on purpose.

Every symptom is made for real, through the vendors' own clients or by a fault in a call. inspect must name it, the
command that inspect names must mend it, and inspect must then find nothing. CASES is the table; a case has a name, how
far the sign-up goes first, what breaks it, and the kind of finding that must be among those of inspect.
"""
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import tempfile
import time
import unittest
from unittest import mock
import urllib.request
import uuid

import stripe
from door import CONFIRM, SIGNUP, Browser, Stores, form
from fixture import BINARY, PATIENCE, Usher

usher = Usher()
ready = usher.ready
stores = Stores(ready)
table, cognito, pool = stores.table, stores.cognito, ready["user_pool_id"]


def tearDownModule():
    usher.stop()


def somebody():
    return f"ada.{uuid.uuid4().hex[:12]}@example.com"


def command(*words):
    """`usher WORDS` against the sandbox -> (exit code, standard output)"""
    done = subprocess.run([BINARY, words[0], ready["config"], *words[1:]], capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode not in (0, 1):
        raise AssertionError(f"{words}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.returncode, done.stdout


def inspect(who, *options):
    code, text = command("inspect", who, "--json", *options)
    return code, json.loads(text)


def kinds(view, level=None):
    return [found["kind"] for found in view["findings"] if level in (None, found["level"])]


def arm(**fault):
    """Breaks a call to a service; with match, only this person's."""
    body = json.dumps(fault).encode()
    urllib.request.urlopen(urllib.request.Request(ready["sandbox"]["mailbox"] + "/faults", body)).close()


def disarm():
    urllib.request.urlopen(
        urllib.request.Request(ready["sandbox"]["mailbox"] + "/faults", method="DELETE")).close()


class Person:
    """One sign-up, and hands in the stores that hold it."""

    def __init__(self, upto):
        self.email, self.browser = somebody(), Browser(ready["url"])
        self.answer = None
        if upto in ("signed up", "confirmed"):
            self.sign_up()
        if upto == "confirmed":
            self.confirm()

    def sign_up(self, expect=201, **changes):
        self.answer = self.browser.post(SIGNUP, form(self.email, **changes))
        if self.answer.status != expect:
            raise AssertionError(self.answer.text)

    def confirm(self):
        answer = self.browser.post(CONFIRM, {"email": self.email, "code": stores.code(self.email)})
        if answer.status != 200:
            raise AssertionError(answer.text)

    @property
    def sub(self):
        return stores.user(self.email)["sub"]

    @property
    def account(self):
        return self.answer.json["visible_account_id"]

    def intent_key(self):
        for key, row in stores.rows().items():
            if key[1] == "INTENT" and row["form"]["email"] == self.email:
                return {"pk": key[0], "sk": key[1]}
        raise AssertionError("no intent")

    def set_intent(self, **values):
        names = {f"#{name}": name for name in values}
        table.update_item(Key=self.intent_key(), ExpressionAttributeNames=names,
                          UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
                          ExpressionAttributeValues={f":{name}": value for name, value in values.items()})

    def forget_intent(self):
        table.delete_item(Key=self.intent_key())

    def delete(self, pk, sk):
        key = {"pk": pk.format(self), "sk": sk.format(self)}
        if "Item" not in table.get_item(Key=key):
            raise AssertionError(f"there is no {key}")
        table.delete_item(Key=key)

    def delete_account(self):
        for pk, sk in [key for key in stores.rows() if "ACCOUNT#" + self.account in key]:
            table.delete_item(Key={"pk": pk, "sk": sk})

    def customer(self):
        return stores.customers(self.email)[0]

    def set_verified(self, cognito_says=None, dynamodb_says=None):
        if cognito_says is not None:
            cognito.admin_update_user_attributes(UserPoolId=pool, Username=self.email, UserAttributes=[
                {"Name": "email_verified", "Value": cognito_says}])
        if dynamodb_says is not None:
            table.update_item(Key={"pk": "USER#" + self.sub, "sk": "DETAILS"}, UpdateExpression="SET email_verified = :v",
                              ExpressionAttributeValues={":v": dynamodb_says})


# --- what breaks -----------------------------------------------------------------------------

def stripe_is_down(person):
    arm(service="stripe", operation="create_customer", kind="refuse", count=9, error={"status": 500}, match=[
        person.email.replace("@", "%40")])
    person.sign_up(expect=503)
    disarm()


def dynamodb_fails(operation, **fault):
    def breaks(person):
        arm(service="dynamodb", operation=operation, kind="refuse", count=20,
            error={"status": 400, "code": "AccessDeniedException"}, **fault)
        person.sign_up(expect=503)
        disarm()
    return breaks


def cognito_never_knew(person):
    arm(service="cognito", operation="SignUp", kind="refuse", count=20, match=person.email,
        error={"status": 400, "code": "ResourceNotFoundException"})
    person.sign_up(expect=503)
    disarm()


def the_server_died(person):
    stripe_is_down(person)
    person.set_intent(lease_owner="a process that is gone", lease_until=1)


def mail_failed(person):
    arm(service="cognito", operation="SignUp", kind="error_after", match=person.email,
        error={"status": 400, "code": "CodeDeliveryFailureException"})
    person.sign_up()
    disarm()


def confirm_cannot_tell(person):
    arm(service="cognito", operation="AdminUpdateUserAttributes", kind="refuse", count=20, match=person.sub,
        error={"status": 400, "code": "AccessDeniedException"})
    person.confirm()
    disarm()


def confirm_answer_lost(person):
    cognito.admin_confirm_sign_up(UserPoolId=pool, Username=person.email)
    person.set_verified(cognito_says="true")


def put_dead_letter(person):
    confirm_cannot_tell(person)
    for (pk, sk), row in stores.rows().items():
        if pk.startswith("OUTBOX#") and row["about"]["sub"] == person.sub:
            table.delete_item(Key={"pk": pk, "sk": sk})
            table.put_item(Item={**row, "pk": "OUTBOX#DEAD", "sk": sk, "state": "DEAD"})


def add_orphan(person):
    stripe.Customer.create(email=person.email, metadata={"signup_id": str(uuid.uuid4()), "account": "gone"})


def leave_leftovers(person):
    orphan = stripe.Customer.create(email=person.email, metadata={"signup_id": "an-earlier-one"})
    person.set_intent(supersedes=[{"email": person.email, "signup_id": "an-earlier-one", "stripe_id": orphan.id}])


def delete_both(first, second):
    def breaks(person):
        first(person)
        second(person)
    return breaks


def row(pk, sk):
    return lambda person: person.delete(pk, sk)


# name, how far, what breaks it, the finding, its symptom
CASES = [
    ("Stripe was down", None, stripe_is_down, "signup_stopped", "Stripe failure"),
    ("the user record was not written", None, dynamodb_fails("UpdateItem", match="email_verified"), "signup_stopped",
     "Signup failing"),
    ("the account was not written", None, dynamodb_fails("TransactWriteItems"), "signup_stopped", "Stripe failure"),
    ("the server died", None, the_server_died, "signup_stopped", "Stripe failure"),
    ("Cognito never knew the user", None, cognito_never_knew, "signup_stopped", "Signup failing"),
    ("the card was declined", None, lambda person: person.sign_up(402, stripe_token="tok_chargeDeclined"),
     "card_declined", "Stripe failure"),
    ("the code was not mailed", None, mail_failed, "code_not_sent", "No verification email"),
    ("nobody knows the unconfirmed user", "signed up", Person.forget_intent, "unconfirmed_unknown",
     "User already exists"),
    ("an earlier sign-up left traces", "signed up", leave_leftovers, "leftovers", "User already exists"),
    ("the answer to the code was lost", "signed up", confirm_answer_lost, "confirmation_untold",
     "Account created but can't login"),
    ("confirm could not tell Cognito", "signed up", confirm_cannot_tell, "message_waiting",
     "Account created but can't login"),
    ("a message was put aside", "signed up", put_dead_letter, "message_dead", "Account created but can't login"),
    ("the user record is gone", "confirmed", row("USER#{0.sub}", "DETAILS"), "user_without_row",
     "User already exists"),
    ("the account is gone", "confirmed", Person.delete_account, "row_without_account",
     "Account created but can't login"),
    ("the account is gone and its sign-up forgotten", "confirmed",
     delete_both(Person.delete_account, Person.forget_intent), "row_without_account",
     "Account created but can't login"),
    ("only the account's record is gone", "confirmed", row("ACCOUNT#{0.account}", "DETAILS"),
     "membership_without_account", "Account created but can't login"),
    ("the user's half is gone", "confirmed", row("USER#{0.sub}", "ACCOUNT#{0.account}"), "half_membership",
     "Account created but can't login"),
    ("the account's half is gone", "confirmed", row("ACCOUNT#{0.account}", "USER#{0.sub}"), "half_membership",
     "Account created but can't login"),
    ("the customer is gone", "confirmed", lambda person: person.customer().delete(), "account_without_customer",
     "Stripe failure"),
    ("the customer and the sign-up are gone", "confirmed",
     delete_both(lambda person: person.customer().delete(), Person.forget_intent), "account_without_customer",
     "Stripe failure"),
    ("an orphan customer", "confirmed", add_orphan, "orphan_customer", "Stripe failure"),
    ("Cognito says unverified", "confirmed", lambda person: person.set_verified(cognito_says="false"),
     "email_verified_differs", "Account created but can't login"),
    ("DynamoDB says unverified", "confirmed", lambda person: person.set_verified(dynamodb_says=False),
     "email_verified_differs", "Account created but can't login"),
]


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
                self.addCleanup(disarm)
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


class Reconcile(unittest.TestCase):
    """On a sandbox of its own, where nothing else is broken."""

    BROKEN = {"the user record is gone", "the account is gone", "the user's half is gone",
              "the account's half is gone", "the customer is gone", "DynamoDB says unverified", "Stripe was down",
              "the account is gone and its sign-up forgotten", "nobody knows the unconfirmed user"}

    def setUp(self):
        global ready, stores, table, cognito
        kept = ready, stores, table, cognito
        own = Usher()
        ready, stores = own.ready, Stores(own.ready)
        table, cognito = stores.table, stores.cognito

        def restore():
            global ready, stores, table, cognito
            own.stop()
            cognito.close()
            table.meta.client.close()
            ready, stores, table, cognito = kept
            stripe.api_base = ready["sandbox"]["stripe"]

        self.addCleanup(restore)

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
        cognito.admin_delete_user(UserPoolId=pool, Username=gone.email)
        expected[gone.email] = "row_without_user"
        traces = Person("confirmed")  # of whom not even the record is left, so that nobody knows the address
        sub = stores.user(traces.email)["sub"]
        cognito.admin_delete_user(UserPoolId=pool, Username=traces.email)
        stores.table.delete_item(Key={"pk": "USER#" + sub, "sk": "DETAILS"})
        expected[None] = "row_without_user"

        before = stores.snapshot()
        code, report = self.reconcile()
        self.assertEqual((code, report["complete"], report["dry_run"]), (1, True, True))
        self.assertEqual({person.get("email"): person["findings"][0]["kind"] for person in report["people"]}, expected)
        self.assertEqual(stores.snapshot(), before)
        self.assertEqual(report["looked_at"]["users"], len(stores.users()))
        self.assertEqual(report["looked_at"]["rows"], len(stores.rows()))

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
            cognito.admin_create_user(UserPoolId=pool, Username=f"u{number}@example.com", MessageAction="SUPPRESS")
        with tempfile.TemporaryDirectory() as folder:
            state = os.path.join(folder, "state.json")
            process = subprocess.Popen([BINARY, "reconcile", ready["config"], "--json", "--state", state, "--rate", "30"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.assertRegex(process.stderr.readline(), r"^reconcile: users, \d+ looked at")
            process.send_signal(signal.SIGINT)
            text, _ = process.communicate(timeout=PATIENCE)
            first = json.loads(text)
            self.assertEqual((process.returncode, first["complete"]), (1, False))
            self.assertTrue(os.path.exists(state))
            self.assertEqual(first["looked_at"]["users"] % 20, 0)

            code, second = self.reconcile("--state", state)
            self.assertTrue(second["complete"])
            self.assertEqual(second["looked_at"]["users"], 45)
            self.assertEqual(second["people"][:len(first["people"])], first["people"])
            self.assertEqual(len({person["email"] for person in second["people"]}), 45)
            self.assertFalse(os.path.exists(state))

    def test_a_state_that_is_none(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write("[]")
            file.flush()
            done = subprocess.run([BINARY, "reconcile", ready["config"], "--state", file.name], capture_output=True,
                                  text=True)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, re.escape(file.name) + " is not a state file")


if __name__ == "__main__":
    unittest.main()
