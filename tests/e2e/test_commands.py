# SPDX-License-Identifier: MIT
"""The command line: what each command takes, what it says, and the code it ends with."""
import os
import resource
import socket
import subprocess
import unittest

from process import BINARY, DEV_PORTS, PATIENCE, SECRETS, Folder, environment, fixture, free_ports, run

COMMANDS = ["serve", "dev", "check", "exec", "test", "version"]

USAGE = [  # words, exit code, what stands on standard output, what on standard error
    ([], 2, "usage: usher COMMAND", ""),
    (["--help"], 0, "usage: usher COMMAND", ""),
    (["help"], 0, "usage: usher COMMAND", ""),
    (["-h"], 0, "usage: usher COMMAND", ""),
    (["serve", "-h"], 0, "usage: usher serve", ""),
    (["inspect", "-h"], 0, "usage: usher inspect", ""),
    (["help", "serve"], 0, "usage: usher serve", ""),
    (["help", "inspect"], 0, "usage: usher inspect", ""),
    (["help", "sevre"], 2, "", "did you mean 'serve'"),
    (["version"], 0, "usher 0.", ""),
    (["--version"], 0, "usher 0.", ""),
    (["version", "more"], 2, "", "version does not take 'more'"),
    (["version", "--x"], 2, "", "unrecognized option '--x'"),
    (["sevre"], 2, "", "there is no command 'sevre'; did you mean 'serve'?"),
    (["x"], 2, "", "there is no command 'x'\n"),
    (["--port", "1"], 2, "", "--port"),
    (["serve", "--prot", "1"], 2, "", "unrecognized option '--prot'"),
    (["serve", "-p"], 2, "", "invalid option -- 'p'"),
    (["serve", "--port"], 2, "", "option '--port' requires an argument"),
    (["serve", "--port", "x"], 2, "", "--port takes a number from 0 to 65535, not 'x'"),
    (["serve", "--port", ""], 2, "", "--port takes a number from 0 to 65535, not ''"),
    (["serve", "--port", "65536"], 2, "", "--port takes a number from 0 to 65535, not '65536'"),
    (["serve", "--port", "-1"], 2, "", "--port takes a number from 0 to 65535, not '-1'"),
    (["serve", "--workers", "257"], 2, "", "--workers takes a number from 0 to 256"),
    (["serve", "here"], 2, "", "serve does not take 'here'"),
    (["serve", "--port", "0", "--help"], 0, "usage: usher serve", ""),
    (["dev", "--port", str(65537 - DEV_PORTS)], 2, "", f"at most {65536 - DEV_PORTS}"),
    (["dev", "--host", "::1"], 2, "", "unrecognized option '--host'"),
    (["check", "x"], 2, "", "check does not take 'x'"),
    (["exec"], 2, "", "exec takes a FILE.lua"),
    (["status", "--admin", "here"], 2, "", "--admin takes a URL, like http://127.0.0.1:8081, not 'here'"),
    (["exec", "--json"], 2, "", "unrecognized option '--json'"),
    (["exec", "--dev=x", "p.lua"], 2, "", "--dev takes what `usher dev` prints"),
    (["test", "--dev"], 2, "", "test does not take '--dev'"),
]

EXEC = [  # the program, its arguments, exit code, standard output, what stands on standard error
    ("", [], 0, "", ""),
    ("print(...)", ["a", "--help", ""], 0, "a\t--help\t\n", ""),
    ("return 0", [], 0, "", ""),
    ("return 7", [], 7, "", ""),
    ("return 255", [], 255, "", ""),
    ("return 256", [], 1, "", ""),
    ("return -1", [], 1, "", ""),
    ("return 1.5", [], 1, "", ""),
    ("return true", [], 0, "", ""),
    ("return false", [], 1, "", ""),
    ("return nil, 'x'", [], 0, "", ""),
    ("return 'text'", [], 0, "", ""),
    ("require 'clock'.sleep(0) return 5", [], 5, "", ""),
    ("\nlocal function f() error 'mine' end f()", [], 1, "", "FILE:2: mine\nstack traceback:"),
    ("error { code = 5 }", [], 1, "", "usher: table: 0x"),
    ("error(setmetatable({}, { __tostring = function() return 'shown' end }))", [], 1, "", "usher: shown"),
    ("error(setmetatable({}, { __tostring = error }))", [], 1, "", "usher: "),
    ("error()", [], 1, "", "usher: nil"),
    ("require 'task'.all { function() require 'clock'.sleep(0) error 'deep' end }", [], 1, "", "FILE:1: deep"),
    ("require 'task'.spawn(function() require 'clock'.sleep(0.01) print 'ended' end)", [], 0, "ended\n", ""),
    ("coroutine.yield()", [], 1, "", "coroutine.yield outside a coroutine"),
    ("x = = 1", [], 1, "", "FILE:1: unexpected symbol near '='"),
    ("require 'nothing.here'", [], 1, "", "FILE:1: module 'nothing.here' not found"),
    ("print(require 'config'.stripe.key)", [], 0, "<secret stripe.key>\n", ""),
    ("print(require 'config'.log.level)", [], 0, "info\n", ""),
]


