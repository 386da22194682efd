# SPDX-License-Identifier: MIT
"""What each vendor's refusal means for a sign-up: the answer, the metric, what is there afterwards, and that the same
request again ends well. Rows of data; what breaks in general is the fault matrix's."""
import itertools
import re
import unittest

from door import CONFIRM, SIGNUP, Browser, Sandbox, Stores, form, metrics, usher

numbers = itertools.count(1)
one = ready = stores = sandbox = None
SECRET = "Vendor's own words about jane@corp.example"


def setUpModule():
    global one, ready, stores, sandbox
    one = usher("{ signup = { lease = 5 }, outbox = { interval = 3600 }, attempts = { per_address = 0, per_email = 0 } }")
    ready, stores, sandbox = one.ready, Stores(one.ready), Sandbox(one.ready)


def tearDownModule():
    one.stop()


def counts():
    """{"SIGNUP_ERROR cognito": 1, …}"""
    text = metrics(ready)
    found = re.findall(r'^((?:SIGNUP|INCONSISTENT)_[A-Z_]+)\{.*method="email",step="(\w+)"\} (\d+)$', text, re.M)
    return {f"{name} {step}": int(value) for name, step, value in found}


def refusal(code, status=400, message=SECRET):
    return {"code": code, "status": status, "message": message}


SUCCESS, ALWAYS = "SIGNUP_SUCCESS done", 1000
NO_CODE, CODE = False, True
PASSWORD = "Password did not conform with policy: Password must have uppercase characters"

# Cognito's SignUp: kind, error, how often · status · the metric that counts one · fields, or code_sent · how many SignUps
SIGN_UP = [
    ("refuse", refusal("InvalidPasswordException", message=PASSWORD), 1, 422, "SIGNUP_FAILURE cognito",
     {"password": ["password_needs_uppercase"]}, 1),
    ("refuse", refusal("InvalidParameterException"), 1, 422, "SIGNUP_FAILURE cognito",
     {"email": ["email_not_accepted"]}, 1),
    ("refuse", refusal("UserLambdaValidationException"), 1, 422, "SIGNUP_FAILURE cognito",
     {"email": ["email_not_accepted"]}, 1),
    ("error_after", refusal("LimitExceededException"), 1, 201, SUCCESS, NO_CODE, 1),
    ("error_after", refusal("CodeDeliveryFailureException"), 1, 201, SUCCESS, NO_CODE, 1),
    ("refuse", refusal("LimitExceededException"), 1, 503, "SIGNUP_ERROR cognito", None, 1),
    ("refuse", refusal("TooManyRequestsException"), 1, 201, SUCCESS, CODE, 2),
    ("refuse", refusal("InternalErrorException", 500), 1, 201, SUCCESS, CODE, 2),
    ("refuse", refusal("InternalErrorException", 500), ALWAYS, 503, "SIGNUP_ERROR cognito", None, None),
    ("lost_answer", None, 1, 201, SUCCESS, CODE, 1),
    ("error_after", refusal("InternalErrorException", 500), 1, 201, SUCCESS, CODE, 1),
]

# Another call, its error, how often: the answer, and the metrics that count one.
INCONSISTENT = "INCONSISTENT_ACCOUNT_STORES "
OTHERS = [
    ("stripe", "create_customer", refusal("idempotency_key_in_use", 409), 1, 201, [SUCCESS]),
    ("stripe", "create_customer", refusal("rate_limit", 429), 1, 201, [SUCCESS]),
    ("stripe", "create_customer", refusal("rate_limit", 429), ALWAYS, 503, ["SIGNUP_ERROR stripe", INCONSISTENT + "stripe"]),
    ("stripe", "create_customer", refusal("api_error", 500), 1, 201, [SUCCESS]),
    ("stripe", "attach_payment_method", refusal("lock_timeout", 429), 1, 201, [SUCCESS]),
    ("dynamodb", "TransactWriteItems", refusal("ProvisionedThroughputExceededException"), 1, 201, [SUCCESS]),
    ("dynamodb", "TransactWriteItems", refusal("ThrottlingException"), 1, 201, [SUCCESS]),
    ("dynamodb", "TransactWriteItems", refusal("TransactionInProgressException"), 1, 201, [SUCCESS]),
    ("dynamodb", "TransactWriteItems", refusal("TransactionConflictException"), 1, 201, [SUCCESS]),
    ("dynamodb", "TransactWriteItems", refusal("InternalServerError", 500), 1, 201, [SUCCESS]),
    ("dynamodb", "TransactWriteItems", refusal("ThrottlingException"), ALWAYS, 503,
     ["SIGNUP_ERROR account", INCONSISTENT + "account"]),
    ("dynamodb", "PutItem", refusal("ThrottlingException"), ALWAYS, 503, ["SIGNUP_ERROR intent"]),
    ("dynamodb", "UpdateItem", refusal("AccessDeniedException"), ALWAYS, 503,
     ["SIGNUP_ERROR cognito", "INCONSISTENT_USER_STORES cognito"]),
]


