# SPDX-License-Identifier: MIT
"""scripts/.luacheckrc and .luarc.json: an author is told of what a flow does not have, and of nothing else."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

import process

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
LUACHECK, LANGUAGE_SERVER = shutil.which("luacheck"), shutil.which("lua-language-server")

FLOW = "return function() return { json = {} } end\n"
FAULTS = [  # file, its first line, what is said of it
    ("flows/a.lua", "counter = 1", "W111"),  # a global of one's own
    ("flows/a.lua", "print(counter)", "W113"),
    ("flows/a.lua", "io.write('a')", "W113"),
    ("flows/a.lua", "load('return 1')()", "W113"),
    ("flows/a.lua", "dofile('a.lua')", "W113"),
    ("flows/a.lua", "print(package.path)", "W113"),
    ("flows/a.lua", "os.execute('ls')", "W143"),
    ("flows/a.lua", "print(os.getenv 'HOME')", "W143"),
    ("flows/a.lua", "debug.sethook()", "W143"),
    ("flows/a.lua", "print(string.dump(print))", "W143"),
    ("flows/a.lua", "print(coroutine.running())", "W143"),
    ("flows/a.lua", "string.trim = print", "W142"),
    ("lib/a.lua", "describe('a', print)", "W113"),
    ("lib/a_spec.lua", "io.write('a')", "W113"),
]
GOOD = [
    ("flows/a.lua", "print(os.time(), debug.traceback(), coroutine.isyieldable(), utf8.char(65))"),
    ("lib/a_spec.lua", "describe('a', function() it('b', function() assert.equal(1, 1) end) end)"),
    ("commands/a.lua", "io.write(os.getenv 'HOME' or '')"),
]
# Prints what .luacheckrc gives to flows, as the flow below prints what they have.
READ_RC = """
local rc = setmetatable({ stds = {}, files = {} }, { __index = _G })
assert(loadfile(..., "t", rc))()
local names = {}
for key, value in pairs(rc.stds.flow.read_globals) do
  if type(key) == "number" then
    names[#names + 1] = value
  else
    for _, field in ipairs(value.fields) do names[#names + 1] = key .. "." .. field end
  end
end
table.sort(names)
print(require "json".encode(names))
"""
NAMES = """
-- libraries that are not there as a whole
local partly = { coroutine = true, debug = true, os = true, string = true }
local names = {}
for name, value in pairs(_G) do
  if partly[name] then
    for field in pairs(value) do names[#names + 1] = name .. "." .. field end
  else
    names[#names + 1] = name
  end
end
table.sort(names)
return function() return { json = names } end
"""


def luacheck(files):
    """-> what luacheck says in a folder of scripts with these files."""
    rc = (SCRIPTS / ".luacheckrc").read_text()
    with process.Folder({".luacheckrc": rc, **files}) as folder:
        return subprocess.run([LUACHECK, "--codes", "--no-color", "."], cwd=folder, capture_output=True, text=True,
                              check=False).stdout


@unittest.skipUnless(LUACHECK, "no luacheck here: apt-get install lua-check")
class Luacheck(unittest.TestCase):
    def test_the_scripts_inside_the_binary_are_clean(self):
        done = subprocess.run([LUACHECK, "-q", "--no-color", "."], cwd=SCRIPTS, capture_output=True, text=True,
                              check=False)
        self.assertEqual(0, done.returncode, done.stdout)

    def test_what_a_flow_does_not_have_is_said(self):
        for name, line, code in FAULTS:
            with self.subTest(file=name, line=line):
                self.assertIn(f"({code})", luacheck({name: line + "\n" + FLOW}))

    def test_what_there_is_passes(self):
        for name, line in GOOD:
            with self.subTest(file=name, line=line):
                self.assertIn(" 0 warnings / 0 errors", luacheck({name: line + "\n" + FLOW}))


class Globals(unittest.TestCase):
    def test_luacheckrc_lists_the_globals_of_a_flow(self):
        with process.Folder({"read.lua": READ_RC}) as folder:
            code, listed, problem = process.run("exec", os.path.join(folder, "read.lua"), str(SCRIPTS / ".luacheckrc"))
        self.assertEqual(0, code, problem)
        with process.Folder({"routes.lua": 'return { { "GET", "/names", "names" } }', "names.lua": NAMES}) as scripts:
            with process.Serve(scripts=scripts) as usher:
                status, _, body = usher.get("/names")
        self.assertEqual(200, status, body)
        self.assertEqual(json.loads(body), json.loads(listed))


class LanguageServer(unittest.TestCase):
    def test_its_settings_are_json_and_name_the_types(self):
        settings = json.loads((SCRIPTS / ".luarc.json").read_text())
        for folder in settings["workspace.library"]:
            self.assertTrue((SCRIPTS / folder / "http.lua").exists(), folder)

    @unittest.skipUnless(LANGUAGE_SERVER, "no lua-language-server here; Debian and npm have none")
    def test_it_finds_nothing_in_the_scripts(self):
        with process.Folder() as logs:
            done = subprocess.run([LANGUAGE_SERVER, "--check", str(SCRIPTS), f"--logpath={logs}"], capture_output=True,
                                  text=True, check=False)
        self.assertIn("no problems found", done.stdout.lower(), done.stdout)


if __name__ == "__main__":
    unittest.main()
