# SPDX-License-Identifier: MIT
"""The three ways by which metrics leave, each against what it must look like: Prometheus text, CloudWatch's embedded
metric format on standard output, PutMetricData. And the sandbox's CloudWatch, with boto3 and with signed JSON."""
import collections
import datetime
import json
import re
import subprocess
import threading
import time
import unittest
import urllib.parse
import urllib.request

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions

import fixture

from process import PATIENCE, Serve, exchange

SIGNUP, BEGAN = "/api/account/signup", time.time()
# Everything that is there from the start; the README has their meaning.
AT_START = [
    "SIGNUP_SUCCESS", "SIGNUP_FAILURE", "SIGNUP_ERROR", "SIGNUP_CONFIRM_SUCCESS", "SIGNUP_CONFIRM_FAILURE",
    "SIGNUP_CONFIRM_ERROR", "EMAIL_PRESIGNUP_SUCCESS", "EMAIL_PRESIGNUP_FAILURE", "INCONSISTENT_USER_STORES",
    "INCONSISTENT_ACCOUNT_STORES"]
DIMENSIONS = {"env", "method", "step"}
BAD_FORM, JSON = b'{"email":"no"}', {"Content-Type": "application/json"}
TARGET = "GraniteServiceVersion20100801."


def refuse_some(port, count):
    for _ in range(count):
        status, _, text = exchange(port, SIGNUP, "POST", BAD_FORM, JSON)
        assert status == 422, text


class Text:
    """A strict reader of Prometheus text format 0.0.4. samples: {(name, labels): value}; types, helps: {name: text}."""
    NAME, LABEL = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r"[a-zA-Z_][a-zA-Z0-9_]*"
    VALUE = r'(?:[^"\\\n]|\\["\\n])*'
    SAMPLE = re.compile(rf'({NAME})(?:\{{((?:{LABEL}="{VALUE}")(?:,{LABEL}="{VALUE}")*)\}})? (\S+)$')

    def __init__(self, text):
        self.samples, self.types, self.helps, self.family = {}, {}, {}, None
        assert text.endswith("\n") and "\r" not in text
        for line in text[:-1].split("\n"):
            if line.startswith("#"):
                self.comment(line)
            else:
                self.sample(line)
        for name, kind in self.types.items():
            if kind == "histogram":
                self.histogram(name)

    def comment(self, line):
        kind, name, rest = re.fullmatch(rf"# (HELP|TYPE) ({self.NAME}) (.+)", line).groups()
        known = self.helps if kind == "HELP" else self.types
        assert name not in known, f"{kind} {name} twice"
        known[name] = rest
        if kind == "HELP":
            assert not re.search(r"\\(?![\\n])", rest), rest
            assert name not in self.types, "HELP stands before TYPE"
        else:
            assert rest in ("counter", "gauge", "histogram"), rest
        self.family = name

    def sample(self, line):
        match = self.SAMPLE.fullmatch(line)
        assert match, line
        name, labels, value = match.groups()
        base = re.sub("_(bucket|sum|count)$", "", name)
        family = base if self.types.get(base) == "histogram" else name
        assert family == self.family and family in self.types, f"{name} outside its group"
        pairs = re.findall(rf'({self.LABEL})="({self.VALUE})"', labels or "")
        assert len(dict(pairs)) == len(pairs), line
        key = name, tuple(sorted(pairs))
        assert key not in self.samples, line
        self.samples[key] = float(value)

    def histogram(self, name):
        buckets = collections.defaultdict(list)
        for (sample, labels), value in self.samples.items():
            if sample == name + "_bucket":
                rest = tuple(pair for pair in labels if pair[0] != "le")
                buckets[rest].append((float(dict(labels)["le"]), value))
        for labels, bounds in buckets.items():
            values = [value for _, value in sorted(bounds)]
            assert values == sorted(values), "counts fall"
            assert max(bounds)[0] == float("inf")
            assert self.samples[name + "_count", labels] == values[-1]
            assert (name + "_sum", labels) in self.samples

    def total(self, name):
        return sum(value for (sample, _), value in self.samples.items() if sample == name)


class Prometheus(unittest.TestCase):
    def scrape(self, usher):
        status, headers, text = usher.get("/metrics", admin=True)
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        return Text(text)

    def test_from_the_start(self):
        with Serve('return { env = "a\\\\b\\"c" }') as usher:
            text = self.scrape(usher)
            for name in AT_START:
                with self.subTest(name):
                    self.assertEqual(text.total(name), 0)
                    self.assertEqual(text.types[name], "counter")
                    self.assertIn(name, text.helps)
                    found = [dict(labels) for sample, labels in text.samples if sample == name]
                    self.assertTrue(found)
                    for labels in found:
                        self.assertEqual(set(labels), DIMENSIONS)
                        self.assertEqual(labels["env"], 'a\\\\b\\"c')
            refuse_some(usher.port, 3)
            text = self.scrape(usher)
            self.assertEqual(text.samples["SIGNUP_FAILURE", (
                ("env", 'a\\\\b\\"c'), ("method", "email"), ("step", "validate"))], 3)
            self.assertEqual(text.total("SIGNUP_SECONDS_count"), 3)
            self.assertEqual({labels for _, labels in text.samples if not any(n == "env" for n, _ in labels)}, set())

    def test_off(self):
        with Serve("return { metrics = { prometheus = false } }") as usher:
            self.assertEqual(usher.get("/metrics", admin=True)[0], 404)


