# SPDX-License-Identifier: MIT
"""The binary as a process, for tests of its command line: run() waits for its end, Serve() is one that serves.

Every wait is for an event: a line of its log, an answer, its end. PATIENCE only bounds a test that has failed.
"""
import http.client
import json
import os
import queue
import re
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.parse

import fixture

BINARY, PATIENCE = os.path.abspath(fixture.BINARY), fixture.PATIENCE
SECRETS = {"USHER_CLIENT_SECRET": "client-secret", "STRIPE_API_KEY": "sk_test_1", "USHER_SIGNUP_KEY": "k" * 32}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
SERVICES = ["mailbox", "cognito", "dynamodb", "stripe", "ses", "captcha", "google", "cloudwatch", "lambda", "slack",
            "sts", "metadata"]  # behind the public and the admin port
DEV_PORTS = 2 + len(SERVICES)
QUIET = ("AWS_", "USHER_", "STRIPE_", "SLACK_")


def environment(*parts):
    """This process's, without what could point usher anywhere, and with the parts."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(QUIET)}
    kept["AWS_EC2_METADATA_DISABLED"] = "true"  # a test asks nobody outside this machine
    for part in parts:
        kept.update(part)
    return kept


def check_sanitizers(text):
    if "Sanitizer" in text or "runtime error:" in text:
        raise AssertionError(text)


def run(*arguments, env=None, **options):
    """Runs `usher ARGUMENTS…` to its end -> code, stdout, stderr."""
    done = subprocess.run([BINARY, *arguments], env=env or environment(SECRETS, CREDENTIALS), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE, check=False, **options)
    check_sanitizers(done.stderr)
    return done.returncode, done.stdout, done.stderr


class Folder(tempfile.TemporaryDirectory):
    """A folder with these files: Folder({"a/b.lua": text}); gone at the end of `with`, which gives its path."""

    def __init__(self, files=()):
        super().__init__()
        for name, text in dict(files).items():
            path = os.path.join(self.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)


class Serve:
    """`usher serve` on free ports, with a settings file and perhaps scripts; a context manager."""

    def __init__(self, settings="return {}", scripts=None, env=(), options=(), stdout=subprocess.DEVNULL):
        self.folder = Folder({"settings.lua": settings})
        words = [BINARY, "serve", "--config", os.path.join(self.folder.name, "settings.lua"), "--port", "0",
                 "--admin-port", "0", *options]
        if scripts:
            words += ["--scripts", scripts]
        self.lines, self.said = queue.Queue(), []
        self.process = subprocess.Popen(words, env=environment(SECRETS, CREDENTIALS, env), stdin=subprocess.DEVNULL,
                                        stdout=stdout, stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        ready = self.wait_for("serving")
        self.port, self.admin_port = ready["port"], ready["admin_port"]

    def _read(self):
        for line in self.process.stderr:
            self.said.append(line)
            self.lines.put(line)
        self.lines.put(None)

    def wait_for(self, event):
        """The next line of the log with this event."""
        while True:
            line = self.lines.get(timeout=PATIENCE)
            if line is None:
                raise AssertionError(f"ended before {event}:\n" + "".join(self.said))
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if entry["event"] == event:
                return entry

    def get(self, path, method="GET", body=None, headers=None, admin=False):
        """One exchange on a connection of its own -> status, headers, text."""
        return exchange(self.admin_port if admin else self.port, path, method, body, headers)

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def end(self):
        """Waits for its end -> exit code."""
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # without grace
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
        self.reader.join(PATIENCE)
        self.process.stderr.close()
        self.folder.cleanup()
        check_sanitizers("".join(self.said))


class Dev:
    """`usher dev` on free ports, as on a terminal; a context manager."""

    def __init__(self, *options):
        self.process = subprocess.Popen([BINARY, "dev", "--port", "0", *options], env=environment(),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.port = int(re.search(r"http://127.0.0.1:(\d+)", self.process.stdout.readline())[1])

    def wait_for(self, text):
        """All that it says on standard error, until there is a line with this text."""
        said = []
        for line in self.process.stderr:
            said.append(line)
            if text in line and not line.startswith("{"):
                return "".join(said)
        raise AssertionError(f"ended before {text}:\n" + "".join(said))

    def get(self, path, **options):
        return exchange(self.port, path, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=PATIENCE)
        check_sanitizers(said)


def exchange(port, path, method="GET", body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def ask(url, method="GET", path=""):
    """-> status, what the JSON of the answer says"""
    status, _, text = exchange(urllib.parse.urlsplit(url).port, path, method)
    return status, json.loads(text)


PORT_BLOCK = 32  # as many as anybody wants in a row
reserved = []  # until this process ends


def reserve(base):
    """Is the block of ports that begins here this process's? An abstract socket says so to all other tests."""
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0usher-test-ports-{base}")
    except OSError:
        mark.close()
        return False
    reserved.append(mark)
    return True


def are_free(ports):
    sockets = []
    try:
        for port in ports:
            sockets.append(socket.create_server(("127.0.0.1", port)))
        return True
    except OSError:
        return False
    finally:
        for one in sockets:
            one.close()


def free_ports(count):
    """The first of count ports in a row that nobody uses, from below those that the kernel gives to clients."""
    for base in range(10000, 32768 - PORT_BLOCK, PORT_BLOCK):
        if reserve(base) and are_free(range(base, base + count)):
            return base
    raise AssertionError("no ports are free")


class Gate:
    """An upstream that answers when it is told to: a request in flight, without a clock."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"
        self.waiting = []

    def arrived(self):
        """Waits until one more has come."""
        self.socket.settimeout(PATIENCE)
        connection, _ = self.socket.accept()
        self.waiting.append(connection)

    def open(self):
        for connection in self.waiting:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nopen")
            connection.close()
        self.waiting = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self.waiting:
            connection.close()
        self.socket.close()


class Asking(threading.Thread):
    """One exchange beside the test; result() waits for it: (status, headers, text) or the exception."""

    def __init__(self, *arguments):
        super().__init__(daemon=True)
        self.arguments, self.outcome = arguments, None
        self.start()

    def run(self):
        try:
            self.outcome = exchange(*self.arguments)
        except (OSError, http.client.HTTPException) as problem:
            self.outcome = problem

    def result(self):
        self.join(PATIENCE)
        return self.outcome
