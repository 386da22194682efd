# SPDX-License-Identifier: MIT
"""The confirmation, step by step: what goes wrong at each, what the visitor is told, and what is there afterwards."""
import itertools
import re
import unittest

from door import CONFIRM, RESEND, SIGNUP, Browser, Sandbox, Stores, form, metric, usher

numbers = itertools.count(1)
one = ready = stores = sandbox = None
BROKEN = {"code": "ValidationException", "status": 400}


def setUpModule():
    global one, ready, stores, sandbox
    one = usher("{ signup = { lease = 1 }, resend = { interval = 0 } }")
    ready, stores, sandbox = one.ready, Stores(one.ready), Sandbox(one.ready)


def tearDownModule():
    one.stop()


class Case:
    def __init__(self, url=None):
        self.email, self.browser = f"ada.{next(numbers)}@example.com", Browser(url or ready["url"])
        self.stores = stores

    def sign_up(self):
        return self.browser.post(SIGNUP, form(self.email))

    def confirm(self, code=None):
        return self.browser.post(CONFIRM, {"email": self.email, "code": code or self.stores.code(self.email)})

    def resend(self):
        return self.browser.post(RESEND, {"email": self.email})

    def wrong(self):
        codes = {mail["code"] for mail in self.stores.mails(self.email)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in codes)


def lambda_failed(what):
    return {"code": "UserLambdaValidationException", "status": 400, "message": f"PostConfirmation failed with error {what}."}


# What breaks while a good code is on its way: (service, operation, kind, error, status, metrics that count one more,
# is the secret shown?). Afterwards the same request again ends well in any case.
FAULTS = [
    ("cognito", "ConfirmSignUp", "error_after", lambda_failed("Task timed out after 3.01 seconds"), 200,
     ["SIGNUP_CONFIRM_SUCCESS"], True),
    ("cognito", "ConfirmSignUp", "refuse", lambda_failed("no"), 503, ["SIGNUP_CONFIRM_ERROR"], False),
    ("cognito", "ConfirmSignUp", "error_after", {"code": "UnexpectedLambdaException", "status": 400}, 200,
     ["SIGNUP_CONFIRM_SUCCESS"], True),
    ("cognito", "ConfirmSignUp", "lost_answer", None, 200, ["SIGNUP_CONFIRM_SUCCESS"], True),
    ("cognito", "ConfirmSignUp", "error_after", {"code": "InternalErrorException", "status": 500}, 200,
     ["SIGNUP_CONFIRM_SUCCESS"], True),
    ("cognito", "ConfirmSignUp", "refuse", {"code": "InternalErrorException", "status": 500}, 503,
     ["SIGNUP_CONFIRM_ERROR"], False),
    ("cognito", "AdminUpdateUserAttributes", "refuse", {"code": "NotAuthorizedException", "status": 400}, 200,
     ["SIGNUP_CONFIRM_SUCCESS", "INCONSISTENT_USER_STORES"], True),
    ("dynamodb", "TransactWriteItems", "refuse", BROKEN, 200, ["SIGNUP_CONFIRM_SUCCESS"], False),
    ("dynamodb", "TransactWriteItems", "lost_answer", None, 200, ["SIGNUP_CONFIRM_SUCCESS"], True),
    ("dynamodb", "GetItem", "refuse", BROKEN, 503, ["SIGNUP_CONFIRM_ERROR"], False),
]


