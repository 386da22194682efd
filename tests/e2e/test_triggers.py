# SPDX-License-Identifier: MIT
"""Cognito's triggers beside a sign-up: what they refuse, what Slack is told, and that their failures stay their own."""
import itertools
import json
import tempfile
import unittest
import urllib.parse
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

import door
from door import CONFIRM, SIGNUP, Browser, Sandbox, Stores, form
from fixture import PATIENCE, until
from runtime_api import Function

PRE, POST = "usher-dev-PreSignUp", "usher-dev-PostConfirmation"
SETTINGS = """{
  triggers = { deny = { "denied.example" }, call_timeout = 4, timeout = 30 },
  outbox = { interval = 0.1, first_delay = 0.1, lease = 10 },
  slack = { timeout = 0.5 },
}"""

usher = ready = stores = sandbox = None
numbers = itertools.count(1)


def setUpModule():
    global usher, ready, stores, sandbox
    usher = door.usher(SETTINGS)
    unittest.addModuleCleanup(usher.stop)
    ready = usher.ready
    stores, sandbox = Stores(ready), Sandbox(ready)


def client(service, name):
    return boto3.client(service, endpoint_url=ready["sandbox"][name], region_name=ready["region"],
                        aws_access_key_id=ready["access_key_id"], aws_secret_access_key=ready["secret_access_key"],
                        config=botocore.config.Config(retries={"max_attempts": 0}, read_timeout=PATIENCE))


def slack():
    return [message["text"] for message in sandbox.ask("GET", "/slack")]


class Case(unittest.TestCase):
    def setUp(self):
        self.email = f"ada.{next(numbers)}@example.com"
        self.browser = Browser(ready["url"])
        for name in (PRE, POST):
            self.addCleanup(sandbox.ask, "POST", "/lambda/" + name, {"fault": None, "out_of_process": False})
        usher.wait_for_triggers(PATIENCE)
        self.addCleanup(sandbox.ask, "DELETE", "/faults")
        sandbox.ask("DELETE", "/slack")

    def sign_up(self, email=None, **changes):
        return self.browser.post(SIGNUP, form(email or self.email, **changes))

    def confirm(self, email=None):
        email = email or self.email
        mails = sandbox.ask("GET", "/mailbox?to=" + urllib.parse.quote(email))
        return self.browser.post(CONFIRM, {"email": email, "code": mails[0]["code"]})

    def invocations(self, name):
        return next(fn["invocations"] for fn in sandbox.ask("GET", "/lambda") if fn["name"] == name)

    def outbox(self):
        return [row for key, row in stores.rows().items() if key[0].startswith("OUTBOX#") and "kind" in row]


class SignUp(Case):
    def test_runs_before_and_after(self):
        before = self.invocations(PRE), self.invocations(POST)
        self.assertEqual(self.sign_up().status, 201)
        self.assertEqual((self.invocations(PRE), self.invocations(POST)), (before[0] + 1, before[1]))
        self.assertEqual(self.confirm().status, 200)
        self.assertEqual((self.invocations(PRE), self.invocations(POST)), (before[0] + 1, before[1] + 1))
        self.assertEqual(slack(), [f"New customer: Ada Lovelace ({self.email}), dev"])
        self.assertEqual(self.outbox(), [])

    def test_refused_domains(self):
        for domain in ("denied.example", "yopmail.com", "DENIED.example"):
            answer = self.sign_up(f"ada@{domain}")
            self.assertEqual((answer.status, answer.fields), (422, {"email": ["email_not_accepted"]}), domain)
        self.assertEqual(self.sign_up("ada@not-denied.example").status, 201)

    def test_internal_domains_are_not_news(self):
        for domain, news in (("marqo.ai", 0), ("s2search.io", 0), ("mailinator.com", 0), ("notmarqo.ai", 1)):
            self.browser = Browser(ready["url"])
            email = f"ada.{next(numbers)}@{domain}"
            self.assertEqual(self.sign_up(email).status, 201)
            self.assertEqual(self.confirm(email).status, 200)
            self.assertEqual(len(slack()), news, domain)

    def test_typed_text_is_text(self):
        self.assertEqual(self.sign_up(name="<!channel> & co").status, 201)
        self.assertEqual(self.confirm().status, 200)
        self.assertEqual(slack(), [f"New customer: &lt;!channel&gt; &amp; co ({self.email}), dev"])


