# SPDX-License-Identifier: MIT
"""usher eject: the scripts inside the binary as files. All appear or none, and nothing that was edited is lost."""
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import unittest
import urllib.parse
import uuid

from process import PATIENCE, Folder, Serve, ask, environment, exchange, fixture, run

SOURCE = pathlib.Path(__file__).parents[2] / "scripts"
NO_SECRETS = environment()
ROUTE = '  { "GET", "/api/hello", "flows.hello" },\n'
FLOW = 'return function(req) return { json = { hello = req.query.name } } end\n'

# What .luacheckrc says that there is: a name -> the names in it, [] where it does not say
TOLD = """
local rc = { stds = {}, files = {} }
loadfile(..., "t", rc)()
local json, told = require "json", {}
for key, value in pairs(rc.stds.flow.read_globals) do
  local names = json.array {}
  for name in pairs(type(value) == "table" and value.fields or {}) do names[#names + 1] = value.fields[name] end
  told[math.type(key) and value or key] = names
end
print(json.encode(told))
"""
SEEN = """
local json, seen = require "json", {}
for key, value in pairs(_G) do
  local names = json.array {}
  for name in pairs(type(value) == "table" and value or {}) do names[#names + 1] = name end
  seen[key] = names
end
error("<<" .. json.encode(seen) .. ">>")
"""


def expected(with_sandbox=False):
    names = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*") if path.is_file()}
    return {name for name in names if with_sandbox or not name.startswith("sandbox/")} | {"usher.lua"}


def contents(folder):
    root = pathlib.Path(folder)
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_text(errors="surrogateescape") for path in files}


def eject(*words, **options):
    return run("eject", *words, env=NO_SECRETS, **options)


class Eject(unittest.TestCase):
    def setUp(self):
        self.parent = self.enterContext(Folder())
        self.dir = os.path.join(self.parent, "mine")

    def ejected(self, *options):
        code, out, err = eject(self.dir, *options)
        self.assertEqual((code, err), (0, ""))
        return out

    def write(self, name, text):
        pathlib.Path(self.dir, name).write_text(text)

    def test_writes_every_script_as_it_is_inside(self):
        self.ejected()
        found = contents(self.dir)
        self.assertEqual(set(found), expected())
        for name in set(found) - {"usher.lua"}:
            self.assertEqual(found[name], (SOURCE / name).read_text(errors="surrogateescape"), name)
        self.assertEqual(os.listdir(self.parent), ["mine"])

    def test_says_what_to_type_next(self):
        out = self.ejected()
        for command in ("dev", "test", "check", "serve"):
            self.assertRegex(out, f"\n  usher {command} --scripts {re.escape(self.dir)}")

    def test_into_an_empty_folder(self):
        os.mkdir(self.dir)
        self.ejected()
        self.assertEqual(set(contents(self.dir)), expected())

    def test_the_sandbox_when_asked(self):
        self.ejected("--sandbox")
        self.assertEqual(set(contents(self.dir)), expected(with_sandbox=True))

    def test_for_programs(self):
        done = json.loads(self.ejected("--json"))
        self.assertEqual((set(done["written"]), done["same"], done["kept"]), (expected(), [], []))
        self.assertEqual(done["folder"], self.dir)

    def test_what_came_out_is_good(self):
        self.ejected()
        for more in ([], ["--config", self.dir + "/usher.lua"]):
            code, _, err = run("check", "--scripts", self.dir, *more)
            self.assertEqual((code, err), (0, ""))
        code, _, err = run("check", "--dev", "--scripts", self.dir, env=NO_SECRETS)
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(run("check", "--scripts", self.dir, env=NO_SECRETS)[0], 1)  # production's are missing
        with Serve(scripts=self.dir) as server:
            self.assertEqual(server.get("/healthz")[0], 200)
            self.assertEqual(server.get("/api/account/signup", "POST")[0], 415)

    def test_every_setting_is_a_comment_with_its_default(self):
        self.ejected()
        text = contents(self.dir)["usher.lua"]
        defaults = (SOURCE.parent / "config/usher.lua").read_text()

        def bare(settings):  # without what opens the file, comment signs at the start of lines, and spaces
            return re.sub(r"\s+", " ", re.sub(r"(?m)^\s*-- ", "", settings.split("return {\n", 1)[1])).strip()
        self.assertEqual(bare(text), bare(defaults))
        self.write("usher.lua", text.replace('-- env = "production"', 'env = "mine"').replace("-- port =", "port ="))
        self.assertEqual(run("check", "--scripts", self.dir, "--config", self.dir + "/usher.lua")[0], 0)
        self.write("p.lua", "print(require 'config'.env, require 'config'.listen.port)")
        found = run("exec", "--config", self.dir + "/usher.lua", self.dir + "/p.lua")
        self.assertEqual(found, (0, "mine\t8080\n", ""))

    def test_a_folder_in_use_is_refused(self):
        os.mkdir(self.dir)
        self.write("notes.txt", "mine")
        code, out, err = eject(self.dir)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("is not empty", err)
        self.assertEqual(contents(self.dir), {"notes.txt": "mine"})

    def test_force_keeps_what_was_edited(self):
        self.ejected()
        before = contents(self.dir)
        self.write("routes.lua", "return {}\n")
        self.write("mine.lua", "return 1\n")
        os.remove(self.dir + "/flows/signup.lua")
        done = json.loads(self.ejected("--force", "--json"))
        self.assertEqual((done["written"], done["kept"]), (["flows/signup.lua"], ["routes.lua"]))
        self.assertEqual(set(done["same"]), expected() - {"flows/signup.lua", "routes.lua"})
        after = contents(self.dir)
        self.assertEqual(after.pop("routes.lua.new"), before.pop("routes.lua"))
        self.assertEqual((after.pop("routes.lua"), after.pop("mine.lua")), ("return {}\n", "return 1\n"))
        self.assertEqual(after, before)
        self.assertIn("routes.lua.new", self.ejected("--force"))

    def test_all_or_nothing(self):
        def limit():  # no file may be larger: the first that is ends it
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        code, out, err = eject(self.dir, preexec_fn=limit)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("nothing was ejected: ", err)
        self.assertEqual(os.listdir(self.parent), [])

    def test_nowhere(self):
        with open(self.dir, "w", encoding="utf-8"):
            pass
        for where in (self.dir, self.dir + "/below", "/nowhere/at/all"):
            code, out, err = eject(where)
            self.assertEqual((code, out), (1, ""), where)
            self.assertIn("nothing was ejected: ", err)

    def test_wrong_usage(self):
        for words in ([], ["a", "b"], ["--farce", "a"]):
            self.assertEqual(eject(*words)[0], 2, words)


