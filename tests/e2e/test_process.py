# SPDX-License-Identifier: MIT
"""A process from its start to its end: ready, serving on all its workers, told to go, gone."""
import json
import re
import signal
import subprocess
import unittest

from process import BINARY, CREDENTIALS, PATIENCE, Asking, Folder, Gate, Serve, environment, exchange

ROUTES = "return { { 'GET', '/hello', 'hello' }, { 'GET', '/wait', 'wait' }, { 'GET', '/worker', 'worker' } }"
HELLO = "return function() return { body = 'hello' } end"
WORKER = "local me = tostring {} return function() return { body = me } end"
WAIT = """
local http, task = require "http", require "task"
return function(req)
  local held <close> = setmetatable({}, { __close = function() end })
  local replies = task.all {
    function() return assert(http.fetch { method = "GET", url = "%s", timeout = 60 }) end,
    function() require "clock".sleep(0.001) end,
  }
  return { body = replies[1].body, headers = { ["X-Held"] = tostring(held ~= nil) } }
end"""


def settings(**limits):
    return f"return {{ limits = {{ {', '.join(f'{name} = {value}' for name, value in limits.items())} }} }}"


class Served(unittest.TestCase):
    def setUp(self):
        self.gate = self.enterContext(Gate())
        self.scripts = self.enterContext(Folder({"routes.lua": ROUTES, "hello.lua": HELLO, "worker.lua": WORKER,
                                                 "wait.lua": WAIT % self.gate.url}))

    def serve(self, text="return {}", **options):
        return self.enterContext(Serve(text, scripts=self.scripts, **options))

    def ask_and_wait(self, usher):
        """A request whose handler waits for the gate."""
        asking = Asking(usher.port, "/wait")
        self.gate.arrived()
        return asking


POOL = {"USHER_USER_POOL_ID": "us-east-1_Ab12Cd34", "USHER_CLIENT_ID": "client"}
SHORT = {"event": "signup_key_short", "bytes": 31}
LEASE = {"event": "lease_short", "settings": "cognito.timeout, stripe.timeout"}
DOUBTS = [  # the environment, what is warned of, the settings
    (POOL, []),
    ({}, [{"event": "settings_empty", "settings": "cognito.user_pool_id, cognito.client_id"}]),
    ({**POOL, "USHER_CLIENT_ID": ""}, [{"event": "settings_empty", "settings": "cognito.client_id"}]),
    ({**POOL, "USHER_SIGNUP_KEY": "k" * 31}, [SHORT]),
    (POOL, [LEASE], "return { signup = { lease = 8 } }"),
]


class Beginning(Served):
    def test_what_no_sign_up_can_succeed_without_is_warned_of(self):
        for env, wanted, *text in DOUBTS:
            with self.subTest(env=env, text=text):
                usher = self.serve(*text, env=env)
                told = [entry for entry in map(json.loads, usher.said) if entry["level"] == "warn"]
                self.assertEqual([{name: entry.get(name) for name in want} for want, entry in zip(wanted, told)], wanted)
                self.assertEqual(len(told), len(wanted), told)


class Going(Served):
    def test_grace(self):
        """SIGTERM: /readyz sends the traffic elsewhere, and what still comes is answered."""
        usher = self.serve(settings(grace=600, drain=600))
        for admin in (False, True):
            self.assertEqual(usher.get("/readyz", admin=admin)[0], 200)
        usher.signal()
        usher.wait_for("stopping")
        for admin in (False, True):
            status, _, text = usher.get("/readyz", admin=admin)
            self.assertEqual((status, json.loads(text)["status"]), (503, "draining"))
        self.assertEqual(usher.get("/healthz")[0], 200)
        self.assertEqual(usher.get("/hello")[2], "hello")
        usher.signal()  # the second means now
        self.assertEqual(usher.end(), 0)

    def test_grace_ends(self):
        usher = self.serve(settings(grace=0.05, drain=600))
        usher.signal()
        usher.wait_for("stopping")
        usher.wait_for("draining")
        self.assertEqual(usher.end(), 0)
        with self.assertRaises(ConnectionRefusedError):
            usher.get("/hello")

    def test_in_flight_finishes(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number=number):
                usher = self.serve(settings(grace=0, drain=600), options=["--workers", "2"])
                asking = self.ask_and_wait(usher)
                usher.signal(number)
                usher.wait_for("draining")
                self.gate.open()
                status, headers, text = asking.result()
                self.assertEqual((status, text, headers["X-Held"]), (200, "open", "true"))
                self.assertEqual(headers["Connection"], "close")
                self.assertEqual(usher.end(), 0)

    def test_drain_deadline(self):
        usher = self.serve(settings(grace=0, drain=0.05))
        asking = self.ask_and_wait(usher)
        usher.signal()
        usher.wait_for("drain_deadline")
        self.assertEqual(usher.end(), 1)
        self.assert_ended(asking.result())

    def test_second_signal(self):
        for first, second in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT),
                              (signal.SIGINT, signal.SIGTERM)):
            with self.subTest(first=first, second=second):
                usher = self.serve(settings(grace=0, drain=600))
                asking = self.ask_and_wait(usher)
                usher.signal(first)
                usher.wait_for("draining")
                usher.signal(second)
                self.assertEqual(usher.end(), 0)
                self.assert_ended(asking.result())

    def assert_ended(self, outcome):
        """Told to try again, or cut off: not left waiting, and not told that all is well."""
        if not isinstance(outcome, Exception):
            self.assertEqual((outcome[0], json.loads(outcome[2])["error"]["code"]), (503, "try_again"))

    def test_client_has_gone(self):
        """The flow runs on, and the process drains without anybody to answer."""
        usher = self.serve(settings(grace=0, drain=600, request_timeout=0.05))
        asking = self.ask_and_wait(usher)
        self.assertEqual(asking.result()[0], 504)
        usher.signal()
        usher.wait_for("draining")
        self.gate.open()
        self.assertEqual(usher.end(), 0)


