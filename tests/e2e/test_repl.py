# SPDX-License-Identifier: MIT
"""usher repl: through a pipe, and by hand at a pseudo-terminal."""
import os
import pty
import re
import select
import signal
import subprocess
import unittest

from process import BINARY, PATIENCE, SECRETS, Folder, environment, fixture, run

LINES = [  # what is typed, what stands on standard output, what on standard error, the exit code
    ("1 + 1", "2\n", "", 0),
    ("=2, nil, 'a\"b'", '2\nnil\n"a\\"b"\n', "", 0),
    ("x = 5\nx", "5\n", "", 0),
    ("local x = 5\nx", "nil\n", "", 0),
    ("x", "nil\n", "", 0),
    ("", "", "", 0),
    ("\n\n  \n", "", "", 0),
    ("print 'by itself'", "by itself\n", "", 0),
    ("for i = 1, 2 do\nprint(i)\nend", "1\n2\n", "", 0),
    ("function f()\n\n  return 7\nend\nf()", "7\n", "", 0),
    ("{ b = { 1, 2 }, a = true, [3] = 'x', ['no name'] = 1.5 }",
     '{ [3] = "x", a = true, b = { 1, 2 }, ["no name"] = 1.5 }\n', "", 0),
    ("t = {} t.t = t\nt", "{ t = <a table that holds itself> }\n", "", 0),
    ("{}", "{}\n", "", 0),
    ("json.array {}, json.null", "[]\nnull\n", "", 0),
    ("'\\0\\255\\n'", '"\\x00\\xFF\\n"\n', "", 0),
    ("config.stripe.key, tostring(config.stripe.key)", "<secret stripe.key>\n\"<secret stripe.key>\"\n", "", 0),
    ("clock.sleep(0.01) task.all { function() clock.sleep(0) end } print 'later'", "later\n", "", 0),
    ("error 'boom'", "", "line:1: boom\nstack traceback:\n", 1),
    ("error { code = 7 }", "", "{ code = 7 }", 1),
    ("error(nil)\n1", "1\n", "nil", 1),
    ("1 +* 2\n3", "3\n", "unexpected symbol", 1),
    ("if true then", "", "'end' expected", 1),
    ("coroutine.yield()\n1", "1\n", "coroutine.yield outside a coroutine", 1),
    ("require 'lib.form' ~= nil, crypto.hex 'a'", "true\n\"61\"\n", "", 0),
    ("1\n2", "1\n2\n", "", 0),
]
LONG = "{ " + ", ".join(f"member_{i} = {i}" for i in range(12)) + " }"


def piped(text, *options, env=None):
    done = subprocess.run([BINARY, "repl", *options], input=text, env=env or environment(SECRETS), capture_output=True,
                          text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout, done.stderr


class Piped(unittest.TestCase):
    def test_lines(self):
        for text, out, err, code in LINES:
            with self.subTest(text=text):
                found = piped(text)
                self.assertEqual(found[1], out, found)
                self.assertIn(err, found[2])
                self.assertEqual(found[0], code, found)
                if not err:
                    self.assertEqual(found[2], "")

    def test_a_long_table_has_a_line_for_each_member(self):
        out = piped(LONG)[1].splitlines()
        self.assertEqual((out[0], out[-1], len(out)), ("{", "}", 14))
        self.assertEqual(out[1], "  member_0 = 0,")

    def test_from_a_file(self):
        with Folder({"lines": "1\nrequire 'clock'.sleep(0)\n2\n"}) as path, open(path + "/lines", encoding="utf-8") as file:
            done = subprocess.run([BINARY, "repl"], stdin=file, capture_output=True, text=True, timeout=PATIENCE,
                                  env=environment(), check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "1\n2\n", ""))

    def test_settings_and_scripts(self):
        with Folder({"c.lua": "return { env = 'mine' }", "s/lib/word.lua": "return 'hello'"}) as path:
            found = piped("config.env, require 'lib.word'", "--config", path + "/c.lua", "--scripts", path + "/s")
        self.assertEqual(found, (0, '"mine"\n"hello"\n', ""))

    def test_against_a_sandbox(self):
        with fixture.Usher() as usher:
            found = piped("#cognito.list_users()\nconfig.env", usher.ready["config"], env=environment())
            self.assertEqual(found, (0, '0\n"dev"\n', ""))
            with Folder({"p.lua": "print(#require 'cognito'.list_users(), ...)"}) as path:
                found = run("exec", usher.ready["config"], path + "/p.lua", "--dev", env=environment())
        self.assertEqual(found, (0, "0\t--dev\n", ""))

    def test_what_is_left_running_ends_with_it(self):
        self.assertEqual(piped("task.spawn(function() clock.sleep(1e6) end)\n1"), (0, "1\n", ""))