class Words(unittest.TestCase):
    def test_usage(self):
        for words, code, out, err in USAGE:
            with self.subTest(words=words):
                found = run(*words)
                self.assertEqual(found[0], code, found)
                self.assertIn(out, found[1])
                self.assertIn(err, found[2])
                if code:
                    self.assertEqual(found[1] if words else "", "")

    def test_help_of_every_command(self):
        summary = run("--help")[1]
        for command in COMMANDS:
            with self.subTest(command=command):
                self.assertIn(f"  {command} ", summary)
                code, out, err = run(command, "--help")
                self.assertEqual((code, err), (0, ""))
                self.assertTrue(out.startswith(f"usage: usher {command}"), out)

    def test_help_names_every_option(self):
        for command, options in {"serve": "config scripts host port admin-port workers",
                                 "dev": "config scripts port data json workers",
                                 "check": "config scripts dev json", "exec": "config scripts dev",
                                 "test": "config scripts seed watch output json"}.items():
            text = run(command, "--help")[1]
            for option in options.split():
                self.assertIn(f"--{option}", text)


class Exec(unittest.TestCase):
    def test_programs(self):
        for program, arguments, code, out, err in EXEC:
            with self.subTest(program=program), Folder({"p.lua": program}) as path:
                file = os.path.join(path, "p.lua")
                found = run("exec", file, *arguments)
                self.assertEqual(found[:2], (code, out), found)
                self.assertIn(err.replace("FILE", file), found[2])
                if not err:
                    self.assertEqual(found[2], "")

    def test_no_program(self):
        self.assertIn("cannot open /nowhere/p.lua", run("exec", "/nowhere/p.lua")[2])
        self.assertEqual(run("exec", "/")[0], 1)

    def test_secrets_may_be_missing(self):
        with Folder({"p.lua": "print(require 'config'.stripe.key)"}) as path:
            self.assertEqual(run("exec", path + "/p.lua", env=environment()), (0, "nil\n", ""))

    def test_settings(self):
        with Folder({"c.lua": "return { env = 'mine', log = { level = 'error' } }",
                     "p.lua": "require 'log'.warn 'unheard' print(require 'config'.env)"}) as path:
            self.assertEqual(run("exec", "--config", path + "/c.lua", path + "/p.lua"), (0, "mine\n", ""))


HELLO = "return function() return { body = 'hello' } end"
ROUTES = "return { { 'GET', '/hello', 'hello' } }"

REFUSED = [  # settings, files of scripts (None: those inside), what serve says; DIR is the folder
    ("return { listen = { prot = 1 } }", None, "DIR/c.lua:1: unknown setting listen.prot; did you mean listen.port?"),
    ("return { workers = 'many' }", None, 'DIR/c.lua:1: workers must be a number from 0 to 256, not "many"'),
    ("return {\n  env\n}, ", None, "DIR/c.lua:3:"),
    ("return { cors = { origins = { 'a.example' } } }", None, 'cors.origins: "a.example" is not an origin'),
    ("return { proxy = { strip_prefix = 'prod' } }", None, 'proxy.strip_prefix: "prod" is not a prefix'),
    ("return { proxy = { strip_prefix = '/prod/' } }", None, 'proxy.strip_prefix: "/prod/" is not a prefix'),
    ("return { listen = { host = 'localhost' } }", None, "listen.host must be an IPv4 or IPv6 address"),
    ("return { listen = { host = '192.0.2.1' } }", None, "cannot listen on 192.0.2.1 port 0: address not available; "
     "it must be an address of this machine"),
    ("return { stripe = { key = secret 'file:/nowhere' } }", None, "stripe.key: file /nowhere cannot be read"),
    ("return {}", {"s/routes.lua": ROUTES}, "DIR/s/routes.lua:1: GET /hello: module 'hello' not found"),
    ("return {}", {"s/routes.lua": ROUTES, "s/hello.lua": "\nx ="}, "DIR/s/hello.lua:2: unexpected symbol"),
    ("return {}", {"s/routes.lua": ROUTES, "s/hello.lua/x": ""}, "DIR/s/hello.lua is a folder; a script is a file"),
    ("return {}", {"s": "a file"}, "DIR/s: not a directory; --scripts takes a folder"),
    ("return {}", {}, "DIR/s: no such file or directory; --scripts takes a folder"),
]


