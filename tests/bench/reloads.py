#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reloads under load: 64 connections of wrk (or of Python, without it) and people who sign up, while the scripts change
all the time, every other time into a set that must be refused. Nothing may fail, mix two versions, or be lost.

`reloads.py USHER [--reloads N]` prints figures; exit code 1 when one is not what it must be. run() is for tests.
"""
import argparse
import collections
import contextlib
import http.client
import http.server
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

CONNECTIONS, WORKERS, MORE_MB = 64, 2, 16
ROOT = pathlib.Path(__file__).resolve().parents[2]
PROBE = """local word = require "lib.word"
return function() return { body = word .. " " .. require "lib.word" } end
"""
POOL = """local http = require "http"
return function() return { body = assert(http.fetch { url = "URL" }).body } end
"""
BROKEN = {  # what is wrong: file, text, what the refusal must say
    "syntax error": ("flows/broken.lua", "return function( x", r"broken\.lua:1:"),
    "error at load": ("flows/probe.lua", "error 'at load'", r"probe\.lua:1: at load"),
    "failing spec": ("flows/probe_spec.lua",
                     "describe('it', function() it('fails', function() assert.equal(1, 2) end) end)", "it fails:"),
    "global write": ("flows/probe.lua", "counter = 1\n" + PROBE, r"probe\.lua:1:.*counter"),
    "endless loop": ("flows/probe.lua", "\nwhile true do end", r"probe\.lua:2: stopped after .*scripts\.load"),
    "memory hog": ("flows/probe.lua", "local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end",
                   r"probe\.lua:1: not enough memory \(scripts\.memory\)"),
}
PATIENT = {"limits": {"grace": 0.0, "drain": 60.0, "request_timeout": 600.0}, "http": {"connect_timeout": 60.0},
           "cognito": {"timeout": 60.0}, "dynamodb": {"timeout": 60.0}, "stripe": {"timeout": 80.0}}
WRK = """
local bad, mixed = 0, 0
function response(status, _, body)
  local word, again = body:match "^(%S+) (%S+)$"
  if status ~= 200 then bad = bad + 1 elseif word ~= again then mixed = mixed + 1 end
  result = bad .. " " .. mixed
end
local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function done(summary)
  local e = summary.errors
  local failed, mixes = e.connect + e.read + e.write + e.timeout, 0
  for _, thread in ipairs(threads) do
    local b, m = (thread:get "result" or "0 0"):match "(%d+) (%d+)"
    failed, mixes = failed + b, mixes + m
  end
  print(("RESULT %d %d %d"):format(summary.requests, failed, mixes))
