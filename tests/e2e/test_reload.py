# SPDX-License-Identifier: MIT
"""Scripts change while it serves: by file watch, SIGHUP, POST /reload and POST /rollback. A bad set changes nothing."""
import hashlib
import html
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import threading
import unittest
from urllib.request import Request, urlopen

from process import BINARY, PATIENCE, Dev, Folder, Serve, ask, fixture, run

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "bench"))
import reloads

ROUTES = 'return { { "GET", "/hello", "hello" }, { "GET", "/wait", "wait" } }'
ORIGIN = "https://console.example.com"
HELLO = "local word = require 'lib.word'\nreturn function() return { json = { word = word, again = require 'lib.word' } } end"
WAIT = "return function(req) require 'clock'.sleep(tonumber(req.query.s)); return { json = { word = require 'lib.word' } } end"

BROKEN = [  # file, text, what the refusal must say
    ("hello.lua", "return function( x", "hello.lua:1:"),
    ("hello.lua", "error 'at load'", "hello.lua:1: at load"),
    ("hello.lua", "return 5", "must return a function"),
    ("hello.lua", "require 'lib.nothing'", "module 'lib.nothing' not found"),
    ("routes.lua", 'return { { "GET", "/hello", "nowhere" } }', "module 'nowhere' not found"),
    ("hello_spec.lua", "describe('it', function() it('fails', function() assert.equal(1, 2) end) end)", "it fails:"),
]


