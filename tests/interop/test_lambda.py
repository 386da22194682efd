# SPDX-License-Identifier: MIT
"""lambda.invoke of a script and boto3's Lambda client, of the same functions of the sandbox: they must hear the same."""
import base64
import json
import os
import subprocess
import unittest
import urllib.request

import fixture

try:
    import boto3
    import botocore.config
    import botocore.exceptions
except ImportError:
    boto3 = None

HERE = os.path.dirname(os.path.abspath(__file__))
NAME = "usher-dev-PreSignUp"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:" + NAME


def event(email):
    return {"version": "1", "userName": "u", "triggerSource": "PreSignUp_SignUp",
            "request": {"userAttributes": {"email": email}}, "response": {}}


GOOD, REFUSED = event("ada@example.com"), event("ada@yopmail.com")
CONTEXT = {"client": {"app": "é"}}

# what it is: (what a script asks for, what the function is switched to)
CASES = {
    "a result": ({"function_name": NAME, "payload": GOOD}, None),
    "an ARN": ({"function_name": ARN, "payload": GOOD}, None),
    "an ARN with a version": ({"function_name": ARN + ":$LATEST", "payload": GOOD}, None),
    "a version": ({"function_name": NAME, "qualifier": "$LATEST", "payload": GOOD}, None),
    "a part of a name": ({"function_name": "123456789012:function:" + NAME, "payload": GOOD}, None),
    "a log": ({"function_name": NAME, "payload": GOOD, "log_type": "Tail"}, None),
    "a context": ({"function_name": NAME, "payload": GOOD, "client_context": CONTEXT}, None),
    "a refusal": ({"function_name": NAME, "payload": REFUSED, "log_type": "Tail"}, None),
    "a crash": ({"function_name": NAME, "payload": GOOD}, {"kind": "crash"}),
    "a text": ({"function_name": NAME, "payload": GOOD}, {"kind": "bad_output", "output": '"é"'}),
    "a null": ({"function_name": NAME, "payload": GOOD}, {"kind": "bad_output", "output": "null"}),
    "an event for later": ({"function_name": NAME, "payload": GOOD, "invocation_type": "Event"}, None),
    "a dry run": ({"function_name": NAME, "payload": GOOD, "invocation_type": "DryRun"}, None),
    "nobody": ({"function_name": "nobody", "payload": GOOD}, None),
    "no such alias": ({"function_name": NAME, "qualifier": "live", "payload": GOOD}, None),
    "too much for an event": ({"function_name": NAME, "payload": "x" * 262144, "invocation_type": "Event"}, None),
    "a limit": ({"function_name": NAME, "payload": GOOD}, {"kind": "throttled"}),
    "no permission": ({"function_name": NAME, "payload": GOOD}, {"kind": "denied"}),
}
# RequestId and times differ from call to call.
VARYING = ("errorMessage", "stackTrace")


def knob(fields):
    address = fixture.url("mailbox") + "lambda/" + NAME
    urllib.request.urlopen(address, json.dumps(fields).encode()).close()


def without_ids(heard):
    for name in VARYING if heard.get("function_error") else ():
        if "RequestId" in str(heard["payload"].get(name, "")) or name == "stackTrace":
            heard["payload"].pop(name, None)
    return heard


def by_script(wanted):
    ready = fixture.start()
    environment = {
        **os.environ, "AWS_ACCESS_KEY_ID": ready["access_key_id"], "AWS_REGION": ready["region"],
        "AWS_SECRET_ACCESS_KEY": ready["secret_access_key"], "AWS_ENDPOINT_URL_LAMBDA": ready["sandbox"]["lambda"],
        "AWS_MAX_ATTEMPTS": "1"}
    done = subprocess.run([fixture.BINARY, "exec", os.path.join(HERE, "invoke.lua")], input=json.dumps(wanted),
                          capture_output=True, text=True, timeout=fixture.PATIENCE, env=environment)
    if done.returncode or "Sanitizer" in done.stderr:
        raise AssertionError(done.stdout + done.stderr)
    return without_ids(json.loads(done.stdout))


@unittest.skipUnless(boto3, "python3-boto3 is missing")
class Lambda(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ready = fixture.start()
        cls.client = boto3.client(
            "lambda", endpoint_url=ready["sandbox"]["lambda"], region_name=ready["region"],
            aws_access_key_id=ready["access_key_id"], aws_secret_access_key=ready["secret_access_key"],
            config=botocore.config.Config(retries={"max_attempts": 0}))
        cls.addClassCleanup(cls.client.close)

    def by_boto3(self, wanted):
        names = {"function_name": "FunctionName", "qualifier": "Qualifier", "log_type": "LogType",
                 "invocation_type": "InvocationType"}
        asked = {names[name]: value for name, value in wanted.items() if name in names}
        if "client_context" in wanted:
            context = json.dumps(wanted["client_context"], ensure_ascii=False).encode()
            asked["ClientContext"] = base64.b64encode(context).decode()
        try:
            answer = self.client.invoke(Payload=json.dumps(wanted["payload"]).encode(), **asked)
        except botocore.exceptions.ClientError as problem:
            error = problem.response["Error"]
            return {"code": error["Code"], "message": error["Message"], "log": False,
                    "status": problem.response["ResponseMetadata"]["HTTPStatusCode"]}
        body = answer["Payload"].read()
        heard = {"status": answer["StatusCode"], "log": "LogResult" in answer}
        if body:
            heard["payload"] = json.loads(body)
        for name, theirs in (("function_error", "FunctionError"), ("executed_version", "ExecutedVersion")):
            if theirs in answer:
                heard[name] = answer[theirs]
        return without_ids(heard)

    def test_both_hear_the_same(self):
        for name, (wanted, fault) in CASES.items():
            with self.subTest(name):
                knob({"fault": fault})
                self.addCleanup(knob, {"fault": None})
                expected = self.by_boto3(wanted)
                self.assertEqual(by_script(wanted), expected)

    def test_the_cases_are_what_they_say(self):
        for name, status, error, code in (("a result", 200, None, None), ("a refusal", 200, "Unhandled", None),
                                          ("an event for later", 202, None, None), ("a dry run", 204, None, None),
                                          ("no such alias", 404, None, "ResourceNotFoundException"),
                                          ("too much for an event", 413, None, "RequestTooLargeException")):
            with self.subTest(name):
                heard = by_script(CASES[name][0])
                self.assertEqual((heard["status"], heard.get("function_error"), heard.get("code")),
                                 (status, error, code))


if __name__ == "__main__":
    unittest.main()
