# SPDX-License-Identifier: MIT
"""When Cognito knows the address already: each row of the table, as data, looked at in the three stores.

A row is what is there, who comes, and what must happen: resume (the same sign-up goes on), replay (the same answer),
supersede (the old one is gone, never handed over), complete (an account for a confirmed user), taken (nothing).
"""
import base64
import hmac
import itertools
import sqlite3
import tempfile
import unittest

from door import CONFIRM, SIGNUP, Browser, Sandbox, Stores, fixture, form, usher
from sso import Browser as Visitor, person

FIRST, SECOND = "F1rst-Horse!", "S3cond-Horse!"
BROKEN = {"code": "ValidationException", "status": 400}
numbers = itertools.count(1)
one = ready = stores = sandbox = folder = None


def setUpModule():
    global one, ready, stores, sandbox, folder
    folder = tempfile.TemporaryDirectory()
    one = usher("{ signup = { lease = 1 }, outbox = { interval = 3600 } }", "--data", folder.name)
    ready, stores, sandbox = one.ready, Stores(one.ready), Sandbox(one.ready)


def tearDownModule():
    one.stop()
    folder.cleanup()


class Case:
    """One address, the browser that was there first, and what it sent."""

    def __init__(self):
        self.email = f"ada.{next(numbers)}@example.com"
        self.browser, self.key = Browser(ready["url"]), "k-" + self.email
        self.body, self.answer = form(self.email, password=FIRST), None

    def send(self, **changes):
        self.answer = self.browser.post(SIGNUP, {**self.body, **changes}, Idempotency_Key=self.key)
        return self.answer.status

    def row(self, kind):
        """The keys of this address's rows of that kind: INTENT, DETAILS, ACCOUNT#…"""
        sub = (stores.user(self.email) or {}).get("sub", "nobody")
        return [key for key, row in stores.rows().items() if key[1].startswith(kind) and (
            row.get("form", {}).get("email") == self.email or sub in key[0] or row.get("owner") == sub)]

    def forget(self, *kinds):
        for kind in kinds:
            for pk, sk in self.row(kind):
                stores.table.delete_item(Key={"pk": pk, "sk": sk})


# --- what is there ---

def half_at_the_card(case):
    assert case.send(stripe_token="tok_chargeDeclined") == 402


def half_at_the_account(case):
    sandbox.arm("dynamodb", "TransactWriteItems", "refuse", error=BROKEN)
    assert case.send() == 503, case.answer.text


def half_and_not_stored(case):
    """Cognito has the user; the intent does not say so, because no answer came and nobody could look."""
    sandbox.arm("cognito", "SignUp", "error_after", error={"code": "InternalErrorException", "status": 500})
    sandbox.arm("cognito", "AdminGetUser", "refuse", count=9, error={"code": "InternalErrorException", "status": 500})
    assert case.send() == 503
    sandbox.clear()


def done(case):
    assert case.send() == 201


def remove_user(case):
    """Somebody does so by hand."""
    case.removed = stores.user(case.email)
    stores.cognito.admin_delete_user(UserPoolId=ready["user_pool_id"], Username=case.email)


def done_and_user_removed(case):
    done(case)
    remove_user(case)


def half_and_user_removed(case):
    half_at_the_account(case)
    remove_user(case)


def done_and_forgotten(case):
    done(case)
    case.forget("INTENT")


def secret_hash(name):
    mac = hmac.digest(ready["client_secret"].encode(), (name + ready["client_id"]).encode(), "sha256")
    return base64.b64encode(mac).decode()


def no_intent(case):
    """Somebody signed up elsewhere with the same pool."""
    stores.cognito.sign_up(ClientId=ready["client_id"], Username=case.email, Password=FIRST,
                           UserAttributes=[{"Name": "email", "Value": case.email}], SecretHash=secret_hash(case.email))