class Terminal:
    """`usher repl` at a pseudo-terminal; wait() gives what it wrote up to a text."""

    def __init__(self):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(BINARY, [BINARY, "repl"], {**environment(SECRETS), "TERM": "xterm"})
        self.seen = ""

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait(self, pattern):
        while not (found := re.search(pattern, self.seen)):
            if not select.select([self.fd], [], [], PATIENCE)[0]:
                raise AssertionError(f"no {pattern!r} in {self.seen!r}")
            try:
                more = os.read(self.fd, 4096)
            except OSError as problem:
                raise AssertionError(f"ended before {pattern!r}: {self.seen!r}") from problem
            self.seen += more.decode(errors="replace")
        self.seen = self.seen[found.end():]
        return found[0]

    def enter(self, text, answer):
        """Types a line when it is asked for, and waits for what is answered."""
        self.wait(r"> \x1b\[K")
        self.type(text + "\r")
        return self.wait(r"\n" + answer + r"\r\n")

    def end(self):
        try:
            while os.read(self.fd, 4096):
                pass
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def close(self):
        os.close(self.fd)
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


UP, DOWN, LEFT, HOME, END, DELETE = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[H", "\x1b[F", "\x1b[3~"
KEYS = [  # what is typed, what the line then gives
    ("12" + LEFT + "3", "132"),
    ("12\x7f3", "13"),
    ("123" + HOME + DELETE, "23"),
    ("34" + HOME + "12" + END + "5", "12345"),
    ("1 + 1 junk\x17", "2"),
    ("junk\x15" + "7", "7"),
    ("8 junk\x01\x06\x0b", "8"),
    ("#'äöü'" + LEFT + "x", "7"),
    ("#'äöü'" + LEFT + "\x7f", "4"),
    ("#'" + "x" * 200 + "'", "200"),
    ("9\x1b[99~", "9"),
]


class ByHand(unittest.TestCase):
    def setUp(self):
        self.terminal = Terminal()
        self.addCleanup(self.terminal.close)
        self.terminal.wait("Ctrl-D ends")

    def test_keys(self):
        for text, answer in KEYS:
            with self.subTest(text=text):
                self.terminal.enter(text, answer)

    def test_history(self):
        self.terminal.enter("1 + 1", "2")
        self.terminal.enter("1 + 2", "3")
        self.terminal.enter(UP + UP, "2")
        self.terminal.enter(UP + UP + UP + DOWN + "0", "21")
        self.terminal.enter("'draft'" + UP + DOWN + "..'!'", '"draft!"')

    def test_more_lines_until_they_make_a_whole(self):
        self.terminal.wait(r"> \x1b\[K")
        self.terminal.type("for i = 1, 2 do\r")
        self.terminal.wait(r">> \x1b\[K")
        self.terminal.type("print(i * 7) end\r")
        self.terminal.wait("\n7\r\n14\r\n")

    def test_interrupts_what_waits(self):
        self.terminal.wait(r"> \x1b\[K")
        self.terminal.type("print 'begun' require 'clock'.sleep(1e6)\r")
        self.terminal.wait("\nbegun\r\n")
        self.terminal.type("\x03")
        self.terminal.wait("interrupted")
        self.terminal.enter("6 * 7", "42")

    def test_interrupts_what_spins(self):
        for spin in ("while true do end", "while true do pcall(function() while true do end end) end",
                     "coroutine.wrap(function() while true do end end)()",
                     "require 'task'.all { function() while true do end end }"):
            with self.subTest(spin=spin):
                self.terminal.wait(r"> \x1b\[K")
                self.terminal.type("print 'begun' " + spin + "\r")
                self.terminal.wait("\nbegun\r\n")
                self.terminal.type("\x03")
                self.terminal.wait("interrupted")
                self.terminal.enter("6 * 7", "42")

    def test_interrupts_what_is_typed(self):
        self.terminal.wait(r"> \x1b\[K")
        self.terminal.type("function f(\r")
        self.terminal.wait(r">> \x1b\[K")
        self.terminal.type("junk\x03")
        self.terminal.enter("6 * 7", "42")

    def test_ends(self):
        self.terminal.enter("error 'x'", "line:1: x")
        self.terminal.wait(r"> \x1b\[K")
        self.terminal.type("\x04")
        self.assertEqual(self.terminal.end(), 0)


if __name__ == "__main__":
    unittest.main()
