# SPDX-License-Identifier: MIT
"""Everything that is wrong with a set of scripts is said at once: by `usher check`, and where a reload is refused."""
import json
import os
import unittest

from process import Folder, Serve, run

GOOD = {
    "routes.lua": 'return { { "GET", "/hello", "hello" } }',
    "hello.lua": "return function() return { body = 'hello' } end",
}
BAD = {
    "routes.lua": """return {
  { "GET", "/hello", "hello" },
  { "GET", "/hello", "hello" },
  { "GET", "/table", "lib.table" },
  { "GET", "/nowhere", "nowhere" },
  { "FETCH", "/hello", "hello" },
  { "GET", "/late", "late" },
}
""",
    "hello.lua": "return function() return { body = 'hello' } end",
    "lib/table.lua": "return {}",
    "lib/syntax.lua": "local x = 1\nlocal y = = 2\n",
    "lib/raises.lua": "\n\nerror 'at load'",
    "lib/above.lua": "local _ = require 'lib.raises'\nreturn {}",
    "lib/below.lua": "local _ = require 'lib.syntax'\nreturn {}",
    "lib/deep.lua": "return " + "(" * 1000 + ")" * 1000,
    "lib/writes.lua": "counter = 1\nreturn {}",
    "lib/reads.lua": "return {\n  now = clokc.now(),\n}",
    "lib/circle.lua": "return require 'lib.circle'",
    "late.lua": "local config = require 'config'\nreturn function()\n  return { body = config.signup.kee }\nend",
    "lib/far.lua": "local config = require 'config'\n-- [[ config.env\n--[[\nconfig.nothing ]]\nlocal text = 'config.none'\n"
                   "return function() return text .. config.env .. config.cpus.x end",
    "lib/other.lua": "local config = require 'config'\nreturn function(\n  config) return config.nothing end",
    "lib/third.lua": "local config = require 'config'\nlocal a, config = config.env, {}\nreturn { a, config.nothing }",
    "hello_spec.lua": "describe('hello', function()\n  it('says so', function()\n    assert.equal(1, 2)\n  end)\nend)",
    "world_spec.lua": "local testing = require 'testing'\ndescribe('a world', function()\n"
                      "  it('says nothing of what does not load', function() testing.world():get '/hello' end)\nend)",
}
FAULTS = {  # file: line: message
    "DIR/routes.lua:3: GET /hello: stands twice",
    "DIR/routes.lua:4: GET /table: module lib.table must return a function, not a table",
    "DIR/routes.lua:5: GET /nowhere: module 'nowhere' not found: no binding, and no script of that name in DIR",
    'DIR/routes.lua:1: entry 5 has the method "FETCH", which no request has',
    "DIR/lib/syntax.lua:2: unexpected symbol near '='",
    "DIR/lib/raises.lua:3: at load",
    "DIR/lib/deep.lua:1: C stack overflow",
    "DIR/lib/writes.lua:1: the global 'counter' cannot be set: scripts share nothing that way; is a 'local' missing?",
    "DIR/lib/reads.lua:2: there is no global 'clokc': is it misspelt, or is a 'local' missing?",
    "DIR/lib/circle.lua:1: modules require each other in a circle: lib.circle -> lib.circle",
    "DIR/late.lua:3: there is no setting signup.kee; did you mean signup.key?",
    "DIR/lib/far.lua:6: there is no setting cpus; did you mean cors?",
    "DIR/hello_spec.lua:3: hello says so: 2 should be 1",
}
SETTINGS = "return {\n  reload = { watch = false },\n  listen = {\n    prot = 80,\n  },\n}"
UNKNOWN = "DIR/c.lua:4: unknown setting listen.prot; did you mean listen.port?"


def write(folder, files):
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def placed(lines, folder):
    return {line.replace(folder, "DIR") for line in lines}


HALF_FULL = """local kept = {}
for i = 1, 100 do kept[i] = ("k"):rep(200000) .. i end -- 20 MB of 32
for i = 1, 100 do
  local text = ("x"):rep(200000) .. i
  local _ = table.concat { text, text:upper() }:gsub("x", "y", 1)
end
return kept
"""