class EmbeddedFormat(unittest.TestCase):
    UNITS = {"Count", "Seconds"}

    def check(self, line):
        """One line -> [(dimensions, {metric: value or list})]"""
        self.assertLessEqual(len(line), 256 * 1024)
        root = json.loads(line)
        meta = root["_aws"]
        self.assertIsInstance(meta["Timestamp"], int)
        self.assertTrue(BEGAN - 1 <= meta["Timestamp"] / 1000 <= time.time() + 1, meta)
        told = []
        for directive in meta["CloudWatchMetrics"]:
            self.assertEqual(directive["Namespace"], "signups")
            self.assertTrue(1 <= len(directive["Metrics"]) <= 100)
            self.assertGreaterEqual(len(directive["Dimensions"]), 1)
            for names in directive["Dimensions"]:
                self.assertLessEqual(set(names), DIMENSIONS)
                dimensions = {name: root[name] for name in names}
                for value in dimensions.values():
                    self.assertTrue(isinstance(value, str) and 0 < len(value) <= 1024)
            for metric in directive["Metrics"]:
                self.assertIn(metric["Unit"], self.UNITS)
                values = root[metric["Name"]]
                values = values if isinstance(values, list) else [values]
                self.assertTrue(1 <= len(values) <= 100)
                for value in values:
                    self.assertIsInstance(value, (int, float))
            told.append((dimensions, {m["Name"]: root[m["Name"]] for m in directive["Metrics"]}))
        declared = {name for dimensions, metrics in told for name in (*dimensions, *metrics)}
        self.assertEqual(set(root), declared | {"_aws"})
        return told

    def test_lines(self):
        settings = 'return { env = "test", metrics = { emf = "on", namespace = "signups", interval = 0.1 } }'
        with Serve(settings, options=["--workers", "2"], stdout=subprocess.PIPE) as usher:
            lines = [usher.process.stdout.readline()]  # the first comes before anything has happened
            reader = threading.Thread(target=lines.extend, args=[usher.process.stdout])
            reader.start()
            refuse_some(usher.port, 250)
            usher.signal()
            self.assertEqual(usher.end(), 0)
            reader.join()
            usher.process.stdout.close()
        sums, details, names = collections.Counter(), collections.Counter(), set()
        for line in lines:
            self.assertTrue(line.endswith("\n"))
            for dimensions, metrics in self.check(line):
                self.assertEqual(dimensions["env"], "test")
                names |= set(metrics)
                for name, value in metrics.items():
                    count = len(value) if isinstance(value, list) else value
                    (sums if len(dimensions) == 1 else details)[name] += count
        self.assertLessEqual(set(AT_START), names)
        self.assertEqual([name for name in names if name.startswith("usher_")], [], "these are Prometheus's alone")
        for told in (sums, details):
            self.assertEqual((told["SIGNUP_FAILURE"], told["SIGNUP_SECONDS"], told["SIGNUP_SUCCESS"]), (250, 250, 0))
        first = self.check(lines[0])[0]
        self.assertEqual({first[1][name] for name in AT_START}, {0})


def connect(ready):
    return boto3.client(
        "cloudwatch", endpoint_url=ready["sandbox"]["cloudwatch"], region_name=ready["region"],
        aws_access_key_id=ready["access_key_id"], aws_secret_access_key=ready["secret_access_key"],
        config=botocore.config.Config(retries={"max_attempts": 0}))


def statistics(api, namespace, name, dimensions, *names):
    now = datetime.datetime.now(datetime.timezone.utc)
    found = api.get_metric_statistics(
        Namespace=namespace, MetricName=name, Dimensions=[{"Name": n, "Value": v} for n, v in dimensions.items()],
        StartTime=now - datetime.timedelta(hours=3), EndTime=now + datetime.timedelta(hours=3), Period=86400,
        Statistics=list(names))["Datapoints"]
    return {name: (min if name == "Minimum" else max if name == "Maximum" else sum)(p[name] for p in found)
            for name in names} if found else None


