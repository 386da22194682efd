# SPDX-License-Identifier: MIT
"""The zoo: every file of hostile/ is a route of one server with one worker. Each is stopped inside its limit, which the
log names, while another client's requests on that worker are answered; afterwards the worker is as before.

A file says in its head what comes of it: `expect: slice` (a setting of `scripts`: the request is stopped, 500),
`expect: error TEXT` (an error like any other: 500, with this in the log), `expect: lost TEXT` (a reply that cannot be
sent: 500), `expect: status 200`; `then: slice` for what the tasks come to that it leaves behind. `load: TEXT` is what is said when the same lines stand at a file's top level.
"""
import json
import pathlib
import re
import threading
import unittest

import process

ZOO = sorted((pathlib.Path(__file__).parent / "hostile").glob("*.lua"))
SETTINGS = """return { workers = 1, scripts = { slice = 0.2, held = 0.05, cpu = 0.5, wall_time = %d, memory = 67108864,
  request_memory = 2097152, string_size = 262144, pattern_steps = 100000, tasks = 64 } }"""
WELL = "return function() return { json = { memory = collectgarbage 'count' } } end"
CHURN = "return function() for i = 1, 2000 do local _ = { i } end return { json = {} } end"
PATIENT = """local log, task = require "log", require "task"
local function again(left)
  local from = os.clock()
  while os.clock() - from < 0.05 do end
  if left == 0 then return log.info "patient_end" end
  task.after(0.4, function() again(left - 1) end)
end
return function() task.after(0, function() again(14) end) return { json = {} } end"""
KILOBYTES = 512  # more than before, when all is well again


def heads(path):
    """What the comments of a file say: {"expect": "error TEXT", …}"""
    return dict(re.findall(r"^-- (expect|then|load): (.*)$", path.read_text(), re.MULTILINE))


def scripts():
    files = {"well.lua": WELL, "churn.lua": CHURN, "patient.lua": PATIENT}
    files.update((f"hostile/{path.name}", path.read_text()) for path in ZOO)
    names = ["well", "churn", "patient"] + [f"hostile.{path.stem}" for path in ZOO]
    routes = "".join(f'  {{ "GET", "/{name}", "{name}" }},\n' for name in names)
    files["routes.lua"] = "return {\n" + routes + "}\n"
    return process.Folder(files)


class WellBehaved(threading.Thread):
    """Somebody else on the same worker: asks without a pause until it is told to stop."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.ended, self.statuses = port, threading.Event(), []
        self.start()

    def run(self):
        while not self.ended.is_set():
            self.statuses.append(process.exchange(self.port, "/well")[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join(process.PATIENCE)


class Cage:
    """One server for a part of the zoo: those that wait for their wall time need a short one, the others a long one."""

    @classmethod
    def setUpClass(cls):
        cls.folder = scripts()
        cls.server = process.Serve(SETTINGS % cls.wall_time, scripts=cls.folder.name)
        for _ in range(20):
            cls.memory()
        cls.before = cls.memory()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    @classmethod
    def memory(cls):
        status, _, text = cls.server.get("/well")
        assert status == 200, text
        return json.loads(text)["memory"]

    def outcome(self, expected):
        """The next line of the log that tells how a script ended: it is this one."""
        while True:
            line = self.server.lines.get(timeout=process.PATIENCE)
            entry = json.loads(line)
            if entry["event"] in ("script_stopped", "request_failed", "request_lost"):
                self.assertEqual(expected, entry["event"], line)
                return entry

    def stopped_by(self, setting, name):
        entry = self.outcome("script_stopped")
        self.assertEqual("scripts." + setting, entry["setting"])
        self.assertIn(f"hostile/{name}.lua:", entry["traceback"])
        self.assertRegex(entry["request_id"], "^[0-9a-f]{32}$")

    def check_end(self, expected, name):
        kind, _, text = expected.partition(" ")
        if kind == "error":
            self.assertIn(text, self.outcome("request_failed")["error"])
        elif kind == "lost":
            entry = self.outcome("request_lost")
            self.assertIn(text, entry["error"])
            self.assertRegex(entry["request_id"], "^[0-9a-f]{32}$")
        elif kind != "status":
            self.stopped_by(kind, name)
        return int(text) if kind == "status" else 500

    def check_as_before(self):
        while self.memory() > self.before + KILOBYTES:  # until it is collected
            self.server.get("/churn")
        current = json.loads(self.server.get("/status", admin=True)[2])["scripts"]["current"]
        self.assertEqual((1, 1), (current["number"], current["states"]))
        self.assertEqual(1, current["in_flight"])  # this question

    def meet(self, path):
        said = heads(path)
        with WellBehaved(self.server.port) as other:
            status = self.server.get(f"/hostile.{path.stem}")[0]
            wanted = self.check_end(said["expect"], path.stem)
            if "then" in said:
                self.stopped_by(said["then"], path.stem)
        self.assertEqual({200}, set(other.statuses))
        self.assertEqual(wanted, status)
        self.check_as_before()

    def test_each_is_stopped_and_nobody_else(self):
        for path in ZOO:
            if ("wall_time" in heads(path).values()) == self.waits:
                with self.subTest(path.stem):
                    self.meet(path)


class Waiting(Cage, unittest.TestCase):
    wall_time, waits = 2, True


    def test_a_timer_that_takes_little_goes_on(self):
        self.server.get("/patient")  # in all more than scripts.cpu
        self.server.wait_for("patient_end")


class Spinning(Cage, unittest.TestCase):
    wall_time, waits = 600, False

    def test_a_loop_that_is_held_is_told_once_with_its_line(self):
        self.server.get("/hostile.goto_loop")
        entry = self.server.wait_for("loop_held")
        self.assertRegex(entry["at"], r"hostile/goto_loop\.lua:4$")
        self.assertEqual("scripts.held", entry["setting"])
        self.server.wait_for("request")
        held = [line for line in self.server.said if entry["request_id"] in line and "loop_held" in line]
        self.assertEqual(1, len(held))


if __name__ == "__main__":
    unittest.main()