class Working(Served):
    def test_workers(self):
        for count in (1, 4):
            with self.subTest(count=count):
                usher = self.serve(options=["--workers", str(count)])
                seen = {usher.get("/worker")[2] for _ in range(64)}
                self.assertEqual(len(seen) > 1, count > 1)
                self.assertLessEqual(len(seen), count)
                text = usher.get("/metrics", admin=True)[2]
                total = re.search(r'^usher_http_requests_total\{env="[^"]*",listener="public",status="200"\} (\d+)$', text, re.M)
                self.assertEqual(total[1], "64")

    def test_status(self):
        usher = self.serve("return { env = 'mine' }")
        found = json.loads(usher.get("/status", admin=True)[2])
        self.assertEqual((found["env"], found["draining"]), ("mine", False))
        self.assertEqual(usher.get("/status")[0], 404)
        self.assertEqual(usher.get("/hello", admin=True)[0], 404)

    def test_log(self):
        """A line for each request, with its id; no query, nothing else that was sent."""
        usher = self.serve()
        usher.get("/hello?email=ada@example.com", headers={"X-Request-Id": "abc-1", "Authorization": "Bearer xyz"})
        entry = usher.wait_for("request")
        self.assertEqual((entry["path"], entry["status"], entry["request_id"], entry["listener"]),
                         ("/hello", 200, "abc-1", "public"))
        self.assertIsInstance(entry["ms"], (int, float))
        self.assertNotIn("ada@", json.dumps(entry))

    def test_ipv6(self):
        try:
            usher = self.serve(options=["--host", "::1"])
        except AssertionError as problem:
            if "address not available" not in str(problem):
                raise
            self.skipTest("no IPv6 here")
        self.assertEqual(usher.get("/healthz", admin=True)[0], 200)


class Credentials(Served):
    def ready(self, env):
        with Serve(scripts=self.scripts, env={**dict.fromkeys(CREDENTIALS, ""), **env}) as usher:
            status, _, text = usher.get("/readyz")
            return status, json.loads(text)["status"]

    def test_sources(self):
        with Folder({"credentials": "[work]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n"}) as path:
            file = {"AWS_SHARED_CREDENTIALS_FILE": path + "/credentials", "AWS_CONFIG_FILE": path + "/config"}
            self.assertEqual(self.ready({**file, "AWS_PROFILE": "work"}), (200, "ready"))
            self.assertEqual(self.ready(CREDENTIALS), (200, "ready"))
            self.assertEqual(self.ready(file), (503, "no_credentials"))


class Dev(unittest.TestCase):
    def start(self, *options):
        process = subprocess.Popen([BINARY, "dev", "--port", "0", *options], stdin=subprocess.DEVNULL, text=True,
                                   env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        return process

    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("--json", "--workers", "2")
            ready = json.loads(process.stdout.readline())
            process.send_signal(number)
            self.assertEqual(process.wait(PATIENCE), 0)
            with self.assertRaises(ConnectionRefusedError):
                exchange(int(ready["url"].rsplit(":", 1)[1]), "/healthz")

    def test_page(self):
        """For people: what to type next, and each of its addresses answers."""
        process = self.start()
        page = ""
        while "confirm_signup" not in page:
            line = process.stdout.readline()
            self.assertTrue(line, page)
            page += line
        ports = {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", page)}
        self.assertGreaterEqual(len(ports), 6)
        for port in ports:
            self.assertLess(exchange(port, "/")[0], 500)
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