def confirmed(case):
    done(case)
    assert case.browser.post(CONFIRM, {"email": case.email, "code": stores.code(case.email)}).status == 200


def confirmed_and_forgotten(case):
    confirmed(case)
    case.forget("INTENT")


def confirmed_without_account(case):
    """Only the user is there, as an older system left it."""
    no_intent(case)
    stores.cognito.admin_confirm_sign_up(UserPoolId=ready["user_pool_id"], Username=case.email)


def confirmed_half_way(case):
    """The code was good, the account is missing, the intent knows."""
    half_at_the_account(case)
    sandbox.arm("dynamodb", "TransactWriteItems", "refuse", error=BROKEN)
    assert case.browser.post(CONFIRM, {"email": case.email, "code": stores.code(case.email)}).status == 200


def confirmed_and_account_gone(case):
    """Somebody has removed the account, and left the user and the customer."""
    confirmed(case)
    account = case.answer.json["visible_account_id"]
    for pk, sk in stores.rows():
        if account in pk + sk:
            stores.table.delete_item(Key={"pk": pk, "sk": sk})


def disabled(case):
    done(case)
    stores.cognito.admin_disable_user(UserPoolId=ready["user_pool_id"], Username=case.email)


def external(case):
    no_intent(case)
    with sqlite3.connect(folder.name + "/sandbox.db") as db:
        db.execute("UPDATE cognito_users SET status = 'EXTERNAL_PROVIDER' WHERE email_key = ?", (case.email,))


# --- who comes -> the answer ---

def with_proof(case):
    return case.browser.post(SIGNUP, case.body)


def with_token(case):
    token = case.browser.cookies["__Host-usher_signup"]
    return Browser(ready["url"]).post(SIGNUP, {**case.body, "signup_token": token})


def with_key(case):
    return Browser(ready["url"]).post(SIGNUP, case.body, Idempotency_Key=case.key)


def stranger(case):
    case.second = Browser(ready["url"])
    return case.second.post(SIGNUP, form(case.email, name="Eve", password=SECOND), Idempotency_Key="x" + case.key)


def with_the_password(case):
    case.second = Browser(ready["url"])
    return case.second.post(SIGNUP, form(case.email, name="Eve", password=FIRST))


OURS, OTHERS = (with_proof, with_token, with_key), (stranger, with_the_password)

ROWS = [
    *[(there, who, "resume") for there in (half_at_the_card, half_at_the_account, half_and_not_stored)
      for who in OURS],
    *[(done, who, "replay") for who in OURS],
    *[(there, who, "begin_anew") for there in (done_and_user_removed, half_and_user_removed) for who in OURS],
    *[(there, who, "supersede") for who in OTHERS
      for there in (half_at_the_card, half_at_the_account, half_and_not_stored, done, done_and_forgotten, no_intent)],
    (done_and_forgotten, with_proof, "supersede"),
    *[(confirmed, who, "replay") for who in OURS],
    *[(there, who, "taken") for there in (confirmed, confirmed_and_forgotten) for who in OTHERS],
    (confirmed_and_forgotten, with_proof, "taken"),
    (confirmed_without_account, with_the_password, "complete"),
    (confirmed_without_account, stranger, "taken"),
    (confirmed_half_way, stranger, "taken"),
    (confirmed_and_account_gone, with_the_password, "complete"),
    (confirmed_and_account_gone, stranger, "taken"),
    *[(disabled, who, "replay") for who in OURS],
    *[(disabled, who, "taken") for who in OTHERS],
    *[(confirmed_half_way, who, "complete") for who in OURS + (with_the_password,)],
    *[(external, who, "google") for who in OTHERS],
]