class SlackDown(Case):
    def later(self, fault):
        sandbox.ask("POST", "/faults", {"service": "slack", "operation": "post", **fault})
        self.assertEqual(self.sign_up().status, 201)
        self.assertEqual(self.confirm().status, 200)
        until(lambda: slack() == [f"New customer: Ada Lovelace ({self.email}), dev"])
        until(lambda: not self.outbox())

    def test_errors(self):
        self.later({"kind": "refuse", "count": 4, "error": {"status": 500}})

    def test_too_many_requests(self):
        self.later({"kind": "refuse", "count": 1, "error": {"status": 429, "retry_after": 1}})

    def test_reset(self):
        self.later({"kind": "reset_before", "count": 1})

    def test_hang(self):
        self.later({"kind": "hang_before", "count": 1})

    def test_gone_for_good(self):
        sandbox.ask("POST", "/faults", {"service": "slack", "operation": "post", "kind": "refuse", "count": 100,
                                 "error": {"status": 404}})
        self.assertEqual(self.sign_up().status, 201)
        self.assertEqual(self.confirm().status, 200)
        until(lambda: [row["state"] for row in self.outbox()] == ["DEAD"])
        sandbox.ask("DELETE", "/faults")
        self.assertEqual(slack(), [])
        for key, row in stores.rows().items():
            if row.get("state") == "DEAD":
                stores.table.delete_item(Key={"pk": key[0], "sk": key[1]})

    def test_the_address_is_in_no_log(self):
        sandbox.ask("POST", "/faults", {"service": "slack", "operation": "post", "kind": "refuse", "count": 1,
                                 "error": {"status": 500}})
        self.assertEqual(self.sign_up().status, 201)
        self.assertEqual(self.confirm().status, 200)
        until(lambda: slack() != [])
        self.assertNotIn(ready["slack_path"].rsplit("/", 1)[1], usher.log())


class Failures(Case):
    """The pool's own view: what Cognito says when a trigger fails."""

    def setUp(self):
        super().setUp()
        self.cognito = client("cognito-idp", "cognito")
        made = self.cognito.create_user_pool(
            PoolName="triggers", UsernameAttributes=["email"], AutoVerifiedAttributes=["email"],
            LambdaConfig={"PreSignUp": f"arn:aws:lambda:us-east-1:123456789012:function:{PRE}",
                          "PostConfirmation": f"arn:aws:lambda:us-east-1:123456789012:function:{POST}:$LATEST"})
        self.pool = made["UserPool"]["Id"]
        self.app = self.cognito.create_user_pool_client(UserPoolId=self.pool, ClientName="t")["UserPoolClient"]["ClientId"]

    def join(self, **more):
        return self.cognito.sign_up(ClientId=self.app, Username=self.email, Password="Corr3ct-Horse!", **more)

    def refusal(self, call, *arguments, **named):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(*arguments, **named)
        error = caught.exception.response["Error"]
        return error["Code"], error["Message"]

    def test_words_for_each_failure(self):
        cases = [
            ({"kind": "error", "message": "not you"}, "UserLambdaValidationException",
             r"^PreSignUp failed with error not you\.$"),
            ({"kind": "crash"}, "UserLambdaValidationException",
             r"^PreSignUp failed with error RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 1\.$"),
            ({"kind": "bad_output"}, "InvalidLambdaResponseException", r"^Unrecognizable lambda output$"),
            ({"kind": "bad_output", "output": "{}"}, "InvalidLambdaResponseException", r"^Unrecognizable lambda output$"),
            ({"kind": "bad_output", "output": '{"request":{},"response":{"autoConfirmUser":"true"}}'},
             "InvalidLambdaResponseException", r"^Unrecognizable lambda output$"),
            ({"kind": "denied"}, "UnexpectedLambdaException",
             r"^PreSignUp invocation failed due to error AccessDeniedException\.$"),
            ({"kind": "throttled"}, "UnexpectedLambdaException",
             r"^PreSignUp invocation failed due to error TooManyRequestsException\.$"),
        ]
        for fault, code, message in cases:
            sandbox.ask("POST", "/lambda/" + PRE, {"fault": {**fault, "times": 1}})
            got = self.refusal(self.join)
            self.assertEqual(got[0], code, fault)
            self.assertRegex(got[1], message)
        self.assertEqual(self.refusal(self.cognito.admin_get_user, UserPoolId=self.pool, Username=self.email)[0],
                         "UserNotFoundException")
        self.join()

    def test_three_tries_then_failure(self):
        sandbox.ask("POST", "/switches", {"trigger_patience": 0.1})
        before = self.invocations(PRE)
        sandbox.ask("POST", "/lambda/" + PRE, {"fault": {"kind": "timeout"}})
        self.assertEqual(self.refusal(self.join), (
            "UnexpectedLambdaException",
            "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function."))
        self.assertEqual(self.invocations(PRE), before + 3)
        sandbox.ask("POST", "/lambda/" + PRE, {"fault": {"kind": "timeout", "times": 2}})
        self.join()
        self.assertEqual(self.invocations(PRE), before + 6)

    def test_its_own_timeout(self):
        sandbox.ask("POST", "/lambda/" + PRE, {"fault": {"kind": "timeout"}, "timeout": 0.1})
        code, message = self.refusal(self.join)
        self.assertEqual(code, "UserLambdaValidationException")
        self.assertRegex(message, r"^PreSignUp failed with error \d{4}-\d\d-\d\dT[\d:.]+Z [0-9a-f-]{36} "
                                  r"Task timed out after 0\.10 seconds\.$")

    def test_a_confirmation_outlives_its_trigger(self):
        self.join()
        sandbox.ask("POST", "/lambda/" + POST, {"fault": {"kind": "error", "times": 1}})
        code, message = self.refusal(self.cognito.admin_confirm_sign_up, UserPoolId=self.pool, Username=self.email)
        self.assertEqual((code, message), ("UserLambdaValidationException",
                                           "PostConfirmation failed with error switched to fail."))
        user = self.cognito.admin_get_user(UserPoolId=self.pool, Username=self.email)
        self.assertEqual(user["UserStatus"], "CONFIRMED")

    def test_a_function_that_is_not_there(self):
        self.cognito.update_user_pool(UserPoolId=self.pool, LambdaConfig={
            "PreSignUp": "arn:aws:lambda:us-east-1:123456789012:function:nobody"})
        self.assertEqual(self.refusal(self.join), (
            "UnexpectedLambdaException", "PreSignUp invocation failed due to error ResourceNotFoundException."))

    def test_the_trigger_confirms_when_it_says_so(self):
        output = {"request": {}, "response": {"autoConfirmUser": True, "autoVerifyEmail": True}}
        sandbox.ask("POST", "/lambda/" + PRE, {"fault": {"kind": "bad_output", "output": json.dumps(output), "times": 1}})
        before = self.invocations(POST)
        self.cognito.sign_up(ClientId=self.app, Username=self.email, Password="Corr3ct-Horse!",
                             UserAttributes=[{"Name": "email", "Value": self.email}])
        user = self.cognito.admin_get_user(UserPoolId=self.pool, Username=self.email)
        self.assertEqual(user["UserStatus"], "CONFIRMED")
        self.assertIn({"Name": "email_verified", "Value": "true"}, user["UserAttributes"])
        self.assertEqual(self.invocations(POST), before + 1)


