# SPDX-License-Identifier: MIT
"""`usher lambda` as a process, driven through the Runtime API as AWS drives it."""
import http.server
import json
import os
import pathlib
import queue
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from runtime_api import PATIENCE, Api, Function

USHER = os.environ.get("USHER", "build/dev/usher")
LIMIT = 6291556  # bytes of a result

HANDLERS = {
    "echo": "return function(event, context) return { event = event, id = context.request_id } end",
    "nothing": "return function() end",
    "boom": 'return function() error("boom") end',
    "said": 'return function() error({ message = "not you", type = "Refused" }, 0) end',
    "odd": "return function() error(print) end",
    "unencodable": "return function() return { print } end",
    "large": f'return function() return ("x"):rep({LIMIT - 1}) end',
    "largest": f'return function() return ("x"):rep({LIMIT - 2}) end',
    "left": 'return function() return require "task".deadline() - require "clock".monotonic() end',
    "fetch": """
        local http = require "http"
        return function(event)
          local reply, err = http.fetch { url = event.url, timeout = 600 }
          return { status = reply and reply.status, kind = err and err.kind }
        end""",
    "traced": """
        local cognito = require "cognito"
        return function()
          cognito.admin_get_user "jane"
          return os.getenv "_X_AMZN_TRACE_ID"
        end""",
    "counted": """
        local log, metrics = require "log", require "metrics"
        return function(event)
          metrics.count("SIGNUP_SUCCESS", event.n, { method = "email", step = "done" })
          log.info("was_here", { n = event.n })
          return true
        end""",
    "exits": "return function() os.exit(3) end",
    "no_function": "return {}",
    "broken": "return function( end",
    "raises": 'error "at the top"',
}

scripts = None


def setUpModule():
    global scripts
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    scripts = folder.name
    for name, text in HANDLERS.items():
        pathlib.Path(scripts, name + ".lua").write_text(text)