end
"""


class Wrk:
    """64 connections that never wait."""

    def __init__(self, url, connections):
        self.script = tempfile.NamedTemporaryFile("w", suffix=".lua")
        self.script.write(WRK)
        self.script.flush()
        self.process = subprocess.Popen(["wrk", "-t1", f"-c{connections}", "-d3600s", "--timeout", "600s", "-s",
                                         self.script.name, url + "/probe"], stdout=subprocess.PIPE, text=True)

    def end(self):
        """-> requests, failures, mixes"""
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate()[0]
        self.script.close()
        return tuple(map(int, re.search(r"^RESULT (\d+) (\d+) (\d+)", said, re.M).groups()))


class Clients:
    """The same where wrk is not, with fewer requests."""

    def __init__(self, url, connections):
        self.ended, self.seen = threading.Event(), []
        self.threads = [threading.Thread(target=self._ask, args=[url]) for _ in range(connections)]
        for thread in self.threads:
            thread.start()

    def _ask(self, url):
        with asker(url) as ask:
            while not self.ended.is_set():
                try:
                    status, text = ask("GET", "/probe")
                    mixed = status == 200 and len(set(text.split())) != 1
                    self.seen.append("failed" if status != 200 else "mixed" if mixed else "good")
                except (OSError, http.client.HTTPException):
                    self.seen.append("failed")

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        return len(self.seen), self.seen.count("failed"), self.seen.count("mixed")


numbers = itertools.count(1)


def sign_up(ask):
    fields = {"email": f"person{next(numbers)}@example.com", "name": "Ada", "country": "GB", "organization": "Engines",
              "password": "Corr3ct-Horse!", "stripe_token": "tok_visa"}
    return ask("POST", "/api/account/signup", json.dumps(fields))[0]


def use_pool(ask):
    return ask("GET", "/pool")[0]


class Visitor(threading.Thread):
    """Does one thing after the other on one connection, without a pause."""

    def __init__(self, url, ended, act):
        super().__init__()
        self.url, self.ended, self.act, self.statuses = url, ended, act, collections.Counter()
        self.start()

    def run(self):
        with asker(self.url) as ask:
            while not self.ended.is_set():
                self.statuses[self.act(ask)] += 1


class Pool(threading.Thread):
    """An upstream that counts its connections: kept ones outlive a reload."""

    def __init__(self):
        super().__init__(daemon=True)
        pool = self
        self.connections = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                pool.connections += 1

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "4")
                self.end_headers()
                self.wfile.write(b"pool")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.start()

    def run(self):
        self.server.serve_forever()


def time_ms():
    return time.monotonic() * 1000


@contextlib.contextmanager
def asker(url):
    """ask(method, path, body) -> status, text; on one connection."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=600)

    def ask(method, path, body=None):
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        reply = connection.getresponse()
        return reply.status, reply.read().decode()

    try:
        yield ask
    finally:
        connection.close()


def ask_once(url, method, path):
    with asker(url) as ask:
        return ask(method, path)


class Scripts:
    """A copy of scripts/ with a probe, a set after the other."""

    def __init__(self, folder, pool):
        self.folder = pathlib.Path(folder, "scripts")
        shutil.copytree(ROOT / "scripts", self.folder)
        routes = (self.folder / "routes.lua").read_text()
        more = '  { "GET", "/probe", "flows.probe" },\n  { "GET", "/pool", "flows.pool" },\n'
        self.write("routes.lua", routes.replace("return {\n", "return {\n" + more, 1))
        self.write("flows/pool.lua", POOL.replace("URL", pool.url))
        self.good("start")

    def write(self, name, text):
        path = self.folder / name
        fresh = path.with_name("." + path.name)  # as editors do: written beside, then moved
        fresh.write_text(text)
        os.replace(fresh, path)

    def good(self, word):
        for name, _, _ in BROKEN.values():
            (self.folder / name).unlink(missing_ok=True)
        self.write("flows/probe.lua", PROBE)
        self.write("lib/word.lua", f"return '{word}'")

    def broken(self, kind, word):
        self.good(word)
        self.write(*BROKEN[kind][:2])