class Exists(unittest.TestCase):
    maxDiff = None

    def test_rows(self):
        for there, who, effect in ROWS:
            with self.subTest(f"{there.__name__}, {who.__name__}: {effect}"):
                case = Case()
                there(case)
                before = stores.snapshot(), stores.user(case.email), len(stores.mails(case.email)), sandbox.last()
                answer = who(case)
                called = sandbox.calls(before[-1])
                getattr(self, "check_" + effect)(case, answer, *before[:-1], [name for _, name in called])

    def test_the_next_authenticated_call_completes_it(self):
        """A confirmed user without an account, who signs in with the password and asks for the API key."""
        case = Case()
        confirmed_without_account(case)
        stores.cognito.admin_update_user_attributes(UserPoolId=ready["user_pool_id"], Username=case.email, UserAttributes=[
            {"Name": "email_verified", "Value": "true"}])
        answers = [self.api_key(case, name) for name in ("AccessToken", "IdToken")]
        self.assertEqual([answer.status for answer in answers], [200, 200], answers[0].text)
        self.assertEqual(["secret" in answer.json["api_key"] for answer in answers], [True, False])
        self.assertEqual(stores.whole(case.email), answers[0].json["visible_account_id"])
        user = stores.rows()["USER#" + stores.user(case.email)["sub"], "DETAILS"]
        self.assertEqual((user["signup_method"], user["email_verified"]), ("email", True))

    def test_a_removal_that_stopped_half_way(self):
        """Google's user pushes the unconfirmed one out of its way, and the last write fails: who has the key of that
        sign-up begins anew, and is not told that all is well."""
        for who in OURS + OTHERS:
            with self.subTest(who.__name__):
                case = Case()
                done(case)
                google = Visitor(ready)
                sandbox.arm("dynamodb", "DeleteItem", "refuse", count=9, error=BROKEN)
                self.assertEqual(google.sign_in(person(email=case.email)).query, {"error": "try_again"})
                sandbox.clear()
                self.assertIsNone(stores.user(case.email))
                answer = fixture.until(lambda: next(iter(a for a in [who(case)] if a.status != 409), None), "the lease")
                self.assertEqual(answer.status, 201, answer.text)
                self.assertEqual(stores.whole(case.email), answer.json["visible_account_id"])

    def test_a_password_proves_no_address(self):
        """An administrator has confirmed the user; nobody has shown whose the address is."""
        case = Case()
        confirmed_without_account(case)
        answer = with_the_password(case)
        self.assertEqual((answer.status, answer.json["next"]), (201, "sign_in"), answer.text)
        for _ in range(2):
            user = stores.user(case.email)
            self.assertNotEqual(user.get("email_verified"), "true")
            self.assertIs(stores.rows()["USER#" + user["sub"], "DETAILS"]["email_verified"], False)
            self.assertEqual(case.second.post(CONFIRM, {"email": case.email, "code": "123456"}).status, 200)

    def test_an_operator_has_disabled_the_user(self):
        """The browser that signed up is told, whatever it sends."""
        case = Case()
        disabled(case)
        answer = case.browser.post(SIGNUP, form(case.email, password=SECOND))
        self.assertEqual((answer.status, answer.code), (403, "account_disabled"), answer.text)

    def test_the_account_of_who_signs_in_is_made_anew(self):
        case = Case()
        confirmed_and_account_gone(case)
        self.assertEqual(self.api_key(case).status, 200)
        self.assertEqual(stores.whole(case.email), case.answer.json["visible_account_id"])

    def api_key(self, case, token="IdToken"):
        tokens = stores.cognito.initiate_auth(ClientId=ready["client_id"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters={
            "USERNAME": case.email, "PASSWORD": FIRST, "SECRET_HASH": secret_hash(case.email)})["AuthenticationResult"]
        return Browser(ready["url"]).post("/api/account/api_key", {}, Authorization="Bearer " + tokens[token])

    def test_who_belongs_to_another_account_has_no_key(self):
        case = Case()
        confirmed_and_account_gone(case)
        stores.table.put_item(Item={"pk": "USER#" + stores.user(case.email)["sub"], "sk": "ACCOUNT#another",
                                    "role": "MEMBER", "status": "ACTIVE"})
        answer = self.api_key(case)
        self.assertEqual((answer.status, answer.code), (404, "not_found"), answer.text)

    def check_resume(self, case, answer, before, user, mails, _):
        self.assertEqual(answer.status, 201, answer.text)
        self.assertEqual(stores.user(case.email), user)
        self.assertEqual(len(stores.mails(case.email)), mails)
        self.assertEqual(stores.whole(case.email), answer.json["visible_account_id"])
        if case.answer.headers["Set-Cookie"]:
            self.assertIn(answer.json["signup_token"], case.answer.headers["Set-Cookie"])

    def check_replay(self, case, answer, before, *_):
        self.assertEqual((answer.status, answer.text), (201, case.answer.text))
        self.assertEqual(stores.snapshot(), before)

    def check_supersede(self, case, answer, before, user, mails, _):
        self.assertEqual(answer.status, 201, answer.text)
        now = stores.user(case.email)
        self.assertNotEqual(now["sub"], user["sub"])
        self.assertEqual(len(stores.mails(case.email)), mails + 1)
        self.assertEqual(stores.whole(case.email), answer.json["visible_account_id"])
        self.assertEqual([key for key in stores.rows() if user["sub"] in key[0] + key[1]], [])
        self.assertNotIn(user["username"], stores.users())
        if case.answer is not None and case.answer.status == 201:
            self.assertNotEqual(answer.json["visible_account_id"], case.answer.json["visible_account_id"])
        if not hasattr(case, "second"):
            return
        old = Browser(ready["url"])
        old.cookies = {name: value for name, value in case.browser.cookies.items()}
        refused = old.post(CONFIRM, {"email": case.email, "code": stores.code(case.email)})
        self.assertEqual((refused.status, refused.code), (422, "signup_superseded"))
        good = case.second.post(CONFIRM, {"email": case.email, "code": stores.code(case.email)})
        self.assertEqual(good.status, 200, good.text)

    def check_begin_anew(self, case, answer, before, _, mails, called):
        self.check_supersede(case, answer, before, case.removed, mails, called)
        token = answer.json["signup_token"]
        self.assertEqual(case.browser.post(SIGNUP, {**case.body, "signup_token": token}).text, answer.text)
        good = {"email": case.email, "code": stores.code(case.email), "signup_token": token}
        self.assertEqual(case.browser.post(CONFIRM, good).status, 200)

    def check_taken(self, case, answer, before, user, mails, called, message="Please sign in."):
        self.assertEqual((answer.status, answer.code), (409, "account_exists"))
        self.assertIn(message, answer.json["error"]["message"])
        self.assertIsNone(answer.headers["Set-Cookie"])
        rows, users, customers = stores.snapshot()
        keys = {key: row for key, row in rows.items() if not key[0].startswith("IDEMPOTENCY#")}
        self.assertEqual((keys, users, customers), (
            {key: row for key, row in before[0].items() if not key[0].startswith("IDEMPOTENCY#")}, *before[1:]))
        self.assertEqual((stores.user(case.email), len(stores.mails(case.email))), (user, mails))
        self.assertEqual([name for name in called if name.startswith("stripe")], [])

    def check_google(self, *args):
        self.check_taken(*args, message="Google")

    def check_complete(self, case, answer, before, user, mails, _):
        self.assertEqual(answer.status, 201, answer.text)
        now = stores.user(case.email)
        self.assertEqual((now["sub"], now["status"]), (user["sub"], "CONFIRMED"))
        self.assertEqual(stores.whole(case.email), answer.json["visible_account_id"])
        self.assertEqual(len(stores.mails(case.email)), mails)
        self.assertTrue(stores.signs_in(case.email, FIRST))
        self.assertFalse(stores.signs_in(case.email, SECOND))


if __name__ == "__main__":
    unittest.main()
