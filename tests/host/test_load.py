# SPDX-License-Identifier: MIT
"""Scripts that mean ill while they are loaded: the set is refused with file and line, at start, by `usher check` and at a
reload; what served before goes on serving, and the process stays as large as it was."""
import json
import pathlib
import unittest

import process

SETTINGS = "return { workers = 2, reload = { watch = false }, scripts = { load = %s, memory = 33554432 } }"
SHORT = SETTINGS % 0.6  # seconds: for scripts that spin
LONG = SETTINGS % 60    # for scripts that hoard: under a sanitizer filling the memory takes long
GOOD = "return function() return { json = { good = true } } end"
ROUTES = 'return { { "GET", "/it", "it" } }'

SPINNING = [  # what stands at the top of it.lua, what the refusal says
    ("while true do end", "it.lua:1: stopped after 0.6 s of CPU time (scripts.load)"),
    ("local _ = 1\nwhile true do pcall(function() while true do end end) end", "it.lua:2: stopped after"),
    ("::again:: goto again", "it.lua:1: stopped after"),
    ("coroutine.wrap(function()\nwhile true do end end)()", "it.lua:2: stopped after"),
    ("xpcall(error, function()\n\nwhile true do end end)", "it.lua:3: stopped after"),
    ("local _ <close> = setmetatable({}, { __close = function() while true do end end })", "it.lua:1: stopped after"),
    ("local function deeper() return 1 + deeper() end\ndeeper()", "it.lua:1: "),
    ("require 'helper'", "helper.lua:2: stopped after"),
]
HOARDING = [
    ("local t = {}\nfor i = 1, math.huge do t[i] = { i } end", "it.lua:2: not enough memory (scripts.memory)"),
    ("local s = 'x'\n\nwhile true do s = s .. s end", "it.lua:3: not enough memory (scripts.memory)"),
    ("pcall(function()\nlocal t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end end)\nerror 'caught'",
     "it.lua:3: caught"),
]
ROWS = [(SHORT, *row) for row in SPINNING] + [(LONG, *row) for row in HOARDING]
FILES = {"routes.lua": ROUTES, "it.lua": GOOD, "helper.lua": "return {}"}


def bad(row):
    files = dict(FILES)
    files["it.lua"] = row + "\n" + GOOD
    if "helper" in row:
        files["helper.lua"] = "local n = 0\nwhile true do n = n + 1 end"
    return files


class Load(unittest.TestCase):
    def test_check_says_where(self):
        for limits, text, said in ROWS:
            with self.subTest(text), process.Folder(bad(text)) as folder, process.Folder({"s.lua": limits}) as settings:
                code, _, problem = process.run("check", "--scripts", folder, "--config", settings + "/s.lua")
                self.assertEqual(1, code)
                self.assertIn(said, problem)

    def test_serve_does_not_start(self):
        for limits, text, said in (ROWS[0], ROWS[-1]):
            with self.subTest(text), process.Folder(bad(text)) as folder, process.Folder({"s.lua": limits}) as settings:
                code, _, problem = process.run("serve", "--port", "0", "--admin-port", "0", "--scripts", folder,
                                               "--config", settings + "/s.lua")
                self.assertEqual(1, code)
                self.assertIn(said, problem)

    def test_settings_that_never_end(self):
        with process.Folder(FILES) as folder, process.Folder({"s.lua": "while true do end"}) as settings:
            code, _, problem = process.run("serve", "--scripts", folder, "--config", settings + "/s.lua")
            self.assertEqual(1, code)
            self.assertIn("s.lua:1: stopped after 2 s of CPU time", problem)

    def test_a_reload_is_refused_and_the_old_one_serves(self):
        for limits, rows in (SHORT, SPINNING[::3]), (LONG, HOARDING[:1]):
            self.refused_at_reload(limits, rows)

    def refused_at_reload(self, limits, rows):
        with process.Folder(FILES) as folder, process.Serve(limits, scripts=folder) as server:
            for text, said in rows:
                with self.subTest(text):
                    for name, content in bad(text).items():
                        pathlib.Path(folder, name).write_text(content)
                    status, _, answer = server.get("/reload", method="POST", admin=True)
                    self.assertEqual(409, status)
                    self.assertIn(said, json.loads(answer)["message"])
                    self.assertEqual(200, server.get("/it")[0])
            current = json.loads(server.get("/status", admin=True)[2])["scripts"]["current"]
            self.assertEqual((1, 2), (current["number"], current["states"]))


if __name__ == "__main__":
    unittest.main()
