# SPDX-License-Identifier: MIT
"""What a script fails with is told with file and line through every coroutine of its request: in the log, always; in the
answer where show_tracebacks says so."""
import json
import re
import unittest

from process import Folder, Serve

HEAD = """local clock, task = require "clock", require "task"
local function fails(x)
  return x.a.b
end
"""
FLOWS = {  # body of the function from line 6 on, and the lines of its file in the order in which they are told
    "plain": ("fails {}", [3, 6]),
    "child": ("task.all { function()\n  fails {}\n end }", [3, 7, 6]),
    "child_that_waited": ("task.all { function() clock.sleep(0)\n  fails {}\n end }", [3, 7, 6]),
    "grandchild": ("task.all { function()\n  task.all { function()\n  fails {} end } end }", [3, 8, 7, 6]),
    "wrap": ("local co = coroutine.wrap(function()\n  fails {} end)\nco()", [3, 7, 8]),
    "wrap_after_yield": ("local co = coroutine.wrap(function()\n  coroutine.yield()\n  fails {} end)\nco()\nco()", [3, 8, 10]),
    "wrap_in_wrap": ("coroutine.wrap(function()\n  coroutine.wrap(function()\n  fails {} end)() end)()", [3, 8, 7, 6]),
    "resume": ("local co = coroutine.create(function()\n  fails {} end)\nlocal _, e = coroutine.resume(co)\nerror(e, 0)",
               [3, 7, 9]),
    "wrap_in_child": ("task.all { function()\n  coroutine.wrap(function()\n  fails {} end)() end }", [3, 8, 7, 6]),
    "table": ("coroutine.wrap(function()\n  error {} end)()", [7, 6]),
    "caught_before": ("pcall(coroutine.wrap(function()\n  fails {} end))\nerror 'other'", [8]),
}
BESIDE = {  # the same for what nobody waits for
    "spawned": ("task.spawn(function()\n  coroutine.wrap(function()\n  fails {} end)() end) return { json = {} }", [3, 8, 7]),
    "after": ("task.after(0, function()\n  fails {} end) return { json = {} }", [3, 7]),
}
STOPPED = {  # by a limit: which, and the same
    "spins": ("slice", "task.all { function()\n  coroutine.wrap(function()\n  while true do end end)() end }", [8, 7, 6]),
    "catches": ("slice", "while true do pcall(function()\n  while true do end end) end", [7, 6]),
    "spends": ("cpu", "while true do clock.sleep(0) for _ = 1, 1000 do end end", [6]),
    "sleeps": ("wall_time", "clock.sleep(100)", [6]),
}
LIMITS = {"slice": 0.05, "cpu": 0.1, "wall_time": 1}


def settings(limit, more=""):
    return "return { scripts = { %s = %g }, %s }" % (limit, LIMITS[limit], more)


def scripts():
    rows = {**FLOWS, **BESIDE, **{name: (body, lines) for name, (_, body, lines) in STOPPED.items()}}
    routes = "".join(f'  {{ "GET", "/{name}", "{name}" }},\n' for name in rows)
    files = {f"{name}.lua": f"{HEAD}return function()\n{body}\nend\n" for name, (body, _) in rows.items()}
    return {"routes.lua": "return {\n" + routes + "}\n", **files}


def lines_told(text, name):
    """The numbers of the traceback's lines in that file, each once where it is told twice in a row."""
    numbers = [int(n) for n in re.findall(rf"\n\t\S*/{name}\.lua:(\d+): in", text)]
    return [n for i, n in enumerate(numbers) if i == 0 or n != numbers[i - 1]]


class Tracebacks(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(Folder(scripts()))

    def test_the_log_tells_every_coroutine_and_the_answer_nothing(self):
        with Serve(scripts=self.folder) as usher:
            for name, (_, lines) in FLOWS.items():
                with self.subTest(name=name):
                    status, _, body = usher.get("/" + name)
                    logged = usher.wait_for("request_failed")
                    self.assertEqual(lines, lines_told(logged["error"], name), logged["error"])
                    error = json.loads(body)["error"]
                    self.assertEqual((500, "internal_error", logged["request_id"]), (status, error["code"], error["request_id"]))
                    self.assertNotIn("lua", body)

    def test_what_runs_beside_a_request(self):
        with Serve(scripts=self.folder) as usher:
            for name, (_, lines) in BESIDE.items():
                with self.subTest(name=name):
                    _, headers, _ = usher.get("/" + name, headers={"X-Request-Id": "a" + name})
                    logged = usher.wait_for("task_failed")
                    self.assertEqual(lines, lines_told(logged["error"], name), logged["error"])
                    self.assertEqual(headers["X-Request-Id"], logged["request_id"])

    def test_the_answer_where_the_settings_say_so(self):
        with Serve("return { show_tracebacks = true }", scripts=self.folder) as usher:
            error = json.loads(usher.get("/wrap_in_child")[2])["error"]
            self.assertEqual(FLOWS["wrap_in_child"][1], lines_told(error["traceback"], "wrap_in_child"))

    def test_what_a_limit_has_stopped(self):
        for name, (limit, _, lines) in STOPPED.items():
            with self.subTest(name=name), Serve(settings(limit, "show_tracebacks = true"), scripts=self.folder) as usher:
                status, _, body = usher.get("/" + name)
                logged, error = usher.wait_for("script_stopped"), json.loads(body)["error"]
                self.assertEqual((500, "internal_error", logged["request_id"]), (status, error["code"], error["request_id"]))
                self.assertIn(f"{name}.lua:{lines[0]}: stopped after ", error["traceback"])
                self.assertIn(f"(scripts.{limit})\nstack traceback:\n", error["traceback"])
                self.assertEqual("scripts." + limit, logged["setting"])
                for told in error["traceback"], logged["traceback"]:
                    self.assertEqual(lines, lines_told(told, name), told)
                _, headers, page = usher.get("/" + name, headers={"Accept": "text/html"})
                self.assertIn("text/html", headers["Content-Type"])
                self.assertIn(f"{name}.lua:{lines[0]}: stopped after ", page)

    def test_what_a_limit_has_stopped_is_for_the_log_only(self):
        for name, (limit, *_) in STOPPED.items():
            with self.subTest(name=name), Serve(settings(limit), scripts=self.folder) as usher:
                status, _, body = usher.get("/" + name, headers={"Accept": "text/html"})
                self.assertEqual((500, "internal_error"), (status, json.loads(body)["error"]["code"]))
                self.assertNotIn("lua", body)


if __name__ == "__main__":
    unittest.main()