class Confirm(unittest.TestCase):
    def setUp(self):
        self.addCleanup(sandbox.clear)
        self.addCleanup(sandbox.reset_clock)

    def refused(self, answer, status=422, code="code_invalid_or_expired"):
        self.assertEqual((answer.status, answer.code), (status, code), answer.text)
        return re.sub(r'"request_id":"[^"]*"', "", answer.text)

    def ends_well(self, case, answer):
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual(stores.whole(case.email), answer.json["visible_account_id"])
        user = stores.user(case.email)
        self.assertEqual((user["status"], user["email_verified"]), ("CONFIRMED", "true"))
        self.assertIs(stores.rows()["USER#" + user["sub"], "DETAILS"]["email_verified"], True)

    def test_faults(self):
        for service, operation, kind, error, status, metrics, shown in FAULTS:
            with self.subTest(f"{operation} {kind} {error and error['code']}"):
                case = Case()
                self.assertEqual(case.sign_up().status, 201)
                before = [metric(ready, name) for name in metrics]
                sandbox.arm(service, operation, kind, **({"error": error} if error else {}))
                first = case.confirm()
                self.assertEqual(first.status, status, first.text)
                self.assertEqual([metric(ready, name) for name in metrics], [count + 1 for count in before])
                self.assertEqual("secret" in first.json.get("api_key", {}), shown)
                sandbox.clear()
                again = case.confirm()
                self.ends_well(case, again)
                self.assertEqual("secret" in again.json["api_key"], not shown)
                self.assertNotIn("secret", case.confirm().json["api_key"])

    def test_before_the_account_exists(self):
        for times, has_key in ((1, True), (2, False)):
            with self.subTest(times):
                case = Case()
                sandbox.arm("dynamodb", "TransactWriteItems", "refuse", count=times, error=BROKEN)
                self.assertEqual(case.sign_up().status, 503)
                answer = case.confirm()
                self.assertEqual((answer.status, "api_key" in answer.json), (200, has_key), answer.text)
                self.assertEqual(stores.user(case.email)["status"], "CONFIRMED")
                again = case.confirm()
                self.ends_well(case, again)
                self.assertEqual("secret" in again.json["api_key"], not has_key)

    def test_wrong_codes_get_one_answer_and_then_a_pause(self):
        case = Case()
        case.sign_up()
        texts = {self.refused(case.confirm(case.wrong())) for _ in range(15)}
        self.assertEqual(len(texts), 1)
        pause = case.confirm()
        self.refused(pause, 429, "too_many_attempts")
        self.assertGreaterEqual(int(pause.headers["Retry-After"]), 60)
        sandbox.advance(3601)
        self.ends_well(case, case.confirm())

    def test_wrong_old_and_unknown_are_the_same(self):
        case, other = Case(), Case()
        case.sign_up(), other.sign_up()
        texts = {self.refused(case.confirm(case.wrong()))}
        stores.cognito.admin_delete_user(UserPoolId=ready["user_pool_id"], Username=other.email)
        texts.add(self.refused(other.confirm()))
        sandbox.advance(24 * 3600 + 1)
        texts.add(self.refused(case.confirm()))
        self.assertEqual(len(texts), 1)
        self.assertEqual(case.resend().status, 202)
        self.ends_well(case, case.confirm())

    def test_a_disabled_user(self):
        case, pool = Case(), ready["user_pool_id"]
        case.sign_up()
        before = [metric(ready, name) for name in ("SIGNUP_CONFIRM_FAILURE", "SIGNUP_CONFIRM_ERROR")]
        stores.cognito.admin_disable_user(UserPoolId=pool, Username=case.email)
        texts = {self.refused(case.confirm(code), 403, "account_disabled") for code in (None, None, case.wrong())}
        self.assertEqual(len(texts), 1)
        self.assertEqual([metric(ready, name) for name in ("SIGNUP_CONFIRM_FAILURE", "SIGNUP_CONFIRM_ERROR")],
                         [before[0] + 3, before[1]])
        self.assertEqual(case.resend().status, 202)
        self.assertEqual(len(stores.mails(case.email)), 1)
        stranger = Browser(ready["url"])
        self.refused(stranger.post(CONFIRM, {"email": case.email, "code": stores.code(case.email)}), 422,
                     "signup_superseded")
        stores.cognito.admin_enable_user(UserPoolId=pool, Username=case.email)
        self.ends_well(case, case.confirm())

    def test_a_code_of_before_a_resend_is_over(self):
        case = Case()
        case.sign_up()
        old = stores.code(case.email)
        case.resend()
        self.assertNotEqual(stores.code(case.email), old)
        self.refused(case.confirm(old))
        self.ends_well(case, case.confirm())

    def test_a_code_of_a_superseded_sign_up_is_over(self):
        case = Case()
        case.sign_up()
        old, first = stores.code(case.email), case.browser
        case.browser = Browser(ready["url"])
        case.sign_up()
        case.browser, second = first, case.browser
        for code in (old, stores.code(case.email)):
            self.refused(case.confirm(code), 422, "signup_superseded")
        case.browser = second
        if stores.code(case.email) != old:
            self.refused(case.confirm(old))
        self.ends_well(case, case.confirm())

    def test_twice_and_at_once(self):
        case = Case()
        case.sign_up()
        answer = case.confirm()
        self.ends_well(case, answer)
        for code in (stores.code(case.email), case.wrong()):
            again = case.confirm(code)
            self.assertEqual((again.status, again.json["api_key"]), (200, {"id": answer.json["api_key"]["id"]}))

    def test_five_mails_an_hour(self):
        case = Case()
        case.sign_up()
        self.assertEqual({case.resend().status for _ in range(8)}, {202})
        self.assertEqual(len(stores.mails(case.email)), 1 + 5)
        self.ends_well(case, case.confirm())
        case.resend()
        self.assertEqual(len(stores.mails(case.email)), 6)

    def test_one_mail_a_minute(self):
        with usher("{}") as slow:
            case = Case(slow.ready["url"])
            case.stores = Stores(slow.ready)
            case.sign_up()
            answers = [case.resend() for _ in range(3)]
            self.assertEqual({(answer.status, answer.text) for answer in answers}, {(202, answers[0].text)})
            self.assertEqual(len(case.stores.mails(case.email)), 2)


if __name__ == "__main__":
    unittest.main()