class Reload(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.write({"routes.lua": ROUTES, "hello.lua": HELLO, "wait.lua": WAIT, "lib/word.lua": "return 'one'"})
        self.settings = tempfile.NamedTemporaryFile("w", suffix=".lua")
        self.settings.write("return { reload = { watch = false, header = true }, cors = { origins = { '%s' } } }" % ORIGIN)
        self.settings.flush()
        self.usher = self.enterContext(fixture.Usher("--scripts", self.folder.name, "--config", self.settings.name))
        self.url, self.admin = self.usher.ready["url"], self.usher.ready["admin_url"]

    def tearDown(self):
        self.settings.close()
        self.folder.cleanup()

    def write(self, files):
        for name, text in files.items():
            path = pathlib.Path(self.folder.name, name)
            path.parent.mkdir(exist_ok=True)
            fresh = path.with_name("." + path.name)  # as editors do: written beside, then moved
            fresh.write_text(text)
            os.replace(fresh, path)

    def word(self):
        return ask(self.url, path="/hello")[1]["word"]

    def scripts(self):
        return ask(self.admin, path="/status")[1]["scripts"]

    def test_a_new_set_serves_after_the_answer(self):
        self.write({"lib/word.lua": "return 'two'"})
        self.assertEqual("one", self.word())
        status, answer = ask(self.admin, "POST", "/reload")
        self.assertEqual((200, True), (status, answer["ok"]))
        self.assertEqual("two", self.word())
        current = self.scripts()["current"]
        self.assertEqual((2, "POST /reload"), (current["number"], current["trigger"]))

    def test_nothing_has_changed(self):
        self.assertEqual("nothing has changed", ask(self.admin, "POST", "/reload")[1]["message"])
        self.assertEqual(1, self.scripts()["current"]["number"])

    def test_a_secret_that_changes_in_its_file(self):
        key = pathlib.Path(self.folder.name, "crm.key")

        def reload(text):
            key.write_text(text) if text else key.unlink()
            return ask(self.admin, "POST", "/reload")[1]["message"]
        key.write_text("one")
        self.write({"lib/word.lua": 'local key = assert(require "secret".open("crm", "file:%s"))\n'
                                    'return require "crypto".equal(key, "two") and "two" or "other"' % key})
        self.assertIn("version 2 serves", ask(self.admin, "POST", "/reload")[1]["message"])
        self.assertEqual("other", self.word())
        for text, said, word in [("one", "nothing has changed", "other"), ("two", "version 3 serves", "two"),
                                 ("two", "nothing has changed", "two"), (None, "cannot be read", "two"),
                                 ("two", "nothing has changed", "two"), ("three", "version 5 serves", "other")]:
            with self.subTest(text=text, said=said):
                self.assertIn(said, reload(text))
                self.assertEqual(word, self.word())

    def test_a_bad_set_is_refused_with_its_fault(self):
        for name, text, said in BROKEN:
            with self.subTest(text=text):
                path = pathlib.Path(self.folder.name, name)
                before = path.read_text() if path.exists() else None
                self.write({name: text})
                status, answer = ask(self.admin, "POST", "/reload")
                self.assertEqual((409, False), (status, answer["ok"]))
                self.assertIn(said, answer["message"])
                self.assertIn(said, self.scripts()["last_refusal"]["problem"])
                self.assertEqual("one", self.word())
                self.write({name: before}) if before else path.unlink()

    def test_all_faults_at_once(self):
        self.write({"hello.lua": "x x", "wait.lua": "return ="})
        message = ask(self.admin, "POST", "/reload")[1]["message"]
        self.assertIn("hello.lua:1:", message)
        self.assertIn("wait.lua:1:", message)

    def version_told(self, path):
        return urlopen(self.url + path, timeout=PATIENCE).headers["X-Usher-Generation"]

    def test_answers_tell_their_version(self):
        self.assertEqual("1", self.version_told("/hello"))
        self.write({"lib/word.lua": "return 'two'"})
        ask(self.admin, "POST", "/reload")
        self.assertEqual("2", self.version_told("/hello"))
        self.write({"lib/word.lua": "return ="})
        ask(self.admin, "POST", "/reload")
        self.assertEqual("2", self.version_told("/hello"))
        ask(self.admin, "POST", "/rollback")
        self.assertEqual("4", self.version_told("/hello"))  # the refused one was 3

    def methods_allowed(self):
        preflight = Request(self.url + "/hello", method="OPTIONS", headers={
            "Origin": ORIGIN, "Access-Control-Request-Method": "PUT"})
        return urlopen(preflight, timeout=PATIENCE).headers["Access-Control-Allow-Methods"]

    def test_a_preflight_allows_what_the_routes_know(self):
        self.assertEqual("GET, HEAD", self.methods_allowed())
        self.write({"routes.lua": "return { { 'PUT', '/hello', 'hello' }, { 'DELETE', '/wait', 'wait' } }"})
        ask(self.admin, "POST", "/reload")
        self.assertEqual("DELETE, GET, HEAD, PUT", self.methods_allowed())
        ask(self.admin, "POST", "/rollback")
        self.assertEqual("GET, HEAD", self.methods_allowed())

    def test_status_tells_versions_files_and_the_refusal(self):
        self.write({"hello.lua": HELLO + "\n", "lib/word.lua": "\nerror 'mine'"})
        ask(self.admin, "POST", "/reload")
        code, out, _ = self.command("status")
        self.assertEqual(0, code)
        hashes = {name: hashlib.sha256(text.encode()).hexdigest()[:12]
                  for name, text in {"routes.lua": ROUTES, "hello.lua": HELLO}.items()}
        for name, found in hashes.items():
            self.assertIn(f"  {found}  {name}\n", out)
        self.assertRegex(out, r"\n>      1  \S+ +\d+ s  start +1  [0-9a-f]{12}\n")
        refusal = out[out.index("last refused: "):]
        self.assertRegex(refusal, r"^last refused: \S+, POST /reload:\n")
        self.assertIn(f"{self.folder.name}/lib/word.lua:2: mine\nstack traceback:\n", refusal)

    def test_rollback(self):
        for word in ("two", "three"):
            self.write({"lib/word.lua": f"return '{word}'"})
            ask(self.admin, "POST", "/reload")
        self.assertEqual(200, ask(self.admin, "POST", "/rollback")[0])
        self.assertEqual("two", self.word())
        self.assertEqual(200, ask(self.admin, "POST", "/rollback?to=1")[0])
        self.assertEqual("one", self.word())
        number = self.scripts()["current"]["number"]
        self.assertEqual(200, ask(self.admin, "POST", f"/rollback?to={number}")[0])  # the same, begun anew
        self.assertEqual((number + 1, "one"), (self.scripts()["current"]["number"], self.word()))
        for bad in ("?to=99", "?to=x", "?to=-1"):
            self.assertEqual(409, ask(self.admin, "POST", "/rollback" + bad)[0])

    def command(self, *words):
        return run(*words, "--admin", self.admin)

    def test_commands(self):
        self.write({"lib/word.lua": "return 'two'"})
        code, out, _ = self.command("reload")
        self.assertEqual((0, True), (code, "version 2 serves" in out))
        self.write({"hello.lua": "return ="})
        code, _, problem = self.command("reload")
        self.assertEqual((1, True), (code, "hello.lua:1:" in problem))
        code, out, _ = self.command("status")
        self.assertEqual(0, code)
        self.assertRegex(out, r"> +2 .*POST /reload")
        self.assertIn("last refused", out)
        self.assertEqual(0, self.command("rollback", "--to", "1")[0])
        self.assertEqual("one", self.word())
        self.assertEqual(1, self.command("rollback", "--to", "77")[0])
        self.assertEqual(2, self.command("rollback", "--to", "1.5")[0])
        self.assertEqual(1, run("status", "--admin", "http://127.0.0.1:1")[0])

    def test_requests_in_flight_finish_on_their_version(self):
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(ask(self.url, path="/wait?s=1")))
        waiting.start()
        while self.scripts()["current"]["in_flight"] < 2:  # that one, and the question
            pass
        self.write({"lib/word.lua": "return 'two'"})
        ask(self.admin, "POST", "/reload")
        self.assertEqual("two", self.word())
        waiting.join()
        self.assertEqual((200, {"word": "one"}), answers[0])

    def test_sighup(self):
        self.write({"lib/word.lua": "return 'two'"})
        self.usher.process.send_signal(signal.SIGHUP)
        while self.scripts()["current"]["number"] == 1:
            pass
        self.assertEqual("two", self.word())