class Failures(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.addCleanup(sandbox.clear)

    def play(self, service, operation, kind, error, count):
        """-> the person's e-mail, their browser, the answer, which metrics counted, how often the call was made"""
        email, jane = f"jane.{next(numbers)}@example.com", Browser(ready["url"])
        before, last = counts(), sandbox.last()
        sandbox.arm(service, operation, kind, count=count, **({"error": error} if error else {}))
        answer = jane.post(SIGNUP, form(email), Idempotency_Key="k-" + email)
        sandbox.clear()
        counted = {name: value - before.get(name, 0) for name, value in counts().items()}
        calls = [name for _, name in sandbox.calls(last)].count(f"{service} {operation}")
        self.assertNotIn("Vendor", answer.text)
        self.assertNotIn("corp.example", answer.text)
        return email, jane, answer, {name: value for name, value in counted.items() if value}, calls

    def ends_well(self, email, jane, code_sent):
        """The same request again, and the code."""
        def send():
            return jane.post(SIGNUP, form(email), Idempotency_Key="k-" + email)
        again = next(answer for answer in iter(send, None) if answer.status != 409)  # until the lease ends
        self.assertEqual(again.status, 201, again.text)
        self.assertEqual(stores.whole(email), again.json["visible_account_id"])
        if code_sent:
            self.assertEqual(jane.post(CONFIRM, {"email": email, "code": stores.code(email)}).status, 200)

    def test_sign_up(self):
        for kind, error, count, status, metric, told, tries in SIGN_UP:
            with self.subTest(f"{error and error['code']} {kind} {count}"):
                email, jane, answer, counted, calls = self.play("cognito", "SignUp", kind, error, count)
                self.assertEqual(answer.status, status, answer.text)
                self.assertEqual(counted, {metric: 1})
                if tries:
                    self.assertEqual(calls, tries)
                if status == 422:
                    self.assertEqual(answer.fields, told)
                    self.assertIsNone(stores.user(email))
                    self.assertEqual(stores.customers(email), [])
                if status == 201:
                    self.assertIs(answer.json["code_sent"], told)
                self.ends_well(email, jane, told is not NO_CODE)

    def test_others(self):
        for service, operation, error, count, status, metrics in OTHERS:
            with self.subTest(f"{operation} {error['code']} {count}"):
                email, jane, answer, counted, _ = self.play(service, operation, "refuse", error, count)
                self.assertEqual(answer.status, status, answer.text)
                self.assertEqual(counted, dict.fromkeys(metrics, 1))
                if status == 503:
                    self.assertEqual(answer.code, "try_again")
                    self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
                self.ends_well(email, jane, True)

    def test_a_failure_that_stripe_keeps(self):
        """Under a key that is spent nothing more can be had: the same request goes on with another one."""
        for operation in ("create_customer", "create_payment_method", "attach_payment_method", "update_customer"):
            with self.subTest(operation):
                email, jane, answer, counted, _ = self.play("stripe", operation, "error_after", refusal("api_error", 500), 1)
                self.assertEqual((answer.status, counted), (201, {SUCCESS: 1}), answer.text)
                self.ends_well(email, jane, True)

    def test_a_declined_card(self):
        """User and customer stay; three tokens at most, one text for each."""
        email, jane = "cards@example.com", Browser(ready["url"])
        texts, before = set(), counts()
        for card in ("tok_chargeDeclined", "tok_chargeDeclinedExpiredCard", "tok_chargeDeclinedInsufficientFunds"):
            answer = jane.post(SIGNUP, form(email, stripe_token=card))
            self.assertEqual((answer.status, answer.code), (402, "card_not_accepted"))
            texts.add(re.sub(r'"request_id":"[^"]*"', "", answer.text))
            self.assertEqual((stores.user(email)["status"], len(stores.customers(email))), ("UNCONFIRMED", 1))
        self.assertEqual(len(texts), 1)
        self.assertEqual(jane.post(SIGNUP, form(email)).status, 402)
        self.assertEqual(counts()["SIGNUP_FAILURE stripe"], before.get("SIGNUP_FAILURE stripe", 0) + 4)


if __name__ == "__main__":
    unittest.main()