class Start(unittest.TestCase):
    def assert_refused(self, found, said):
        self.assertEqual(found[0], 1, found)
        self.assertIn(said, found[2])
        self.assertEqual(found[1], "")

    def test_refused(self):
        for settings, scripts, said in REFUSED:
            with self.subTest(said=said), Folder({"c.lua": settings, **(scripts or {})}) as path:
                words = ["--config", path + "/c.lua"] + ([] if scripts is None else ["--scripts", path + "/s"])
                self.assert_refused(run("serve", "--port", "0", "--admin-port", "0", *words), said.replace("DIR", path))

    def test_a_check_warns_of_what_it_takes(self):
        for lease, said in ((8, "usher check: signup.lease should be longer than cognito.timeout, stripe.timeout: two "
                                "requests may work on one sign-up\n"), (16, "")):
            with self.subTest(lease), Folder({"c.lua": f"return {{ signup = {{ lease = {lease} }} }}"}) as path:
                for words in ([], ["--json"]):
                    code, out, err = run("check", "--config", path + "/c.lua", *words)
                    self.assertEqual((code, err), (0, said), out)

    def test_no_settings(self):
        self.assert_refused(run("serve", "--config", "/nowhere/c.lua"), "/nowhere/c.lua: No such file or directory")

    def test_missing_secrets(self):
        for missing in SECRETS:
            env = environment({name: value for name, value in SECRETS.items() if name != missing})
            found = run("serve", "--port", "0", env=env)
            self.assert_refused(found, f"environment variable {missing} is not set")
            self.assertEqual(found[2].count("is not set"), 1)
            self.assertIn("'usher serve --help' says where secrets come from", found[2])
        self.assertEqual(run("serve", env=environment())[2].count("is not set"), len(SECRETS))

    def test_unreadable_script(self):
        with Folder({"routes.lua": ROUTES, "hello.lua": HELLO}) as path:
            os.chmod(path, 0o755)
            os.chmod(path + "/hello.lua", 0)
            others = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
            try:
                found = run("check", "--scripts", path, **others)
            except PermissionError:
                self.skipTest("the binary is in a folder for its owner alone")
            self.assert_refused(found, path + "/hello.lua: Permission denied")

    def test_port_in_use(self):
        base = free_ports(2 * DEV_PORTS)
        port = base + DEV_PORTS
        with socket.create_server(("127.0.0.1", port)):
            in_use = f"127.0.0.1 port {port} is in use"
            self.assert_refused(run("serve", "--port", str(port), "--admin-port", "0"), in_use)
            self.assert_refused(run("serve", "--port", "0", "--admin-port", str(port)), in_use)
            for behind in range(DEV_PORTS):
                found = run("dev", "--json", "--port", str(port - behind), env=environment())
                self.assert_refused(found, f"port {port}")

    def test_data_that_cannot_be_written(self):
        with Folder({"file": ""}) as path:
            for data in (path + "/file", path + "/file/under", "/proc/usher-sandbox"):
                with self.subTest(data=data):
                    self.assert_refused(run("dev", "--json", "--port", "0", "--data", data), data)

    def assert_limited(self, name, most, said):
        """Refused to itself by the kernel, at whatever moment of the start: a word, no crash, nothing left."""
        def limit():
            resource.setrlimit(name, (most, resource.getrlimit(name)[1]))
        found = run("serve", "--port", "0", "--admin-port", "0", "--workers", "16", preexec_fn=limit)
        self.assert_refused(found, said)

    def test_too_few_descriptors(self):
        for most in (6, 8, 10, 12, 16, 20, 24, 30, 36, 40, 50, 60):
            with self.subTest(most=most):
                self.assert_limited(resource.RLIMIT_NOFILE, most, "too many open files")

    def test_no_threads(self):
        said = "nothing is served: resource temporarily unavailable"
        try:
            self.assert_limited(resource.RLIMIT_STACK, 1 << 45, said)  # of each thread's stack: more than there is
        except AssertionError as problem:
            if "unexpected memory mapping" not in str(problem):
                raise
            self.skipTest("ThreadSanitizer wants its address space otherwise")

    def test_dev_brings_its_own_sandbox(self):
        with Folder({"routes.lua": ROUTES, "hello.lua": HELLO}) as path, fixture.Usher("--scripts", path) as usher:
            self.assertIn("cognito", usher.ready["sandbox"])

    def test_standard_output_closed(self):
        """The reader of the page has gone: serving is not about it."""
        process = subprocess.Popen([BINARY, "dev", "--port", "0"], stdin=subprocess.DEVNULL, env=environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.stdout.close()
        for line in process.stderr:
            if '"event":"serving"' in line:
                break
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)
        process.stderr.close()


if __name__ == "__main__":
    unittest.main()
