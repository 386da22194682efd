#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints what it takes from saving a script under `usher dev` to the first request on the new code: ./dev bench."""
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from figures import say

ROOT = pathlib.Path(__file__).resolve().parents[2]
USHER = sys.argv[1]
SAVES = 30
ROUTE = '  { "GET", "/bench", "flows.bench" },\n}\n'


def flow(path, word):
    fresh = path.with_name("." + path.name)  # as editors do: written beside, then moved
    fresh.write_text(f"return function() return {{ body = '{word}' }} end\n")
    os.replace(fresh, path)


def seconds_until(connection, word):
    start = time.monotonic()
    while True:
        connection.request("GET", "/bench")
        if connection.getresponse().read().decode() == word:
            return time.monotonic() - start


def saves(scripts):
    process = subprocess.Popen([USHER, "dev", "--json", "--port", "0", "--scripts", str(scripts)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    ready = json.loads(process.stdout.readline())
    connection = http.client.HTTPConnection("127.0.0.1", int(ready["url"].rsplit(":", 1)[1]), timeout=30)
    seconds_until(connection, "first")
    times = []
    for i in range(SAVES):
        flow(scripts / "flows/bench.lua", f"word {i}")
        times.append(seconds_until(connection, f"word {i}") * 1000)
    process.terminate()
    process.communicate()
    return times


with tempfile.TemporaryDirectory() as folder:
    copy = pathlib.Path(folder, "scripts")
    shutil.copytree(ROOT / "scripts", copy)
    routes = copy / "routes.lua"
    text = routes.read_text()
    routes.write_text(text[:text.rindex("}")] + ROUTE)
    flow(copy / "flows/bench.lua", "first")
    found = saves(copy)
    say(f"dev: saved to first request on it (median of {SAVES})", f"{statistics.median(found):.0f}", "ms", "aim < 200")
    say("  slowest", f"{max(found):.0f}", "ms")