class Ending(unittest.TestCase):
    @unittest.skipIf(b"__tsan_init" in pathlib.Path(BINARY).read_bytes(), "ThreadSanitizer holds signals back until the next "
                     "call of libc, which an endless loop never makes")
    def test_the_process_ends_while_a_set_is_loaded_that_never_is(self):
        settings = "return { scripts = { load = 600 }, limits = { grace = 0 } }"
        spins = "require 'log'.info 'spinning' while true do end"
        for times in (1, 2):
            with Folder({"routes.lua": ROUTES, "hello.lua": HELLO, "wait.lua": WAIT, "lib/word.lua": ""}) as folder, \
                    Serve(settings, scripts=folder) as server:
                with open(os.path.join(folder, "lib/word.lua"), "w", encoding="utf-8") as file:
                    file.write(spins)
                server.wait_for("spinning")
                for _ in range(times):
                    server.signal()
                self.assertEqual(0, server.end())


class Slow(unittest.TestCase):
    def test_who_reloads_waits_longer_than_visitors(self):
        files = {"routes.lua": ROUTES, "hello.lua": HELLO, "wait.lua": WAIT, "lib/word.lua": ""}
        with Folder(files) as folder, Serve("return { limits = { request_timeout = 0.05 } }", scripts=folder) as server:
            with open(os.path.join(folder, "lib/word.lua"), "w", encoding="utf-8") as file:
                file.write("local from = os.clock() while os.clock() - from < 0.3 do end return 'slow'")
            status, _, text = server.get("/reload", method="POST", admin=True)
            self.assertEqual(200, status, text)


class UnderLoad(unittest.TestCase):
    def test_no_request_fails_or_mixes_versions(self):
        said = []
        # Each kind of broken set comes once; ./dev bench has a thousand. Three times what ThreadSanitizer needs is the budget.
        one = reloads.run(12, reloads.Clients, connections=8, people=2, budget=2.0, say=said.append)
        self.assertEqual([], one.problems, "\n".join(said))


class Timers(unittest.TestCase):
    FLOW = """local log, task = require "log", require "task"
return function(req)
  task.after(tonumber(req.query.s), function() log.info("%s_came") end)
  return { json = {} }
end"""

    def test_they_stop_with_their_version(self):
        with Folder({"routes.lua": 'return { { "GET", "/timer", "timer" } }', "timer.lua": self.FLOW % "old"}) as folder:
            with Serve("return { reload = { watch = false } }", scripts=folder) as usher:
                usher.get("/timer?s=0.01")
                usher.wait_for("old_came")
                usher.get("/timer?s=0.5")
                pathlib.Path(folder, "timer.lua").write_text(self.FLOW % "new")
                self.assertEqual(200, usher.get("/reload", "POST", admin=True)[0])
                said = len(usher.said)
                usher.get("/timer?s=1")
                usher.wait_for("new_came")
                self.assertEqual([], [line for line in usher.said[said:] if "old_came" in line])


