# SPDX-License-Identifier: MIT
"""A sandbox that is broken on purpose, for the tests of usher inspect, repair and reconcile.

Every symptom is made for real, through the vendors' own clients or by a fault in a call. CASES is the table; a case has a
name, how far the sign-up goes first, what breaks it, the kind of finding that must be among those of inspect, its symptom.
use(usher) says whose sandbox it is.
"""
import json
import subprocess
import uuid

import stripe
from door import CONFIRM, SIGNUP, Browser, Sandbox, Stores, form
from fixture import BINARY, PATIENCE

ready = stores = sandbox = table = cognito = pool = None


def use(usher):
    global ready, stores, sandbox, table, cognito, pool
    ready = usher.ready
    stores, sandbox = Stores(ready), Sandbox(ready)
    table, cognito, pool = stores.table, stores.cognito, ready["user_pool_id"]


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
    sandbox.arm(service="stripe", operation="create_customer", kind="refuse", count=9, error={"status": 500}, match=[
        person.email.replace("@", "%40")])
    person.sign_up(expect=503)
    sandbox.clear()


def dynamodb_fails(operation, **fault):
    def breaks(person):
        sandbox.arm(service="dynamodb", operation=operation, kind="refuse", count=20,
            error={"status": 400, "code": "AccessDeniedException"}, **fault)
        person.sign_up(expect=503)
        sandbox.clear()
    return breaks


def cognito_never_knew(person):
    sandbox.arm(service="cognito", operation="SignUp", kind="refuse", count=20, match=person.email,
        error={"status": 400, "code": "ResourceNotFoundException"})
    person.sign_up(expect=503)
    sandbox.clear()


def the_server_died(person):
    stripe_is_down(person)
    person.set_intent(lease_owner="a process that is gone", lease_until=1)


def mail_failed(person):
    sandbox.arm(service="cognito", operation="SignUp", kind="error_after", match=person.email,
        error={"status": 400, "code": "CodeDeliveryFailureException"})
    person.sign_up()
    sandbox.clear()


def confirm_cannot_tell(person):
    sandbox.arm(service="cognito", operation="AdminUpdateUserAttributes", kind="refuse", count=20, match=person.sub,
        error={"status": 400, "code": "AccessDeniedException"})
    person.confirm()
    sandbox.clear()


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
