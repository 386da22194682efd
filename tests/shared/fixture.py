# SPDX-License-Identifier: MIT
"""One `usher dev` for all tests of a process: the binary of the environment variable USHER, on free ports, in memory.

start() gives what it says of itself: url, admin_url, sandbox{cognito,dynamodb,stripe,mailbox}, mailbox_url, keys and ids.
url(service) is short for a sandbox address. Usher(...) is an instance of one's own, for tests that need other options.
"""
import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

BINARY = os.environ.get("USHER", os.path.join(os.path.dirname(__file__), "../../build/dev/usher"))
QUIET = os.path.join(os.path.dirname(os.path.abspath(__file__)), "quiet.lua")
PATIENCE = 120  # seconds for what must come; only bounds a test that has failed

_shared = None


def until(holds, what="what is waited for", pause=0.02):
    """The first true value of holds(), which is asked again and again; AssertionError after PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = holds()
        if found:
            return found
        time.sleep(pause)
    raise AssertionError(f"after {PATIENCE} seconds still not: {what}")


def end(process):
    """Asks a process to end -> exit code."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


class Usher:
    """`usher dev --json --port 0 OPTIONS…`, with QUIET where no --config is; a context manager. self.ready is its one
    line of JSON."""

    def __init__(self, *options, environment=None):
        self.errors = tempfile.TemporaryFile(mode="w+")
        if "--config" not in options:
            options = ("--config", QUIET, *options)
        self.process = subprocess.Popen(
            [BINARY, "dev", "--json", "--port", "0", *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.errors, text=True, env={**os.environ, **(environment or {})})
        patience = threading.Timer(PATIENCE, self.process.kill)
        patience.start()
        try:
            self.ready = json.loads(self.process.stdout.readline())
        except ValueError:
            self.process.kill()
            self.process.wait()
            raise RuntimeError("usher dev did not start:\n" + self.log()) from None
        finally:
            patience.cancel()
        if QUIET in options:
            self.wait_for_triggers(PATIENCE)

    def wait_for_triggers(self, seconds):
        """So long Cognito waits for its triggers, instead of its 5 seconds."""
        for path, fields in (("/switches", {"trigger_patience": seconds}), ("/lambda/usher-dev-PreSignUp", {"timeout": seconds}),
                             ("/lambda/usher-dev-PostConfirmation", {"timeout": seconds})):
            urllib.request.urlopen(self.ready["sandbox"]["mailbox"] + path, json.dumps(fields).encode()).close()

    def log(self):
        """All that it has written to standard error."""
        if not self.errors.closed:
            self.errors.seek(0)
            self.said = self.errors.read()
        return self.said

    def stop(self):
        """Asks it to end -> exit code; its descriptors are closed afterwards."""
        try:
            return end(self.process)
        finally:
            self.process.stdout.close()
            self.log()
            self.errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        if "Sanitizer" in self.log():
            raise RuntimeError(self.log())


def _end_shared():
    """It must have ended well, and no sanitizer may have spoken; else the whole test has failed."""
    code = _shared.stop()
    if code != 0 or "Sanitizer" in _shared.log():
        sys.stderr.write(f"usher dev ended with {code}\n{_shared.log()}")
        sys.stderr.flush()
        os._exit(1)


def start():
    """The shared instance's ready line; starts it the first time, ends it with this process."""
    global _shared
    if _shared is None:
        _shared = Usher()
        atexit.register(_end_shared)
    return _shared.ready


def url(service):
    """Where the shared sandbox's service is: "cognito", "dynamodb", "stripe", "mailbox"."""
    return start()["sandbox"][service] + "/"