class Peer(http.server.BaseHTTPRequestHandler):
    """An upstream that keeps the headers it was sent; GET /hang is never answered."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.reached.set()
        self.server.hung.get()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(dict(self.headers))
        body = b'{"__type":"UserNotFoundException","message":"User does not exist."}'
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Case(unittest.TestCase):
    def setUp(self):
        self.api = Api()
        self.addCleanup(self.api.close)

    def function(self, *arguments, **more):
        function = Function(self.api.address, "--scripts", scripts, *arguments, **more)
        self.addCleanup(function.close)
        return function

    def peer(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Peer)
        server.daemon_threads, server.seen, server.hung = True, [], queue.Queue()
        server.reached = threading.Event()  # somebody hangs
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.addCleanup(server.hung.put, None)
        return server, f"http://127.0.0.1:{server.server_port}"


class Invocations(Case):
    def test_results(self):
        self.function("echo")
        for event in ({"a": [1, {}, [], None, 1.5, "é"]}, [], {}, "text", 7, None, True):
            self.assertEqual(self.api.call(event)[::2], ("response", {
                **({"event": event} if event is not None else {"event": None}),
                "id": f"8476a536-e9f4-11e8-9739-{self.api.number:012d}"}))
        self.assertEqual(len(self.api.connections), 1, "one kept-alive connection")

    def test_the_module_comes_from_the_handler_setting(self):
        for name in ("echo", "scripts.echo", "scripts/echo.lua", "echo.lua"):
            with self.subTest(name), Function(self.api.address, "--scripts", scripts, _HANDLER=name):
                self.assertEqual(self.api.call({"n": name})[0], "response")

    def test_no_result_is_null(self):
        self.function("nothing")
        self.assertEqual(self.api.call({})[::2], ("response", None))

    def test_errors_are_told_and_the_next_event_is_served(self):
        cases = [("boom", "Error", r"boom\.lua:1: boom$"), ("said", "Refused", r"^not you$"),
                 ("odd", "Error", r"^function"), ("unencodable", "Runtime.MarshalError", r".")]
        for module, kind, message in cases:
            with self.subTest(module), Function(self.api.address, "--scripts", scripts, module) as function:
                for _ in range(2):
                    what, headers, body = self.api.call({})
                    headers = {name.lower(): value for name, value in headers.items()}
                    self.assertEqual((what, body["errorType"]), ("error", kind))
                    self.assertEqual(headers["lambda-runtime-function-error-type"], kind)
                    self.assertNotIn("expect", headers)
                    self.assertRegex(body["errorMessage"], message)
                    self.assertIsInstance(body["stackTrace"], list)
                line = [line for line in function.log() if line["event"] == "invocation_failed"][-1]
                self.assertEqual(line["request_id"], f"8476a536-e9f4-11e8-9739-{self.api.number:012d}")

    def test_an_event_that_is_no_json(self):
        self.function("echo")
        what, _, body = self.api.call(None, raw=b"{")
        self.assertEqual((what, body["errorType"]), ("error", "Runtime.InvalidEvent"))
        self.assertEqual(self.api.call({})[0], "response")

    def test_payload_limits(self):
        with Function(self.api.address, "--scripts", scripts, "large"):
            what, _, body = self.api.call({})
            self.assertEqual((what, body["errorType"]), ("error", "Function.ResponseSizeTooLarge"))
            self.assertIn(f"({LIMIT} bytes)", body["errorMessage"])
        with Function(self.api.address, "--scripts", scripts, "largest"):
            what, headers, _ = self.api.call({})
            self.assertEqual((what, headers["Content-Length"]), ("response", str(LIMIT)))

    def test_a_large_event(self):
        self.function("nothing")
        self.assertEqual(self.api.call("x" * (6 << 20))[0], "response")

    def test_a_result_that_lambda_refuses(self):
        self.function("echo")
        self.api.answers["response"] = [413]
        self.api.invoke({})
        self.assertTrue(self.api.outcome()[0].endswith("/response"))
        path, _, body = self.api.outcome()
        self.assertTrue(path.endswith("/error"))
        self.assertEqual(body["errorType"], "Function.ResponseSizeTooLarge")
        for status in (400, 403):
            self.api.answers["response"] = [status]
            self.assertEqual(self.api.call({})[0], "response")
        self.assertEqual(self.api.call({})[0], "response")


class Time(Case):
    def test_the_deadline_is_the_events(self):
        self.function("left")
        for seconds in (PATIENCE, 600):
            began = time.time()
            left = self.api.call({}, seconds=seconds)[2]
            self.assertTrue(began + seconds - time.time() - 1 < left < seconds, left)

    def test_a_hung_call_ends_in_time_to_be_told(self):
        """By the event's deadline: the call itself would wait for longer than anybody here."""
        _, url = self.peer()
        self.function("fetch")
        self.assertEqual(self.api.call({"url": url + "/hang"}, seconds=1)[::2], ("response", {"kind": "timeout"}))
        self.assertEqual(self.api.call({"url": url + "/hang"}, seconds=0.2)[2], {"kind": "timeout"})


class Tracing(Case):
    def test_the_trace_goes_along(self):
        server, url = self.peer()
        settings = tempfile.NamedTemporaryFile("w", suffix=".lua")
        self.addCleanup(settings.close)
        settings.write(f'return {{ cognito = {{ url = "{url}", user_pool_id = "us-east-1_x" }} }}')
        settings.flush()
        self.function("--config", settings.name, "traced", AWS_REGION="us-east-1", AWS_ACCESS_KEY_ID="AKIAEXAMPLE",
                      AWS_SECRET_ACCESS_KEY="secret")
        for trace in ("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1", "Root=1-2-3"):
            self.assertEqual(self.api.call({}, Trace_Id=trace)[2], trace)
            sent = {name.lower(): value for name, value in server.seen.pop().items()}
            self.assertEqual(sent["x-amzn-trace-id"], trace)
            self.assertNotIn("x-amzn-trace-id", sent["authorization"])
        self.assertEqual(self.api.call({})[2], None)
        self.assertNotIn("x-amzn-trace-id", {name.lower() for name in server.seen.pop()})

    def test_metrics_and_log_are_out_before_the_answer(self):
        function = self.function("counted")
        for n in (2, 3):
            request_id = self.api.invoke({"n": n})
            self.api.outcome()
            lines = [json.loads(line) for line in function.output().splitlines()]
            told = [line for line in lines if line.get("SIGNUP_SUCCESS") == n]
            self.assertTrue(told and all("_aws" in line for line in lines))
            self.assertIn(("was_here", request_id, n), [(line["event"], line.get("request_id"), line.get("n"))
                                                        for line in function.log()])


