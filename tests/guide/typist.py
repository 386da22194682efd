# SPDX-License-Identifier: MIT
"""Follows a document: writes its files, types its commands in one shell, compares what they print. The ports 8080 to 8093
of the text become free ones; a word in capitals, as in "code":"SIX DIGITS", is the last value that was printed by this name.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile

import document
import process

MARK = "--- typed"
SCRIPTS = "my-scripts"  # the folder that the guide ejects into


class Typist:
    def __init__(self):
        self.home = tempfile.TemporaryDirectory()
        os.mkdir(os.path.join(self.home.name, "bin"))
        os.symlink(process.BINARY, os.path.join(self.home.name, "bin", "usher"))
        self.base, self.seen, self.changed, self.server = process.free_ports(process.DEV_PORTS), {}, False, None
        path = os.path.join(self.home.name, "bin") + ":" + os.environ["PATH"]
        self.log = tempfile.TemporaryFile("w+")
        self.env = process.environment({"HOME": self.home.name, "PATH": path})
        self.shell = subprocess.Popen(["/bin/sh"], cwd=self.home.name, env=self.env, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shell.stdin.close()
        self.shell.wait(process.PATIENCE)
        self.shell.stdout.close()
        self.stop()
        self.log.close()
        self.home.cleanup()

    # --- a document's words in this world ---

    def here(self, text):
        """Its ports are ours."""
        return re.sub(r"(localhost|127\.0\.0\.1):80(8\d|9[0-3])\b",
                      lambda m: f"{m[1]}:{self.base + int('80' + m[2]) - 8080}", text)

    def command(self, text):
        text = re.sub(r"\busher (status|reload|rollback)\b", rf"\g<0> --admin http://127.0.0.1:{self.base + 1}", text)
        text = re.sub(r" --dev\b(?!=)", f" --dev={self.base}", text)
        text = re.sub(r'("(\w+)":)"[A-Z]{3,}(?: [A-Z]+)*"', self.printed, text)
        return self.here(text)

    def printed(self, placeholder):
        name = placeholder[2]
        if name not in self.seen:
            raise document.Fault(f"{placeholder[0]}: no {name} was printed before")
        return placeholder[1] + json.dumps(self.seen[name])

    def remember(self, printed):
        for name, value in re.findall(r'"(\w+)":"([^"]*)"', printed):
            self.seen[name] = value

    # --- what can be done ---

    def write(self, name, text):
        path = pathlib.Path(self.home.name, SCRIPTS, name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(self.here(text))
        self.changed = True

    def type(self, text):
        """Types one command -> exit code, what it printed."""
        self.shell.stdin.write(text + f"\nprintf '\\n%s %s\\n' '{MARK}' \"$?\"\n")
        self.shell.stdin.flush()
        printed = ""
        for line in self.shell.stdout:
            if line.startswith(MARK):
                self.remember(printed)
                return int(line.split()[-1]), printed.removesuffix("\n")
            printed += line
        raise document.Fault(f"the shell has ended: {text}\n{printed}")

    def serve(self, text):
        """`usher dev …`, perhaps anew: returns when all of it serves. Its files are taken when this typist says so, not when the clock
        allows: a saved file is test_reload.py's."""
        self.stop()
        settings = pathlib.Path(self.home.name, "quiet.lua")
        settings.write_text("return { reload = { watch = false }, outbox = { interval = 0.2, first_delay = 0.1 } }")
        words = text.split()[1:] + ["--port", str(self.base), "--json", "--config", str(settings)]
        self.server = subprocess.Popen([process.BINARY, *words], cwd=self.home.name, env=self.env, text=True,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        if not self.server.stdout.readline():
            raise document.Fault(self.said())

    def said(self):
        """Waits for the server's end -> its log."""
        self.server.communicate(timeout=process.PATIENCE)
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        if self.server:
            self.server.send_signal(signal.SIGINT)  # without grace
            process.check_sanitizers(self.said())

    def save(self):
        """What was written is served; a refusal shows in what comes next."""
        if self.server and self.changed:
            process.exchange(self.base + 1, "/reload", "POST", b"")
        self.changed = False

    # --- a document ---

    def check(self, command, failing_on_status=False):
        text = self.command(command.text)
        if re.match(r"usher dev\b", text):
            return self.serve(text)
        wrapped = f"curl() {{ command curl --fail-with-body \"$@\"; }}\n{text}" if failing_on_status else text
        code, printed = self.type(wrapped)
        expected = [self.here(line) for line in command.expected]
        if failing_on_status and code:
            raise document.Fault(f"line {command.line}: exit code {code} of {text}\n{printed}")
        if not failing_on_status and not document.fits(expected, printed):
            raise document.Fault(f"line {command.line}: {text}\nprints\n{printed}\nnot\n" + "\n".join(expected))
        return None

    def follow(self, block):
        if block.kind == "lua":
            self.write(*document.file_of(block))
        elif block.kind == "diff":
            self.write(*document.changed(block, os.path.join(self.home.name, SCRIPTS)))
        elif block.kind in ("console", "sh"):
            self.save()
            for command in document.session(block) if block.kind == "console" else document.to_copy(block):
                self.check(command, block.kind == "sh")
