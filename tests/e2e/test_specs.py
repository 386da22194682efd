# SPDX-License-Identifier: MIT
"""usher test: its options, what it says to programs, and how it waits for changes."""
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import unittest
import xml.etree.ElementTree

from process import BINARY, PATIENCE, Folder, environment, run

ENV = environment()
GOOD = "it('passes', function() assert.equal(1, 1) end)\n"
MIXED = """
describe("a block", function()
  it("passes", function() end)
  it("fails", function()
    assert.equal(1, 2)
  end)
  it("raises", function() error "boom" end)
  pending "later"
end)
"""
DRAWN = """
it("draws", function()
  require "testing".world()
  print("drawn " .. require "crypto".uuid())
end)
"""


def usher_test(*words):
    return run("test", *words, env=ENV)


class Options(unittest.TestCase):
    def test_json(self):
        with Folder({"a_spec.lua": MIXED}) as path:
            code, out, err = usher_test("--json", path)
        self.assertEqual((code, err), (1, ""))
        said = json.loads(out)
        counts = {name: said[name] for name in ("ok", "tests", "successes", "failures", "errors", "pending")}
        self.assertEqual(counts, {"ok": False, "tests": 4, "successes": 1, "failures": 1, "errors": 1, "pending": 1})
        fails, raises = said["faults"]
        self.assertEqual((fails["name"], fails["status"], fails["line"]), ("a block fails", "failure", 4))
        self.assertTrue(fails["file"].endswith("a_spec.lua"))
        self.assertEqual((raises["name"], raises["status"]), ("a block raises", "error"))
        self.assertIn("boom", raises["message"])
        for fault in said["faults"]:  # as far as it is the author's
            self.assertIn("a_spec.lua:", fault["traceback"])
            self.assertNotIn("busted", fault["traceback"])

    def test_json_of_what_is_good(self):
        with Folder({"a_spec.lua": GOOD}) as path:
            code, out, _ = usher_test("--output=json", path)
        self.assertEqual((code, json.loads(out)["ok"], json.loads(out)["faults"]), (0, True, []))

    def test_formats(self):
        with Folder({"a_spec.lua": MIXED}) as path:
            tap = usher_test("--output", "TAP", path)[1]
            self.assertIn("not ok", tap)
            self.assertIn("\n# seed ", tap)
            self.assertIn("1 failure", usher_test("--output", "utf", path)[1])
            tree = xml.etree.ElementTree.fromstring(usher_test("--output", "junit", path)[1])
        self.assertEqual(len(tree.findall(".//testcase")), 4)

    def test_seed(self):
        def drawn(*words):
            code, out, _ = usher_test(*words)
            self.assertEqual(code, 0)
            return re.search(r"drawn (\S+)", out)[1], re.search(r"seed (\d+)", out)[1]
        with Folder({"a_spec.lua": DRAWN}) as path:
            self.assertEqual(drawn("--seed", "7", path), drawn("--seed=7", path))
            self.assertNotEqual(drawn("--seed", "7", path)[0], drawn("--seed", "8", path)[0])
            uuid, seed = drawn(path)
            self.assertEqual(drawn("--seed", seed, path), (uuid, seed))

    def test_scripts_bring_their_specs(self):
        files = {"lib/word.lua": "return 'hello'", "lib/word_spec.lua":
                 "it('is hello', function() assert.equal('hello', require 'lib.word') end)",
                 ".hidden/no_spec.lua": "error 'never read'"}
        with Folder(files) as path:
            code, out, _ = usher_test("--scripts", path)
        self.assertEqual(code, 0)
        self.assertIn("1 success", out)

    def test_wrong_usage(self):
        for words, said in ((["--output", "pdf"], "--output takes json, junit, plain, TAP or utf, not 'pdf'"),
                            (["--seed", "x"], "--seed takes a whole number, not 'x'"),
                            (["--sed", "1"], "did you mean --seed?")):
            code, out, err = usher_test(*words)
            self.assertEqual((code, out), (2, ""))
            self.assertIn(said, err)

    def test_nothing_to_run(self):
        code, _, err = usher_test("/nowhere")
        self.assertEqual((code, err), (1, "usher test: no test ran; looked for *_spec.lua in /nowhere\n"))


PLAIN = "it('plain', function() assert.equal(1, require 'lib.word') end)"
WORLD = "it('world', function() assert.equal(1, require 'testing'.world():require 'lib.word') end)"
FAILS = "it('fails', function() error 'x' end)"


class Watch(unittest.TestCase):
    FILES = {"a_spec.lua": GOOD, "plain_spec.lua": PLAIN, "world_spec.lua": WORLD,
             "s/lib/other.lua": "return 1"}

    def start(self, files, *options):
        self.path = self.enterContext(Folder({"s/lib/word.lua": "return 1", **files}))
        self.process = subprocess.Popen([BINARY, "test", "--watch", *options, "--scripts", self.path + "/s", self.path],
                                        env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        self.addCleanup(self.process.stdout.close)
        timer = threading.Timer(PATIENCE, self.process.kill)
        timer.start()
        self.addCleanup(timer.cancel)

    def wait(self, text):
        for line in self.process.stdout:
            if text in line:
                return line
        self.fail(f"ended before {text}")

    def write(self, name, text):
        part = pathlib.Path(self.path, name + ".part")
        part.write_text(text)
        os.replace(part, part.with_suffix(""))

    def end(self):
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE)

    def test_runs_again_what_a_change_concerns(self):
        self.start(self.FILES)
        self.wait("3 successes / 0 failures / 0 errors")
        for name, text, files, said in (
                ("a_spec.lua", GOOD + GOOD, "1 of 3", "2 successes / 0 failures / 0 errors"),
                ("s/lib/word.lua", "return 2", "2 of 3", "0 successes / 2 failures / 0 errors"),
                ("a_spec.lua", GOOD, "3 of 3", "1 success / 2 failures / 0 errors"),  # what failed runs along
                ("s/lib/word.lua", "return 1", "2 of 3", "2 successes / 0 failures / 0 errors"),
                ("b_spec.lua", FAILS, "1 of 4", "0 successes / 0 failures / 1 error"),
                ("s/lib/word.lua", "return 1 ", "3 of 4", "2 successes / 0 failures / 1 error"),
                ("b_spec.lua", "it(", "1 of 4", "0 successes / 0 failures / 0 errors"),
                ("s/lib/other.lua", "return 2", "4 of 4", "3 successes / 0 failures / 0 errors")):  # nobody knows it
            with self.subTest(name=name, text=text):
                self.wait("waiting for a change")
                self.write(name, text)
                self.wait(f"{name} has changed: {files} files of specs")
                self.wait(said)
        self.wait("waiting for a change")
        self.assertEqual(self.end(), 1)

    def test_what_failed_runs_first(self):
        self.start({"a_spec.lua": "it('good', function() end)", "z_spec.lua": FAILS}, "--output", "TAP")
        self.assertEqual("ok 1 - good\n", self.wait("ok 1 - "))
        self.wait("waiting for a change")
        self.write("a_spec.lua", "it('better', function() end)")
        self.assertEqual("not ok 1 - fails\n", self.wait("ok 1 - "))
        self.wait("waiting for a change")
        self.assertEqual(self.end(), 1)

    def test_ends(self):
        self.start({"a_spec.lua": GOOD})
        self.wait("waiting for a change")
        self.assertEqual(self.end(), 0)


if __name__ == "__main__":
    unittest.main()