class Ends(Case):
    def init_error(self, *arguments, **more):
        function = self.function(*arguments, **more)
        path, headers, body = self.api.outcome()
        self.assertEqual(path, "/init/error")
        kind = {name.lower(): value for name, value in headers.items()}["lambda-runtime-function-error-type"]
        self.assertEqual(kind, body["errorType"])
        self.assertEqual(function.wait(), 1)
        self.assertTrue(self.api.nexts.empty(), "no event is asked for")
        return body

    def test_init_errors(self):
        cases = [("nobody", "Runtime.ImportModuleError", "module 'nobody' not found"),
                 ("broken", "Runtime.ImportModuleError", r"broken\.lua:1:"),
                 ("raises", "Runtime.ImportModuleError", "at the top"),
                 ("no_function", "Runtime.NoSuchHandler", "returns a table")]
        for module, kind, message in cases:
            with self.subTest(module):
                body = self.init_error(module)
                self.assertEqual(body["errorType"], kind)
                self.assertRegex(body["errorMessage"], message)

    def test_wrong_settings(self):
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as settings:
            settings.write("return { slak = {} }")
            settings.flush()
            body = self.init_error("--config", settings.name, "echo")
        self.assertEqual(body["errorType"], "Runtime.ConfigInvalid")
        self.assertIn("did you mean slack?", body["errorMessage"])

    def test_the_archives_own_settings(self):
        with tempfile.TemporaryDirectory() as root:
            pathlib.Path(root, "usher.lua").write_text("return { slak = {} }")
            self.assertEqual(self.init_error("echo", LAMBDA_TASK_ROOT=root)["errorType"], "Runtime.ConfigInvalid")

    def test_lambda_says_500(self):
        for path in ("next", "response"):
            with self.subTest(path):
                self.api.answers[path] = [500]
                function = self.function("echo")
                if path == "response":
                    self.api.invoke({})
                self.assertEqual(function.wait(), 1)

    def test_lambda_is_gone(self):
        self.api.close()
        function = self.function("echo")
        self.assertEqual(function.wait(), 1)
        self.assertEqual(function.log()[-1]["event"], "lambda_ends")
        self.api = Api()

    def test_a_crash_is_a_crash(self):
        function = self.function("exits")
        self.api.invoke({})
        self.assertEqual(function.wait(), 3)
        self.assertTrue(self.api.posts.empty())

    def test_it_is_told_to_end(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            function = self.function("echo")
            self.api.call({})
            self.api.nexts.get(timeout=PATIENCE)
            self.api.nexts.get(timeout=PATIENCE)
            function.process.send_signal(number)
            self.assertEqual(function.wait(), 0)

    def test_it_ends_after_the_event_in_hand(self):
        peer, url = self.peer()
        function = self.function("fetch")
        self.api.invoke({"url": url + "/hang"}, seconds=3)
        self.assertTrue(peer.reached.wait(PATIENCE))
        function.process.send_signal(signal.SIGTERM)
        self.api.outcome()
        self.assertEqual(function.wait(), 0)

    def test_outside_lambda(self):
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("AWS_LAMBDA_RUNTIME_API", "_HANDLER")}
        cases = [(["echo"], "AWS_LAMBDA_RUNTIME_API"), ([], "_HANDLER"), (["a", "b"], "--help"),
                 (["--package", "x.zip", "a"], "--help")]
        for arguments, words in cases:
            ended = subprocess.run([USHER, "lambda", *arguments], capture_output=True, text=True, env=environment,
                                   timeout=PATIENCE)
            self.assertEqual(ended.returncode, 2, arguments)
            self.assertIn(words, ended.stderr)


if __name__ == "__main__":
    unittest.main()