class Service(unittest.TestCase):
    """The sandbox's CloudWatch."""

    def setUp(self):
        self.ready = fixture.start()
        self.api = connect(self.ready)
        self.addCleanup(self.api.close)

    def test_boto3(self):
        env = [{"Name": "env", "Value": "a&b"}]
        now = datetime.datetime.now(datetime.timezone.utc)
        self.api.put_metric_data(Namespace="boto", MetricData=[
            {"MetricName": "m", "Dimensions": env, "Value": 2.5, "Unit": "Count"},
            {"MetricName": "m", "Dimensions": env, "Values": [1, 4], "Counts": [3, 1], "Timestamp": now, "Unit": "Count"},
            {"MetricName": "m", "Dimensions": env, "Unit": "Count", "StatisticValues": {
                "SampleCount": 2, "Sum": 0.5, "Minimum": -1, "Maximum": 1.5}},
            {"MetricName": "n", "Value": 1}])
        self.assertEqual(
            statistics(self.api, "boto", "m", {"env": "a&b"}, "Sum", "SampleCount", "Minimum", "Maximum"),
            {"Sum": 10.0, "SampleCount": 7.0, "Minimum": -1.0, "Maximum": 4.0})
        self.assertIsNone(statistics(self.api, "boto", "m", {}, "Sum"))
        listed = self.api.list_metrics(Namespace="boto")["Metrics"]
        self.assertEqual([(m["MetricName"], m["Dimensions"]) for m in listed], [("m", env), ("n", [])])

    def test_refusals(self):
        good, many = {"MetricName": "m", "Value": 1}, [{"Name": f"d{n}", "Value": "v"} for n in range(31)]
        old = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=15)
        rows = [
            ("InvalidParameterValue", "AWS/EC2", [good]),
            ("InvalidParameterValue", "n", [good] * 1001),
            ("InvalidParameterValue", "n", [{**good, "Dimensions": many}]),
            ("InvalidParameterValue", "n", [{**good, "Value": float("inf")}], "The value Infinity for"),
            ("InvalidParameterValue", "n", [{**good, "Value": float("nan")}], "The value NaN for"),
            ("InvalidParameterValue", "n", [{**good, "Value": 2.0 ** 361}]),
            ("InvalidParameterValue", "n", [{**good, "Timestamp": old}],
             "Timestamp must specify a time within the past two weeks."),
            ("InvalidParameterValue", "n", [{**good, "Unit": "Apples"}],
             "Unit must be a value in the set [ Seconds, Microseconds, Milliseconds, Bytes, "),
            ("InvalidParameterValue", "n", [{"MetricName": "m", "Values": [1] * 151}]),
            ("InvalidParameterValue", "n", [{"MetricName": "m", "Values": [1, 2], "Counts": [1]}]),
            ("InvalidParameterCombination", "n", [{**good, "Values": [1]}]),
            ("MissingParameter", "n", [{"MetricName": "m"}]),
        ]
        for code, namespace, data, *words in rows:
            with self.subTest(code=code, data=str(data)[:80]):
                with self.assertRaises(botocore.exceptions.ClientError) as caught:
                    self.api.put_metric_data(Namespace=namespace, MetricData=data)
                self.assertIn("".join(words), caught.exception.response["Error"]["Message"])
                self.assertEqual(caught.exception.response["Error"]["Code"], code)
                self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 400)
        self.assertEqual([], self.api.list_metrics(Namespace="n")["Metrics"])
        stranger = connect({**self.ready, "secret_access_key": "wrong"})
        self.addCleanup(stranger.close)
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            stranger.put_metric_data(Namespace="n", MetricData=[good])
        self.assertEqual(caught.exception.response["Error"]["Code"], "SignatureDoesNotMatch")
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 403)

    def json_call(self, operation, body):
        """As today's SDKs send it -> status, headers, text."""
        url = self.ready["sandbox"]["cloudwatch"] + "/"
        request = botocore.awsrequest.AWSRequest("POST", url, data=json.dumps(body), headers={
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": TARGET + operation,
            "x-amzn-query-mode": "true"})
        botocore.auth.SigV4Auth(botocore.credentials.Credentials(
            self.ready["access_key_id"], self.ready["secret_access_key"]), "monitoring", self.ready["region"]).add_auth(request)
        return exchange(urllib.parse.urlsplit(url).port, "/", "POST", request.body, dict(request.headers))

    def test_json(self):
        status, headers, text = self.json_call("PutMetricData", {"Namespace": "json", "MetricData": [
            {"MetricName": "m", "Dimensions": [{"Name": "env", "Value": "x"}], "Timestamp": time.time(), "Value": 3,
             "Unit": "Count"}]})
        self.assertEqual((status, text), (200, ""))
        self.assertTrue(headers["x-amzn-RequestId"])
        self.assertEqual(statistics(self.api, "json", "m", {"env": "x"}, "Sum"), {"Sum": 3.0})
        status, headers, text = self.json_call("PutMetricData", {"Namespace": "AWS/X", "MetricData": []})
        self.assertEqual((status, headers["x-amzn-query-error"]), (400, "InvalidParameterValue;Sender"))
        self.assertEqual(json.loads(text)["__type"], "com.amazonaws.cloudwatch#InvalidParameterValueException")
        status, _, text = self.json_call("ListMetrics", {"Namespace": "json"})
        self.assertEqual(json.loads(text)["Metrics"], [
            {"Namespace": "json", "MetricName": "m", "Dimensions": [{"Name": "env", "Value": "x"}]}])


