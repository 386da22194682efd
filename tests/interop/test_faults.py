# SPDX-License-Identifier: MIT
"""The sandbox's fault switches through real sockets: what a client sees of each, and what has happened by then."""
import http.client
import json
import sys
import threading
import unittest
import urllib.parse
import uuid

import fixture

try:
    import boto3
    import botocore.config
    import botocore.exceptions
    import stripe
except ImportError:
    sys.exit(77)  # a skipped test: Debian's python3-boto3 and python3-stripe are not here


def ask(method, path, fields=None):
    """-> status, decoded body of the switches' listener"""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(fixture.url("mailbox")).netloc, timeout=fixture.PATIENCE)
    try:
        connection.request(method, path, json.dumps(fields) if fields else None)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None
    finally:
        connection.close()


def arm(**fields):
    return ask("POST", "/faults", fields)[1]["id"]


def until(fault, state):
    return ask("GET", f"/faults/{fault}?until={state}")[1]


def table(patience=fixture.PATIENCE):
    ready = fixture.start()
    config = botocore.config.Config(retries={"max_attempts": 0}, read_timeout=patience)
    client = boto3.client(
        "dynamodb", endpoint_url=fixture.url("dynamodb"), region_name=ready["region"], config=config,
        aws_access_key_id=ready["access_key_id"], aws_secret_access_key=ready["secret_access_key"])
    return client, ready["table"]


class OfAnAwsService(unittest.TestCase):
    def setUp(self):
        self.addCleanup(ask, "DELETE", "/faults")
        self.client, self.table = table()
        self.name = uuid.uuid4().hex
        self.key = {"pk": {"S": self.name}, "sk": {"S": "x"}}

    def put(self, client=None):
        (client or self.client).put_item(TableName=self.table, Item=self.key)

    def exists(self):
        return "Item" in self.client.get_item(TableName=self.table, Key=self.key, ConsistentRead=True)

    def test_kinds(self):
        error, gone = botocore.exceptions.ClientError, botocore.exceptions.ConnectionClosedError
        late = botocore.exceptions.ReadTimeoutError
        rows = [("refuse", error, False), ("error_after", error, True), ("reset_before", gone, False),
                ("lost_answer", gone, True), ("hang_before", late, False), ("hang", late, True)]
        for kind, raised, effect in rows:
            with self.subTest(kind=kind):
                self.setUp()
                fault = arm(service="dynamodb", operation="PutItem", kind=kind, match=self.name)
                with self.assertRaises(raised) as caught:
                    self.put(table(0.3)[0] if raised is late else self.client)
                if raised is error:
                    self.assertEqual(caught.exception.response["Error"],
                                     {"Code": "InternalServerError", "Message": "Internal server error"})
                    self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 500)
                self.assertEqual(self.exists(), effect)
                self.put()
                self.assertTrue(self.exists())
                self.assertEqual(until(fault, "fired")["fired"], 1)

    def test_hanging_shows_and_is_released(self):
        fault = arm(service="dynamodb", operation="PutItem", kind="hang_before", match=self.name)
        call = threading.Thread(target=self.put)
        call.start()
        self.assertEqual(until(fault, "hanging")["state"], "hanging")
        self.assertFalse(self.exists())
        self.assertEqual(ask("POST", f"/faults/{fault}/release")[0], 200)
        call.join(fixture.PATIENCE)
        self.assertTrue(self.exists())

    def test_journal(self):
        latest = ask("GET", "/calls?last=1")[1]
        since = latest[-1]["number"] if latest else 0
        self.put()
        self.exists()
        calls = ask("GET", f"/calls?since={since}")[1]
        self.assertEqual([(call["service"], call["operation"]) for call in calls],
                         [("dynamodb", "PutItem"), ("dynamodb", "GetItem")])


class OfOtherProtocols(unittest.TestCase):
    """STS speaks Query only, CloudWatch does with older SDKs, and SES has paths."""

    def setUp(self):
        self.addCleanup(ask, "DELETE", "/faults")

    def client(self, service, name):
        ready = fixture.start()
        client = boto3.client(
            name, endpoint_url=fixture.url(service), region_name=ready["region"],
            config=botocore.config.Config(retries={"max_attempts": 0}),
            aws_access_key_id=ready["access_key_id"], aws_secret_access_key=ready["secret_access_key"])
        self.addCleanup(client.close)
        return client

    def test_calls_break_and_are_noted(self):
        calls = [("sts", "GetCallerIdentity", self.client("sts", "sts").get_caller_identity, "InternalFailure"),
                 ("cloudwatch", "ListMetrics", self.client("cloudwatch", "cloudwatch").list_metrics,
                  "InternalServiceError"),
                 ("ses", "GetAccount", self.client("ses", "sesv2").get_account, "InternalFailure")]
        for service, operation, call, code in calls:
            with self.subTest(service=service):
                arm(service=service, operation=operation, kind="refuse")
                with self.assertRaises(botocore.exceptions.ClientError) as caught:
                    call()
                self.assertEqual(caught.exception.response["Error"]["Code"], code)
                self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 500)
                arm(service=service, operation=operation, kind="reset_before")
                self.assertRaises(botocore.exceptions.ConnectionClosedError, call)
                call()
                latest = ask("GET", "/calls?last=1")[1][-1]
                self.assertEqual((latest["service"], latest["operation"]), (service, operation))


class OfStripe(unittest.TestCase):
    def setUp(self):
        self.addCleanup(ask, "DELETE", "/faults")
        ready = fixture.start()
        stripe.api_base = ready["sandbox"]["stripe"].rstrip("/")
        stripe.api_key = ready["stripe_key"]
        stripe.max_network_retries = 0

    def test_a_retry_cures_each(self):
        rows = [("refuse", stripe.error.APIError, 0), ("reset_before", stripe.error.APIConnectionError, 0),
                ("lost_answer", stripe.error.APIConnectionError, 1)]
        for kind, raised, effect in rows:
            with self.subTest(kind=kind):
                email, key = f"{uuid.uuid4().hex}@interop.test", uuid.uuid4().hex
                arm(service="stripe", operation="POST /v1/customers", kind=kind, match=email.split("@")[0])
                with self.assertRaises(raised):
                    stripe.Customer.create(email=email, idempotency_key=key)
                self.assertEqual(len(stripe.Customer.list(email=email).data), effect)
                made = stripe.Customer.create(email=email, idempotency_key=key)
                self.assertEqual([one.id for one in stripe.Customer.list(email=email).data], [made.id])

    def test_own_error(self):
        arm(service="stripe", operation="create_customer", kind="refuse",
            error={"status": 429, "code": "rate_limit", "message": "Slow down."})
        with self.assertRaises(stripe.error.RateLimitError):
            stripe.Customer.create()


if __name__ == "__main__":
    unittest.main()