def rss(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


class Run:
    """The figures, and what is wrong with them."""

    def __init__(self, front, scripts, pool):
        self.front, self.scripts, self.pool = front, scripts, pool
        self.taken, self.refused, self.memory, self.problems = [], collections.defaultdict(list), {}, []

    def reload(self, admin, n):
        kind = None if n % 2 else list(BROKEN)[n // 2 % len(BROKEN)]
        if kind:
            self.scripts.broken(kind, f"n{n}")
        else:
            self.scripts.good(f"n{n}")
        begun = time_ms()
        status, text = admin("POST", "/reload")
        (self.refused[kind] if kind else self.taken).append(time_ms() - begun)
        said = json.loads(text)["message"]
        if (status, bool(kind and re.search(BROKEN[kind][2], said))) != ((409, True) if kind else (200, False)):
            self.problems.append(f"reload {n}, {kind or 'good'}: {status} {said}")
        return None if kind else f"n{n}"

    def all(self, reloads):
        with asker(self.front.admin_url) as admin:
            for n in range(1, reloads + 1):
                word = self.reload(admin, n)
                if word and ask_once(self.front.url, "GET", "/probe") != (200, f"{word} {word}"):
                    self.problems.append(f"reload {n}: answered, but the version before serves")
                if n in (reloads // 10, reloads // 2, reloads):
                    self.memory[n] = rss(self.front.process.pid)

    def judge(self, load, people, pool, counted):
        """load: requests, failures, mixes; people, pool: answers by status; counted: what the server's metric says."""
        requests, failed, mixed = load
        bad = {status: count for status, count in people.items() if status != 201}
        if failed or mixed or bad:
            self.problems.append(f"{failed} requests failed, {mixed} mixed versions, sign-ups {dict(people)}")
        if list(pool) != [200]:
            self.problems.append(f"through the pool: {dict(pool)}")
        made = requests + sum(people.values()) + sum(pool.values()) + len(self.taken)
        if not made <= counted <= made + CONNECTIONS:
            self.problems.append(f"{made} requests were answered, {counted} counted: counters did not survive")
        if self.pool.connections > WORKERS:
            self.problems.append(f"{self.pool.connections} connections to one upstream: the pools did not survive")

    def judge_memory(self):
        half, end = list(self.memory.values())[-2:]
        if end > half + MORE_MB:
            self.problems.append(f"memory grew from {half:.1f} to {end:.1f} MB")


def counted(admin_url):
    text = ask_once(admin_url, "GET", "/metrics")[1]
    return sum(map(int, re.findall(r'^usher_http_requests_total\{[^}]*listener="public"[^}]*\} (\d+)$', text, re.M)))


def run(reloads, load, connections=CONNECTIONS, people=4, budget=1.0, say=print):
    """budget: seconds of CPU time that a set may load for. -> Run"""
    sys.path.insert(0, str(ROOT / "tests/shared"))
    import world
    pool, ended = Pool(), threading.Event()
    with world.fixture.Usher() as sandbox, tempfile.TemporaryDirectory() as folder:
        scripts = Scripts(folder, pool)
        front = world.Front(sandbox.ready, options=["--scripts", str(scripts.folder)], workers=WORKERS,
                            reload={"watch": False}, scripts={"load": budget, "memory": 32 << 20}, **PATIENT)
        one, crowd = Run(front, scripts, pool), [Visitor(front.url, ended, sign_up) for _ in range(people)]
        swimmer = Visitor(front.url, ended, use_pool)
        load = load(front.url, connections)
        try:
            one.all(reloads)
        finally:
            outcome = load.end()
            ended.set()
            for visitor in [*crowd, swimmer]:
                visitor.join()
        signed_up = sum((person.statuses for person in crowd), collections.Counter())
        one.judge(outcome, signed_up, swimmer.statuses, counted(front.admin_url))
        front.stop()
    report(one, reloads, outcome, signed_up, say)
    return one


def report(one, reloads, load, signed_up, say):
    def spread(times):
        return f"{min(times):.0f} / {statistics.median(times):.0f} / {max(times):.0f}"

    say(f"{reloads} reloads under load, {sum(map(len, one.refused.values()))} of broken sets")
    say(f"  requests: {load[0]}, failed: {load[1]}, of two versions: {load[2]}")
    say(f"  sign-ups: {sum(signed_up.values())}, not 201: {sum(signed_up.values()) - signed_up[201]}")
    say(f"  connections to one upstream: {one.pool.connections}, workers: {WORKERS}")
    say("  memory, MB: " + ", ".join(f"{mb:.1f} after {n}" for n, mb in one.memory.items()))
    say(f"  a good set serves after, ms, min / median / max: {spread(one.taken)}")
    for kind, times in one.refused.items():
        say(f"  {kind}: refused {len(times)} times, ms: {spread(times)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("usher")
    parser.add_argument("--reloads", type=int, default=1000)
    options = parser.parse_args()
    os.environ["USHER"] = os.path.abspath(options.usher)
    one = run(options.reloads, Wrk if shutil.which("wrk") else Clients)
    if options.reloads >= 100:  # each kind has had its most by the half
        one.judge_memory()
    for problem in one.problems[:20]:
        print("  WRONG: " + problem)
    return 1 if one.problems else 0


if __name__ == "__main__":
    sys.exit(main())