class Author(unittest.TestCase):
    """What somebody does next."""

    def setUp(self):
        self.dir = os.path.join(self.enterContext(Folder()), "mine")
        self.assertEqual(eject(self.dir)[0], 0)

    def write(self, name, text):
        pathlib.Path(self.dir, name).write_text(text)

    def test_a_new_route_is_a_file_and_one_line(self):
        settings = self.enterContext(Folder({"c.lua": "return { reload = { watch = false } }"})) + "/c.lua"
        with fixture.Usher("--scripts", self.dir, "--config", settings) as usher:
            url, admin = usher.ready["url"], usher.ready["admin_url"]
            self.assertEqual(ask(url, path="/api/hello?name=ada")[0], 404)
            self.write("flows/hello.lua", FLOW)
            routes = pathlib.Path(self.dir, "routes.lua")
            routes.write_text(routes.read_text().replace("return {\n", "return {\n" + ROUTE))
            status, said = ask(admin, "POST", "/reload")
            self.assertEqual((status, said["ok"]), (200, True), said)
            self.assertEqual(ask(url, path="/api/hello?name=ada"), (200, {"hello": "ada"}))

    def test_a_change_that_breaks_a_spec_is_refused(self):
        """The specs beside the scripts make worlds, at a reload as under `usher test`."""
        settings = "return { reload = { watch = false } }"
        with Serve(scripts=self.dir, settings=settings) as server:
            flow = pathlib.Path(self.dir, "flows/signup.lua")
            good = flow.read_text()
            self.write("flows/signup.lua", good + "\n")
            self.assertEqual(server.get("/reload", "POST", admin=True)[0], 200)
            broken = good.replace("signup:step(\"stripe\", billing.register)", "")
            self.assertNotEqual(broken, good)
            self.write("flows/signup.lua", broken)
            status, _, said = server.get("/reload", "POST", admin=True)
            self.assertEqual(status, 409)
            self.assertIn("flows/signup_spec.lua:", said)
            code, out, _ = run("test", "--scripts", self.dir, "--json", env=NO_SECRETS)
            self.assertEqual(code, 1)
            self.assertIn("a sign-up leaves one user, one customer and one account behind", out)

    def test_a_world_is_for_specs(self):
        self.write("flows/hello.lua", "return function() require 'testing'.world() end")
        self.write("routes.lua", 'return { { "GET", "/hello", "flows.hello" } }')
        for spec in pathlib.Path(self.dir).rglob("*_spec.lua"):
            spec.unlink()
        with Serve(scripts=self.dir) as server:
            self.assertEqual(server.get("/hello")[0], 500)
            server.wait_for("request_failed")
            self.assertIn("worlds are for specs", "".join(server.said))

    def test_dev_runs_the_triggers_that_were_ejected(self):
        path = pathlib.Path(self.dir, "triggers/mine.lua")
        path.write_text("return function(event) return event end\n")
        with fixture.Usher("--scripts", self.dir) as usher:
            names = [fn["name"] for fn in ask(usher.ready["sandbox"]["mailbox"], path="/lambda")[1]]
            self.assertIn("mine", names)
            self.assertEqual(self.sign_up(usher)[0], 201)
            self.write("lib/verdict.lua", "return 'nobody today'\n")
            self.write("triggers/pre_sign_up.lua", "return function() error(require 'lib.verdict', 0) end\n")
            self.assertEqual(self.sign_up(usher)[0], 422)
            self.write("triggers/pre_sign_up.lua", "return function(event) return event\n")
            self.assertEqual(self.sign_up(usher)[0], 422)  # Cognito does not tell a broken one from one that refuses
            self.write("triggers/pre_sign_up.lua", "return function(event) return event end\n")
            self.assertEqual(self.sign_up(usher)[0], 201)

    def sign_up(self, usher):
        """Somebody new -> status, answer. Triggers are taken as they are at that moment."""
        form = {"email": f"ada.{uuid.uuid4().hex}@example.com", "name": "Ada", "country": "GB", "organization": "A",
                "password": "Corr3ct-Horse!", "stripe_token": "tok_visa"}
        url = urllib.parse.urlsplit(usher.ready["url"])
        status, _, text = exchange(url.port, "/api/account/signup", "POST", json.dumps(form),
                                   {"Content-Type": "application/json"})
        return status, text

    def luacheck(self):
        found = subprocess.run(["luacheck", "-q", "--no-color", "--config", ".luacheckrc", "."], cwd=self.dir,
                               capture_output=True, text=True, timeout=PATIENCE, check=False)
        return found.returncode, found.stdout

    @unittest.skipUnless(shutil.which("luacheck"), "luacheck is not installed")
    def test_luacheck_knows_what_a_flow_sees(self):
        self.assertEqual(self.luacheck()[0], 0, self.luacheck()[1])
        self.write("flows/wrong.lua", "mine = io.read()\nreturn os.getenv(load)\n")
        code, said = self.luacheck()
        self.assertEqual(code, 1)
        for global_name in ("mine", "io", "os.getenv", "load"):
            self.assertRegex(said, rf"wrong.lua:.*'?{re.escape(global_name.split('.')[-1])}'?")

    def test_luacheck_is_told_the_globals_that_there_are(self):
        self.write("told.lua", TOLD)
        told = json.loads(run("exec", self.dir + "/told.lua", self.dir + "/.luacheckrc")[1])
        self.write("flows/seen.lua", SEEN)
        self.write("routes.lua", 'return { { "GET", "/", "flows.seen" } }')
        said = run("serve", "--port", "0", "--admin-port", "0", "--scripts", self.dir)[2]
        seen = json.loads(re.search("<<(.*?)>>", said)[1])
        self.assertEqual(set(told), set(seen))
        for name in set(told) - {"_G"}:
            if told[name]:
                self.assertEqual(set(told[name]), set(seen[name]), name)


if __name__ == "__main__":
    unittest.main()