class Memory(unittest.TestCase):
    def test_what_can_be_collected_is_not_in_the_way(self):
        with Folder({**GOOD, "lib/half_full.lua": HALF_FULL, "c.lua": "return { scripts = { memory = 32 << 20 } }"}) as path:
            code, _, err = run("check", "--dev", "--scripts", path, "--config", os.path.join(path, "c.lua"))
        self.assertEqual((0, ""), (code, err))


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(Folder(BAD))
        self.config = os.path.join(self.enterContext(Folder({"c.lua": SETTINGS})), "c.lua")

    def wanted(self):
        return FAULTS | {UNKNOWN.replace("DIR", os.path.dirname(self.config))}

    def test_lines_for_people(self):
        code, out, err = run("check", "--scripts", self.folder, "--config", self.config)
        *lines, last = err.splitlines()
        self.assertEqual((1, ""), (code, out))
        self.assertEqual(self.wanted(), placed(lines, self.folder))
        self.assertEqual(f"usher check: {len(self.wanted())} faults; nothing was changed", last)

    def test_an_object_for_programs(self):
        code, out, err = run("check", "--json", "--scripts", self.folder, "--config", self.config)
        answer = json.loads(out)
        self.assertEqual((1, "", False, len(BAD)), (code, err, answer["ok"], answer["scripts"]))
        lines = [f"{fault['file']}:{fault['line']}: {fault['message']}" for fault in answer["faults"]]
        self.assertEqual(self.wanted(), placed(lines, self.folder))
        raised = next(fault for fault in answer["faults"] if fault["file"].endswith("raises.lua"))
        self.assertIn("stack traceback:", raised["traceback"])

    def test_a_good_set_for_programs(self):
        with Folder(GOOD) as folder:
            self.assertEqual((0, {"ok": True, "scripts": 2, "faults": []}),
                             (lambda code, out, _: (code, json.loads(out)))(*run("check", "--json", "--scripts", folder)))

    def test_what_cannot_be_read_for_programs(self):
        code, out, _ = run("check", "--json", "--scripts", "/nowhere")
        answer = json.loads(out)
        self.assertEqual((1, False), (code, answer["ok"]))
        self.assertIn("/nowhere", answer["faults"][0]["message"])


class Links(unittest.TestCase):
    """A link may lead anywhere inside the folder, and elsewhere where the settings say so."""

    def setUp(self):
        self.outside = self.enterContext(Folder({"word.lua": "return 'outside'", "more/one.lua": "return 1"}))
        self.folder = self.enterContext(Folder({**GOOD, "lib/word.lua": "return 'inside'"}))
        self.config = os.path.join(self.enterContext(Folder({"c.lua": "return { reload = { links = true } }"})), "c.lua")

    def link(self, to, name):
        os.symlink(to, os.path.join(self.folder, name))

    def check(self, *words):
        return run("check", "--scripts", self.folder, *words)

    def test_inside(self):
        self.link(os.path.join(self.folder, "lib"), "again")
        self.assertEqual(0, self.check()[0])

    def test_outside(self):
        for to, name in ((self.outside, "all"), (self.outside + "/word.lua", "lib/other.lua"), ("/etc/passwd", "passwd.lua")):
            with self.subTest(to=to):
                self.link(to, name)
                code, _, said = self.check()
                self.assertEqual(1, code)
                self.assertIn(f"{self.folder}/{name} is a link that leads out of the scripts folder, to {to}", said)
                os.unlink(os.path.join(self.folder, name))

    def test_outside_where_the_settings_say_so(self):
        self.link(self.outside, "all")
        self.link(self.outside + "/word.lua", "lib/other.lua")
        write(self.folder, {"hello.lua": "local w = require 'lib.other' return function() return { body = w } end"})
        code, out, said = self.check("--config", self.config)
        self.assertEqual((0, ""), (code, said))
        self.assertIn("6 scripts are good", out)
        with Serve("return { reload = { links = true } }", scripts=self.folder) as usher:
            self.assertEqual("outside", usher.get("/hello")[2])
            write(self.outside, {"word.lua": "return 'other'"})
            self.assertEqual(200, usher.get("/reload", "POST", admin=True)[0])
            self.assertEqual("other", usher.get("/hello")[2])

    def test_what_is_no_file(self):
        os.mkfifo(os.path.join(self.folder, "pipe.lua"))
        code, _, said = self.check()
        self.assertEqual(1, code)
        self.assertIn("pipe.lua is no file", said)


class Refusal(unittest.TestCase):
    def test_caller_log_and_status_say_the_same(self):
        with Folder(GOOD) as folder, Serve("return { reload = { watch = false } }", scripts=folder) as usher:
            write(folder, BAD)
            status, _, text = usher.get("/reload", "POST", admin=True)
            told = json.loads(text)["message"]
            logged = usher.wait_for("reload_refused")["problem"]
            refusal = json.loads(usher.get("/status", admin=True)[2])["scripts"]["last_refusal"]
            self.assertEqual((409, told, told), (status, logged, refusal["problem"]))
            said = {line for line in placed(told.splitlines(), folder) if line.startswith("DIR/")}
            self.assertEqual(FAULTS, said)
            lines = [f"{fault['file']}:{fault['line']}: {fault['message']}" for fault in refusal["faults"]]
            self.assertEqual(FAULTS, placed(lines, folder))
            self.assertIn("stack traceback:\n\t[C]: in function 'error'", told)
            self.assertEqual((200, "hello"), usher.get("/hello")[::2])


if __name__ == "__main__":
    unittest.main()