class TheConsoleSees(Case):
    """A trigger that fails is no reason for the browser to lose its way."""

    def test_post_confirmation_fails(self):
        self.assertEqual(self.sign_up().status, 201)
        sandbox.ask("POST", "/lambda/" + POST, {"fault": {"kind": "error", "times": 1}})
        answer = self.confirm()
        self.assertEqual((answer.status, answer.json["status"]), (200, "confirmed"))

    def test_pre_sign_up_cannot_be_invoked(self):
        sandbox.ask("POST", "/lambda/" + PRE, {"fault": {"kind": "denied", "times": 1}})
        answer = self.sign_up()
        self.assertEqual((answer.status, answer.code), (503, "try_again"))
        self.assertEqual(self.sign_up().status, 201)


class Api(Case):
    """boto3 as a caller of the functions."""

    def setUp(self):
        super().setUp()
        self.functions = client("lambda", "lambda")
        self.event = {"version": "1", "userPoolId": ready["user_pool_id"], "userName": "u", "triggerSource":
                      "PreSignUp_SignUp", "request": {"userAttributes": {"email": self.email}}, "response": {}}

    def invoke(self, name, event, **more):
        reply = self.functions.invoke(FunctionName=name, Payload=json.dumps(event).encode(), **more)
        body = reply["Payload"].read()
        return reply, json.loads(body) if body else None

    def test_every_name_of_a_function(self):
        arn = "arn:aws:lambda:us-east-1:123456789012:function:" + PRE
        for name in (PRE, arn, arn + ":$LATEST", "123456789012:function:" + PRE, "pre_sign_up", "triggers.pre_sign_up"):
            reply, body = self.invoke(name, self.event)
            self.assertEqual((reply["StatusCode"], reply["ExecutedVersion"]), (200, "$LATEST"), name)
            self.assertNotIn("FunctionError", reply)
            self.assertEqual(body["response"], {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False})

    def test_function_error(self):
        self.event["request"]["userAttributes"]["email"] = "ada@denied.example"
        reply, body = self.invoke(PRE, self.event, LogType="Tail")
        self.assertEqual((reply["StatusCode"], reply["FunctionError"]), (200, "Unhandled"))
        self.assertEqual((body["errorType"], body["errorMessage"]),
                         ("PreSignUpRefused", "This e-mail address cannot be used"))
        self.assertTrue(reply["LogResult"])

    def test_timeout(self):
        sandbox.ask("POST", "/lambda/" + PRE, {"fault": {"kind": "timeout", "times": 1}, "timeout": 0.1})
        reply, body = self.invoke(PRE, self.event)
        self.assertEqual((reply["FunctionError"], body["errorType"]), ("Unhandled", "Sandbox.Timedout"))
        self.assertRegex(body["errorMessage"], r"^RequestId: [0-9a-f-]{36} Error: Task timed out after 0\.10 seconds$")

    def test_other_kinds(self):
        self.assertEqual(self.invoke(PRE, self.event, InvocationType="DryRun")[0]["StatusCode"], 204)
        before = self.invocations(PRE)
        reply, body = self.invoke(PRE, self.event, InvocationType="Event")
        self.assertEqual((reply["StatusCode"], body), (202, None))
        until(lambda: self.invocations(PRE) == before + 1)

    def test_refusals(self):
        refused = self.functions.exceptions
        with self.assertRaisesRegex(refused.ResourceNotFoundException,
                                    "Function not found: arn:aws:lambda:us-east-1:123456789012:function:nobody"):
            self.invoke("nobody", {})
        with self.assertRaises(refused.InvalidRequestContentException):
            self.functions.invoke(FunctionName=PRE, Payload=b"{")
        with self.assertRaises(refused.RequestTooLargeException):
            self.functions.invoke(FunctionName=PRE, Payload=b'"' + b"x" * 6291456 + b'"')
        sandbox.ask("POST", "/lambda/" + PRE, {"fault": {"kind": "throttled", "times": 1}})
        with self.assertRaises(refused.TooManyRequestsException):
            self.invoke(PRE, {})

    def test_wrong_key(self):
        stranger = boto3.client("lambda", endpoint_url=ready["sandbox"]["lambda"], region_name="us-east-1",
                                aws_access_key_id="AKIANOBODY0000000001", aws_secret_access_key="x" * 40)
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            stranger.invoke(FunctionName=PRE, Payload=b"{}")
        self.assertEqual(caught.exception.response["Error"]["Code"], "UnrecognizedClientException")
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 403)

    def test_lists(self):
        names = [function["FunctionName"] for function in self.functions.list_functions()["Functions"]]
        self.assertEqual([name for name in names if "PostConfirmation" in name], [POST])
        self.assertEqual(self.functions.get_function(FunctionName=PRE)["Configuration"]["Handler"], "triggers.pre_sign_up")


