# SPDX-License-Identifier: MIT
"""Nobody reads standard output or standard error: usher serves on, and says afterwards what was lost."""
import collections
import fcntl
import http.client
import json
import os
import threading
import unittest

from process import BINARY, CREDENTIALS, PATIENCE, SECRETS, Folder, environment, fixture, subprocess

SETTINGS = 'return { env = "test", limits = { grace = 0 }, metrics = { emf = "on", interval = 0.05 } }'
LONG = "/nobody-reads-what-is-said-here" * 7  # each request is a line of the log that is longer than its path
KEPT = 1 << 20
F_SETPIPE_SZ = 1031


class Stalled:
    """`usher serve` whose output goes into the smallest pipes there are, which are read when read() says so."""

    def __init__(self, settings, *options, one_pipe=False):
        self.folder = Folder({"settings.lua": settings})
        pipes = [os.pipe() for _ in range(1 if one_pipe else 2)]
        for _, end in pipes:
            fcntl.fcntl(end, F_SETPIPE_SZ, 4096)
        self.process = subprocess.Popen(
            [BINARY, "serve", "--config", os.path.join(self.folder.name, "settings.lua"), "--port", "0", "--admin-port", "0",
             *options], env=environment(SECRETS, CREDENTIALS), stdin=subprocess.DEVNULL, stderr=pipes[0][1],
            stdout=pipes[-1][1])
        for _, end in pipes:
            os.close(end)
        self.streams = [open(end, "rb", 0) for end, _ in pipes]
        self.begun = []  # what stands before the line that says the ports
        while not self.begun or b'"serving"' not in self.begun[-1]:
            self.begun.append(self.streams[0].readline())
        ready = json.loads(self.begun[-1])
        self.door, self.admin = (http.client.HTTPConnection("127.0.0.1", ready[name], timeout=PATIENCE)
                                 for name in ("port", "admin_port"))

    def ask(self, path, body=None):
        self.door.request("POST" if body else "GET", path, body, {"Content-Type": "application/json"})
        answer = self.door.getresponse()
        answer.read()
        return answer.status

    def metric(self, name):
        self.admin.request("GET", "/metrics")
        lines = self.admin.getresponse().read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + "{"))

    def read(self):
        """From now on everything is read; end() gives it."""
        self.heard = [[] for _ in self.streams]
        self.readers = [threading.Thread(target=self._read, args=pair) for pair in zip(self.streams, self.heard)]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _read(stream, heard):
        with open(stream.fileno(), "rb", closefd=False) as lines:
            heard.extend(lines)

    def end(self):
        """-> the lines of each stream, as objects"""
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        for reader in self.readers:
            reader.join()
        if code:
            raise AssertionError(f"it ended with {code}")
        return [[json.loads(line) for line in heard] for heard in self.heard]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for reader in getattr(self, "readers", ()):
            reader.join()
        for it in (*self.streams, self.door, self.admin):
            it.close()
        self.folder.cleanup()


def events(log, *names):
    return [line for line in log if line.get("event") in names]


class Output(unittest.TestCase):
    def fill(self, usher):
        """Asks until the log has lost some lines -> how often"""
        asked = 0
        while usher.metric("usher_log_lines_lost_total") < 20:
            for _ in range(200):
                self.assertEqual(usher.ask(LONG), 404)
            asked += 200
            self.assertLess(asked * len(LONG), 3 * KEPT, "nothing is ever lost")
        return asked

    def test_nobody_reads(self):
        with Stalled(SETTINGS, "--workers", "2") as usher:
            asked = self.fill(usher)
            self.assertGreater(asked * len(LONG), KEPT / 4, "less is kept than could be")
            fixture.until(lambda: usher.metric("usher_emf_refused_total") > 2, "EMF is refused")
            lost = usher.metric("usher_log_lines_lost_total")
            self.assertEqual(usher.metric("usher_job_failures_total"), 0)
            usher.read()
            told = usher.metric("usher_emf_refused_total")
            fixture.until(lambda: usher.ask("/after") == 404 and any(b"log_lines_lost" in line for line in usher.heard[0]),
                          "it says how many were lost")
            log, emf = usher.end()
        lines = events(log, "log_lines_lost")
        self.assertEqual(len(lines), 1)
        self.assertGreaterEqual(lines[0]["lines"], lost)
        requests = [line for line in events(log, "request") if line["path"] == LONG]
        self.assertLess(len(requests), asked)
        self.assertGreaterEqual(len(requests) + lines[0]["lines"], asked)
        self.assertGreaterEqual(told, 3)
        self.assertLessEqual(len(events(log, "emf_waits")), 1)
        self.assertTrue(all("_aws" in line for line in emf))

    def test_metrics_are_told_later(self):
        """The log is read, standard output is not; in the end each request is counted once."""
        with Stalled(SETTINGS.replace('"on",', '"on", namespace = "' + "n" * 200 + '",'), "--workers", "1") as usher:
            streams = usher.streams
            usher.streams = streams[:1]
            usher.read()
            usher.streams = streams
            fixture.until(lambda: usher.metric("usher_emf_refused_total") > 0, "EMF is refused")
            for _ in range(30):
                self.assertEqual(usher.ask("/api/account/signup", b"{}"), 422)
            refused = usher.metric("usher_emf_refused_total")
            fixture.until(lambda: usher.metric("usher_emf_refused_total") > refused + 2)
            emf = []
            reader = threading.Thread(target=usher._read, args=(streams[1], emf))
            reader.start()
            usher.readers.append(reader)
            log, = usher.end()
        counted = collections.Counter()
        for line in map(json.loads, emf):
            if line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["env"]]:
                counted["SIGNUP_FAILURE"] += line.get("SIGNUP_FAILURE", 0)
        self.assertEqual(counted["SIGNUP_FAILURE"], 30)
        self.assertEqual([line["event"] for line in events(log, "emf_waits", "emf_goes_on", "job_failed")],
                         ["emf_waits", "emf_goes_on"])

    def test_one_pipe_for_both(self):
        with Stalled(SETTINGS, "--workers", "2", one_pipe=True) as usher:
            self.fill(usher)
            usher.read()
            fixture.until(lambda: usher.ask("/after") == 404 and any(b"log_lines_lost" in line for line in usher.heard[0]))
            lines, = usher.end()
        self.assertTrue(all("event" in line or "_aws" in line for line in lines))

    def test_the_end_does_not_wait(self):
        with Stalled(SETTINGS, "--workers", "1") as usher:
            self.fill(usher)
            usher.process.terminate()
            self.assertEqual(usher.process.wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
