# SPDX-License-Identifier: MIT
"""A sandbox, and servers in front of it that may be killed.

The sandbox is `usher dev`, of which only the vendors' side is used. Front is `usher serve` pointed at it, a process of its
own.
"""
import collections
import http.client
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.request

import door
import fixture
from fixture import PATIENCE, until  # until: for the tests

GONE = (ConnectionError, http.client.HTTPException)  # how an exchange ends with a server that dies
LEASE = 1.0  # seconds that a server which died holds a sign-up
HASTE = 2.0  # seconds that a hasty server waits for a call; on a crowded machine one that does not hang takes a while
FIRST_DELAY = 10.0  # seconds that a message waits at first: `usher repair`, which tells it too, comes before late
METRIC = re.compile(r"^([A-Z_]+)\{[^}]*\} (\d+)", re.M)


def let_go(once):
    """The first true value of once(), asked while a server that may be dead has the sign-up, and not all the time."""
    return until(once, "the sign-up is let go of", LEASE / 8)


def lua(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {lua(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ", ".join(map(lua, value)) + "}"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else json.dumps(value)


def settings(ready, **sections):
    """The settings of a server over this sandbox, as Lua."""
    sandbox = ready["sandbox"]
    base = {
        "env": "dev", "workers": 1, "listen": {"port": 0}, "admin": {"port": 0},
        "limits": {"grace": 0.0, "drain": 1.0}, "aws": {"region": ready["region"]},
        "cognito": {"url": sandbox["cognito"], "user_pool_id": ready["user_pool_id"], "client_id": ready["client_id"]},
        "dynamodb": {"url": sandbox["dynamodb"], "table": ready["table"]}, "stripe": {"url": sandbox["stripe"]},
        "attempts": {"per_address": 0, "per_email": 0, "overall": 0, "cards_per_address": 0},
        "outbox": {"interval": 3600, "first_delay": FIRST_DELAY},
    }
    for name, section in sections.items():
        base[name] = {**base.get(name, {}), **section} if isinstance(section, dict) else section
    return "return " + lua(base) + "\n"


class Front:
    """`usher serve` with these settings and options. kill() and start() may follow each other."""

    def __init__(self, ready, environment=None, options=(), **sections):
        self.ready, self.more, self.options = ready, environment or {}, options
        self.config = tempfile.NamedTemporaryFile("w", suffix=".lua")
        self.config.write(settings(ready, **sections))
        self.config.flush()
        self.process, self.lines = None, collections.deque(maxlen=60)
        self.counted = None  # what it had counted when it died
        self.start()

    def environment(self):
        """The secrets, for it and for commands with the same settings."""
        return {
            **os.environ, **self.more, "AWS_ACCESS_KEY_ID": self.ready["access_key_id"],
            "USHER_SIGNUP_KEY": self.ready["signup_key"],
            "AWS_SECRET_ACCESS_KEY": self.ready["secret_access_key"], "STRIPE_API_KEY": self.ready["stripe_key"],
            "SLACK_WEBHOOK_URL": self.ready["sandbox"]["slack"] + self.ready["slack_path"],
            "USHER_CLIENT_SECRET": self.ready["client_secret"],
        }

    def start(self):
        if self.process:
            return
        self.process = subprocess.Popen([fixture.BINARY, "serve", "--config", self.config.name, *self.options], text=True,
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.environment())
        for line in self.process.stderr:
            self.lines.append(line)
            if '"event":"serving"' in line:
                break
        else:
            raise RuntimeError("usher serve did not start:\n" + self.log())
        at = json.loads(line)
        self.url = f"http://{at['host']}:{at['port']}"
        self.admin_url = f"http://{at['admin_host']}:{at['admin_port']}"
        self.reader = threading.Thread(target=self.lines.extend, args=[self.process.stderr], daemon=True)
        self.reader.start()

    def log(self):
        return "".join(self.lines)

    def metrics(self):
        """Counter of the flows' metrics, summed over their labels."""
        found = collections.Counter()
        with urllib.request.urlopen(self.admin_url + "/metrics", timeout=PATIENCE) as answer:
            text = answer.read().decode()
        for name, value in METRIC.findall(text):
            found[name] += int(value)
        return found

    def _end(self, signal_number):
        self.process.send_signal(signal_number)
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process.stderr.close()
        self.process = None
        return code

    def kill(self):
        """As a crash: no time for anything. Its counts die with it."""
        self._end(signal.SIGKILL)

    def die_during(self, sandbox, fault, act):
        """Killed while act hangs at this fault."""
        ends = []

        def send():
            try:
                ends.append(act())
            except GONE as gone:
                ends.append(gone)

        request = threading.Thread(target=send)
        request.start()
        hangs = sandbox.hanging(fault)
        self.counted = self.metrics()
        self.kill()
        request.join(PATIENCE)
        if not hangs or not isinstance(ends[0], GONE):
            raise AssertionError(f"hung: {hangs}; the killed server answered {ends[0]}")

    def stop(self):
        if self.process:
            self._end(signal.SIGTERM)
        self.config.close()


class World:
    """One sandbox and the servers that a row of the matrix needs; a context manager.

    patient meets what is over soon, stubborn what stays broken (it spends its retries), hasty what hangs, victim is to
    be killed, late attaches cards at the confirmation and works on the outbox.
    """

    HASTY = {"cognito": {"timeout": HASTE}, "dynamodb": {"timeout": HASTE}, "stripe": {"timeout": HASTE}}
    LEASE = {"signup": {"lease": LEASE}}

    OUTBOX = {"outbox": {"interval": 0.5, "first_delay": 0.05, "max_delay": 1}}

    def __init__(self, tells=True):
        """tells: does somebody work on the outbox?"""
        self.sandbox = fixture.Usher()
        ready = self.sandbox.ready
        self.switches, self.stores = door.Sandbox(ready), door.Stores(ready)
        self.patient = Front(ready, **self.LEASE)
        self.stubborn = Front(ready, **self.LEASE)
        self.victim = Front(ready, **self.LEASE)
        self.hasty = Front(ready, **self.LEASE, **self.HASTY)
        self.late = Front(ready, **self.LEASE, stripe={"attach": "at_confirm"}, **(self.OUTBOX if tells else {}))
        self.fronts = [self.patient, self.stubborn, self.victim, self.hasty, self.late]

    def metrics(self):
        return sum((front.metrics() for front in self.fronts), collections.Counter())

    def rest(self):
        """Waits until what could not be told at once has been told."""
        until(lambda: not self.stores.untold(), "the outbox is empty")

    def begin_anew(self):
        """Empty stores, so that to read them whole is cheap, and retries that nobody has spent. Who may still write for
        somebody who was here, like late from an outbox that `usher repair` has emptied, is gone before."""
        gone = [self.stubborn, self.hasty, self.late]
        for front in gone:
            front.kill()
        self.stores.empty()
        for front in gone:
            front.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for front in self.fronts:
            front.stop()
        self.sandbox.stop()


class Case(unittest.TestCase):
    """A test with a world of its class's own, in which nobody works on the outbox."""

    @classmethod
    def setUpClass(cls):
        cls.here = World(tells=False)
        cls.addClassCleanup(cls.here.__exit__)
        cls.stores, cls.switches = cls.here.stores, cls.here.switches

    def die_during(self, fault, act):
        """The victim is killed while act(victim) hangs at this fault, and is there again."""
        victim = self.here.victim
        victim.die_during(self.switches, fault, lambda: act(victim))
        self.switches.clear()
        victim.start()