class OutOfProcess(Case):
    """The same functions as `usher lambda`, which fetches its events from the sandbox's Runtime API."""

    def process(self, module, name, **environment):
        settings = tempfile.NamedTemporaryFile("w", suffix=".lua")
        settings.write(f"""return {{ cognito = {{ url = "{ready['sandbox']['cognito']}" }}, env = "apart",
          dynamodb = {{ url = "{ready['sandbox']['dynamodb']}" }}, stripe = {{ url = "{ready['sandbox']['stripe']}" }} }}""")
        settings.flush()
        self.addCleanup(settings.close)
        sandbox.ask("POST", "/lambda/" + name, {"out_of_process": True})
        address = urllib.parse.urlsplit(ready["sandbox"]["lambda"]).netloc
        function = Function(f"{address}/{name}", "--config", settings.name, module, AWS_REGION=ready["region"],
                            AWS_ACCESS_KEY_ID=ready["access_key_id"], AWS_SECRET_ACCESS_KEY=ready["secret_access_key"],
                            SLACK_WEBHOOK_URL=ready["sandbox"]["slack"] + ready["slack_path"], **environment)
        self.addCleanup(function.close)
        return function

    def test_a_whole_sign_up(self):
        pre = self.process("triggers.pre_sign_up", PRE)
        post = self.process("scripts.triggers.post_confirmation", POST)
        self.assertEqual(self.sign_up("ada@yopmail.com").fields, {"email": ["email_not_accepted"]})
        self.assertEqual(self.sign_up().status, 201)
        self.assertEqual(self.confirm().status, 200)
        self.assertEqual(slack(), [f"New customer: Ada Lovelace ({self.email}), apart"])
        self.assertEqual((pre.stop(), post.stop()), (0, 0))
        self.assertIn('"EMAIL_PRESIGNUP_FAILURE":1', pre.output())
        self.assertIn("presignup_refused", [line["event"] for line in pre.log()])

    def test_no_runtime_is_a_timeout(self):
        sandbox.ask("POST", "/lambda/" + PRE, {"out_of_process": True, "timeout": 0.1})
        reply = client("lambda", "lambda").invoke(FunctionName=PRE, Payload=b"{}")
        self.assertEqual(json.loads(reply["Payload"].read())["errorType"], "Sandbox.Timedout")

    def test_a_runtime_that_cannot_start(self):
        self.process("triggers.nobody", PRE)
        reply = client("lambda", "lambda").invoke(FunctionName=PRE, Payload=b"{}")
        self.assertEqual(json.loads(reply["Payload"].read())["errorType"], "Runtime.ImportModuleError")


if __name__ == "__main__":
    unittest.main()
