# SPDX-License-Identifier: MIT
"""The request that a script is given, and its answer, over real sockets."""
import json
import unittest

from process import Asking, Folder, Gate, Serve

ROUTES = """return {
  { "GET", "/echo", "echo" }, { "POST", "/echo", "echo" }, { "POST", "/json", "json_body" },
  { "GET", "/keep", "keep" }, { "GET", "/late", "late" }, { "GET", "/gone", "gone" }, { "GET", "/reach", "reach" },
  { "GET", "/reply", "reply" }, { "GET", "/spawn", "spawn" }, { "GET", "/print", "print" },
  { "GET", "/count", "count" },
}"""

SCRIPTS = {
    "routes.lua": ROUTES,
    "print.lua": "return function(req) print('a\\0b', nil, 'Zoë', 1) return { body = req.id } end",
    "echo.lua": """return function(req)
      return { json = { method = req.method, path = req.path, target = req.target, query = req.query,
        query_string = req.query_string, body = req.body, id = req.id, listener = req.listener, remote = req.remote,
        remote_key = req.remote_key, x = req:header("X-One"), none = req:header("x-none") == nil,
        headers = req:headers(), cookie = req:cookie("b"), gone = req:gone(), nothing = req.nothing == nil } }
    end""",
    "count.lua": """local metrics = require "metrics"
      return function(req)
        for i = 1, 501 do metrics.count("spec_visits", 1, { visitor = i }) end
        return { body = "counted" }
      end""",
    "json_body.lua": "return function(req) return { json = req:json() } end",
    "keep.lua": "local kept = {} return function(req) kept[#kept + 1] = req return { body = 'kept' } end, kept",
    "late.lua": """local kept
      return function(req)
        local was = kept
        kept = req
        if not was then return { json = {} } end
        local said = {}
        for name, use in pairs {
          method = function() return was.method end, body = function() return was.body end,
          header = function() return was:header("host") end, headers = function() return was:headers() end,
          gone = function() return was:gone() end, json = function() return was:json() end,
          query = function() return was.query end, foreign = function() return req.header({}, "x") end,
        } do
          local ok, problem = pcall(use)
          said[name] = ok and "no error" or problem
        end
        return { json = said }
      end""",
    "gone.lua": """local http, log = require "http", require "log"
      return function(req)
        assert(http.fetch { method = "GET", url = "%(gate)s" })
        log.warn("after", { gone = req:gone() and "yes" or "no", path = req.path })
        return { body = "late" }
      end""",
    "reach.lua": """return function()
      local there = {}
      for _, name in ipairs { "io", "dofile", "loadfile", "load", "package" } do
        there[name] = rawget(_G, name) ~= nil or pcall(function() return _G[name] end)
      end
      there["os.execute"], there["os.exit"], there["os.getenv"] = os.execute ~= nil, os.exit ~= nil, os.getenv ~= nil
      there["debug.sethook"], there["debug.getregistry"] = debug.sethook ~= nil, debug.getregistry ~= nil
      there["coroutine.running"] = coroutine.running ~= nil
      for _, name in ipairs { "sqlite", "script_files", "io", "debug.x" } do there[name] = (pcall(require, name)) and _G end
      return { json = there }
    end""",
    "reply.lua": """local replies = {
        many = { headers = { ["X-List"] = { "a", "b" } }, body = "x" },
        crlf = { headers = { ["X-Bad"] = "a\\r\\nX-Evil: 1" } },
        name = { headers = { ["X Bad"] = "a" } },
        empty = { status = 204 },
        large = { body = ("x"):rep(1000000) },
        framing = { headers = { ["Content-Length"] = "5", ["Transfer-Encoding"] = "chunked", ["Date"] = "x" },
                    body = "x" },
        broken = { status = 99 },
      }
      return function(req) return replies[req.query.r] end""",
    "spawn.lua": """local clock, log, task = require "clock", require "log", require "task"
      return function(req)
        task.spawn(function() clock.sleep(0.01) log.warn("spawned", { id = req.id }) end)
        return { body = "answered" }
      end""",
}


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gate = cls.enterClassContext(Gate())
        files = {name: text.replace("%(gate)s", cls.gate.url) for name, text in SCRIPTS.items()}
        cls.scripts = cls.enterClassContext(Folder(files))
        cls.usher = cls.enterClassContext(Serve("return { workers = 1 }", scripts=cls.scripts))

    def ask(self, path, *arguments):
        status, headers, text = self.usher.get(path, *arguments)
        return status, headers, json.loads(text)

    def test_everything_a_script_may_read(self):
        status, headers, seen = self.ask("/echo?a=1&a=2&b=%C3%A9+x", "POST", b"b\xc3\xa9",
                                         {"x-ONE": "1", "X-Request-Id": "id-1", "Cookie": "a=1; b=2"})
        self.assertEqual(status, 200)
        self.assertEqual(headers["X-Request-Id"], "id-1")
        self.assertEqual(headers["Content-Type"], "application/json")
        sent = seen.pop("headers")
        self.assertIn(["x-ONE", "1"], sent)
        self.assertEqual(seen, {
            "method": "POST", "path": "/echo", "target": "/echo?a=1&a=2&b=%C3%A9+x",
            "query": {"a": "1", "b": "é x"}, "query_string": "a=1&a=2&b=%C3%A9+x", "body": "bé", "id": "id-1",
            "listener": "public", "remote": "127.0.0.1", "remote_key": "127.0.0.1", "x": "1", "none": True,
            "cookie": "2", "gone": False, "nothing": True})

    def test_without_query_body_or_id(self):
        _, headers, seen = self.ask("/echo")
        self.assertEqual((seen["query"], seen["query_string"], seen["body"]), ({}, "", ""))
        self.assertRegex(headers["X-Request-Id"], "^[0-9a-f]{32}$")
        self.assertEqual(seen["id"], headers["X-Request-Id"])

    def test_methods(self):
        self.assertEqual(self.usher.get("/echo", "HEAD")[::2], (200, ""))
        self.assertEqual(self.usher.get("/echo", "OPTIONS")[1]["Allow"], "GET, HEAD, OPTIONS, POST")
        for path, method, status, code in (("/nothing", "GET", 404, "not_found"),
                                           ("/echo", "DELETE", 405, "method_not_allowed"),
                                           ("/healthz", "POST", 405, "method_not_allowed")):
            found, _, body = self.ask(path, method)
            self.assertEqual((found, body["error"]["code"]), (status, code))
            self.assertTrue(body["error"]["request_id"])

    def test_json(self):
        json_type = {"Content-Type": "application/json"}
        self.assertEqual(self.ask("/json", "POST", b'{"a":[1,2.5,null,{}]}', json_type)[2], {"a": [1, 2.5, None, {}]})
        for body, headers, status in ((b"{", json_type, 400), (b"[]", json_type, 400), (b'{"a":1,"a":1}', json_type, 400),
                                      (b"{}", {}, 415), (b"{}", {"Content-Type": "text/plain"}, 415)):
            self.assertEqual(self.ask("/json", "POST", body, headers)[0], status)

    def test_a_request_that_was_answered(self):
        """A script may keep it; using it is an error, and no more than that."""
        self.usher.get("/late")
        for _ in range(2):
            said = self.ask("/late")[2]
            self.assertIn("usher.request expected", said.pop("foreign"))
            for name, text in said.items():
                self.assertIn("has been answered", text, name)

    def test_a_metric_that_takes_all_that_comes(self):
        """is told of once, and then counted."""
        with Serve("return { workers = 1 }", scripts=self.scripts) as usher:
            for _ in range(2):
                usher.get("/count")
            usher.get("/print")
            usher.wait_for("print")
            told = [entry for entry in map(json.loads, usher.said) if entry["event"] == "metric_dropped"]
            self.assertEqual([entry["metric"] for entry in told], ["spec_visits"])
            self.assertIn("\nusher_metrics_dropped_total{env=\"production\"} 2\n", usher.get("/metrics", admin=True)[2])

    def test_kept_requests_are_collected(self):
        for _ in range(50):
            self.assertEqual(self.usher.get("/keep")[2], "kept")

    def test_gone(self):
        """A client that was told 504 does not stop the flow, which can find out."""
        with Serve("return { limits = { request_timeout = 0.05 } }", scripts=self.scripts) as usher:
            asking = Asking(usher.port, "/gone")
            self.gate.arrived()
            status, _, text = asking.result()
            self.assertEqual((status, json.loads(text)["error"]["code"]), (504, "deadline_exceeded"))
            self.gate.open()
            entry = usher.wait_for("after")
            self.assertEqual((entry["gone"], entry["path"]), ("yes", "/gone"))
        asking = Asking(self.usher.port, "/gone")
        self.gate.arrived()
        self.gate.open()
        self.assertEqual(asking.result()[2], "late")
        self.assertEqual(self.usher.wait_for("after")["gone"], "no")

    def test_flows_have_no_way_out(self):
        for name, there in self.ask("/reach")[2].items():
            self.assertFalse(there, name)

    def test_replies(self):
        self.assertEqual(self.usher.get("/reply?r=many")[1].get_all("X-List"), ["a", "b"])
        self.assertEqual(self.usher.get("/reply?r=empty")[0], 204)
        self.assertEqual(len(self.usher.get("/reply?r=large")[2]), 1000000)
        status, headers, text = self.usher.get("/reply?r=framing")
        self.assertEqual((status, text, headers.get_all("Content-Length")), (200, "x", ["1"]))
        self.assertIsNone(headers["Transfer-Encoding"])
        for name in ("crlf", "name", "broken", "nothing"):
            status, headers, body = self.ask(f"/reply?r={name}")
            self.assertEqual(status, 500, name)
            self.assertIsNone(headers["X-Evil"])
            self.assertEqual(body["error"]["code"], "internal_error")
            self.assertEqual(body["error"]["request_id"], headers["X-Request-Id"])

    def test_print(self):
        _, _, request_id = self.usher.get("/print")
        line = self.usher.wait_for("print")
        self.assertEqual((line["level"], line["text"], line["request_id"]), ("info", "a\0b\tnil\tZoë\t1", request_id))

    def test_spawned(self):
        """A task of a flow outlives its answer, and its lines carry the request's id; the request itself is gone."""
        status, _, text = self.usher.get("/spawn", "GET", None, {"X-Request-Id": "spawner"})
        self.assertEqual((status, text), (200, "answered"))
        entry = self.usher.wait_for("task_failed")
        self.assertIn("has been answered", entry["error"])


if __name__ == "__main__":
    unittest.main()