class Sending(unittest.TestCase):
    """`usher serve` sends to another process's CloudWatch, so that it can be read when usher has gone."""

    def setUp(self):
        self.ready = fixture.start()
        self.api = connect(self.ready)
        self.addCleanup(self.api.close)
        self.addCleanup(self.sandbox, "DELETE", "/faults")

    def sandbox(self, method, path, fields=None):
        port = urllib.parse.urlsplit(self.ready["mailbox_url"]).port
        status, _, text = exchange(port, path, method, json.dumps(fields) if fields else None)
        self.assertLess(status, 300, text)
        return json.loads(text) if text else None

    def serve(self, namespace, interval, workers):
        env = {"AWS_ACCESS_KEY_ID": self.ready["access_key_id"], "AWS_REGION": self.ready["region"],
               "AWS_SECRET_ACCESS_KEY": self.ready["secret_access_key"],
               "AWS_ENDPOINT_URL_CLOUDWATCH": self.ready["sandbox"]["cloudwatch"]}
        return self.enterContext(Serve(
            f'return {{ env = "test", limits = {{ grace = 0 }}, metrics = {{ cloudwatch = "on", '
            f'namespace = "{namespace}", interval = {interval} }} }}', env=env, options=["--workers", str(workers)]))

    def end(self, usher):
        usher.signal()
        self.assertEqual(usher.end(), 0)

    def told(self, namespace, name, *names, **dimensions):
        return statistics(self.api, namespace, name, {"env": "test", **dimensions}, *(names or ["Sum"]))

    def test_what_is_left_is_sent_at_the_end(self):
        usher = self.serve("at-end", 3600, 3)
        refuse_some(usher.port, 20)
        self.end(usher)
        self.assertEqual(self.told("at-end", "SIGNUP_FAILURE"), {"Sum": 20.0})
        self.assertEqual(self.told("at-end", "SIGNUP_FAILURE", method="email", step="validate"), {"Sum": 20.0})
        seconds = self.told("at-end", "SIGNUP_SECONDS", "SampleCount", "Sum", "Maximum")
        self.assertEqual(seconds["SampleCount"], 20)
        self.assertTrue(0 < seconds["Sum"] and seconds["Maximum"] < PATIENCE)
        for name in AT_START:
            self.assertIsNotNone(self.told("at-end", name), name)
        sets = {tuple(d["Name"] for d in m["Dimensions"])
                for m in self.api.list_metrics(Namespace="at-end")["Metrics"]}
        self.assertEqual(sets - {("env",), ("env", "method"), ("env", "method", "step")}, set())

    def test_only_what_is_new_is_sent(self):
        usher = self.serve("often", 0.05, 2)
        refuse_some(usher.port, 5)
        fixture.until(lambda: self.told("often", "SIGNUP_FAILURE") == {"Sum": 5.0}, "the first five are told")
        refuse_some(usher.port, 2)
        self.end(usher)
        self.assertEqual(self.told("often", "SIGNUP_FAILURE"), {"Sum": 7.0})
        self.assertGreater(self.told("often", "SIGNUP_SUCCESS", "SampleCount")["SampleCount"], 2)

    def test_a_failed_send_loses_nothing(self):
        for kind, error in (("refuse", {"code": "InternalServiceError", "status": 500}),
                            ("refuse", {"code": "InvalidParameterValue", "status": 400}), ("reset_before", None)):
            with self.subTest(kind=kind, error=error):
                namespace = f"failing-{kind}-{error and error['status']}"
                fault = self.sandbox("POST", "/faults", {
                    "service": "cloudwatch", "operation": "PutMetricData", "kind": kind, "count": 4,
                    **({"error": error} if error else {})})
                usher = self.serve(namespace, 0.05, 1)
                refuse_some(usher.port, 3)
                found = {"fired": 0}
                while found["fired"] < 4:
                    found = self.sandbox("GET", f"/faults/{fault['id']}?until=fired&within=5")
                refuse_some(usher.port, 4)
                self.end(usher)
                self.assertEqual(self.told(namespace, "SIGNUP_FAILURE"), {"Sum": 7.0})
                self.sandbox("DELETE", "/faults")


if __name__ == "__main__":
    unittest.main()