class Unproven(unittest.TestCase):
    def test_the_log_says_that_specs_were_not_run(self):
        failing = "describe('it', function() it('fails', function() assert.equal(1, 2) end) end)"
        files = {"routes.lua": ROUTES, "hello.lua": HELLO, "wait.lua": WAIT, "lib/word.lua": "return 'one'",
                 "hello_spec.lua": failing}
        with Folder(files) as folder, Serve("return { reload = { watch = false, prove = false } }", scripts=folder) as usher:
            first = [json.loads(line) for line in usher.said if "specs_not_run" in line]
            self.assertEqual([("warn", 1, "reload.prove is off")], [(e["level"], e["version"], e["reason"]) for e in first])
            pathlib.Path(folder, "lib/word.lua").write_text("return 'two'")
            self.assertEqual(200, usher.get("/reload", "POST", admin=True)[0])
            self.assertEqual(2, usher.wait_for("specs_not_run")["version"])


class Watch(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(Folder({"set/routes.lua": ROUTES, "set/hello.lua": HELLO, "set/wait.lua": WAIT,
                                           "set/lib/word.lua": "return 'one'"}))
        self.scripts = pathlib.Path(folder, "set")
        self.word = self.scripts / "lib/word.lua"
        self.usher = self.enterContext(fixture.Usher("--scripts", self.scripts))

    def wait_for(self, word):
        while ask(self.usher.ready["url"], path="/hello")[1]["word"] != word:
            pass

    def test_a_saved_file_is_taken(self):
        self.word.write_text("return 'two'")
        self.wait_for("two")
        self.assertIsNone(urlopen(self.usher.ready["url"] + "/hello", timeout=PATIENCE).headers["X-Usher-Generation"])
        current = ask(self.usher.ready["admin_url"], path="/status")[1]["scripts"]["current"]
        self.assertEqual("file watch", current["trigger"])

    def replace(self, folder):
        """As deployments do: written beside, then moved into the place of the other."""
        fresh = shutil.copytree(folder, folder.with_name(".fresh"))
        (fresh / self.word.relative_to(folder)).write_text("return 'two'")
        folder.rename(folder.with_name(".old"))
        fresh.rename(folder)
        self.wait_for("two")
        self.word.write_text("return 'three'")
        self.wait_for("three")

    def test_a_folder_in_the_place_of_another(self):
        self.replace(self.word.parent)

    def test_a_set_in_the_place_of_another(self):
        self.replace(self.scripts)


class Browser(unittest.TestCase):
    """What somebody who edits scripts sees under usher dev, in a browser and on the terminal."""
    HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}

    def setUp(self):
        folder = self.enterContext(Folder({"routes.lua": ROUTES, "hello.lua": HELLO, "wait.lua": WAIT,
                                           "lib/word.lua": "return 'one'"}))
        self.word = pathlib.Path(folder, "lib/word.lua")
        self.usher = self.enterContext(Dev("--scripts", folder))

    def test_a_refused_set(self):
        self.word.write_text("\nreturn '<one>' = 1")
        fault = f"{self.word}:2: <eof> expected near '='"
        self.assertIn(fault, self.usher.wait_for("mend it and save"))
        status, headers, page = self.usher.get("/hello", headers=self.HTML)
        self.assertEqual((503, "text/html; charset=utf-8"), (status, headers["Content-Type"]))
        self.assertIn(html.escape(fault, quote=False), page)
        self.assertEqual(503, self.usher.get("/nothing", headers=self.HTML)[0])
        status, headers, body = self.usher.get("/hello")
        self.assertEqual((200, "one"), (status, json.loads(body)["word"]))
        self.assertIn("the newest scripts", headers["X-Usher-Refused"])
        self.assertEqual(404, self.usher.get("/nothing")[0])
        self.word.write_text("return 'two'")
        self.usher.wait_for("serves")
        status, headers, body = self.usher.get("/hello", headers=self.HTML)
        self.assertEqual((200, "two", None), (status, json.loads(body)["word"], headers["X-Usher-Refused"]))

    def test_back_to_what_serves(self):
        self.word.write_text("return =")
        self.usher.wait_for("mend it and save")
        self.word.write_text("return 'one'")
        self.usher.wait_for("nothing has changed")
        self.assertEqual(200, self.usher.get("/hello", headers=self.HTML)[0])

    def test_a_request_that_fails(self):
        status, headers, page = self.usher.get("/wait?s=%3Cx%3E", headers=self.HTML)
        self.assertEqual((500, "text/html; charset=utf-8"), (status, headers["Content-Type"]))
        self.assertIn("wait.lua:1:", page)
        self.assertIn("stack traceback:", page)
        status, headers, body = self.usher.get("/wait?s=x")
        self.assertEqual((500, "application/json"), (status, headers["Content-Type"]))
        self.assertIn("stack traceback:", json.loads(body)["error"]["traceback"])


if __name__ == "__main__":
    unittest.main()
