# SPDX-License-Identifier: MIT
"""What one sign-up costs usher itself: the real flow, over an upstream that costs no time and is not counted. CPU time is of
all threads; instructions are callgrind's, which other work on the machine does not change. Called by run."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import time

ROOM = pathlib.Path(__file__).resolve().parent
CLIENTS = 32
SETTINGS = """return {{ workers = 1, listen = {{ port = {port} }}, admin = {{ port = 0 }}, limits = {{ grace = 0, requests = 1000000 }},
  aws = {{ endpoint_url = "{upstream}" }}, stripe = {{ url = "{upstream}" }},
  attempts = {{ per_address = 0, per_email = 0, overall = 0, cards_per_address = 0 }} }}"""


class Server:
    """usher serve on a port, until stop()."""

    def __init__(self, command, port, folder, env, upstream="http://127.0.0.1:1", scripts=None):
        config = pathlib.Path(folder, f"{port}.lua")
        config.write_text(SETTINGS.format(port=port, upstream=upstream))
        self.port = port
        self.process = subprocess.Popen(
            [*command, "serve", "--config", str(config)] + (["--scripts", str(scripts)] if scripts else []),
            env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait()

    def wait(self):
        for _ in range(6000):
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    return
            time.sleep(0.01)
        raise SystemExit(f"nothing answers on port {self.port}")

    def cpu_us(self):
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1000

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)


def sign_up(connection, n):
    body = json.dumps({
        "email": f"bench{n}@example.com", "name": "Ada Lovelace", "country": "GB", "organization": "Analytical Engines Ltd",
        "password": "Corr3ct-Horse!", "stripe_token": "tok_visa", "utm_source": "ads", "utm_medium": "cpc"})
    connection.request("POST", "/api/account/signup", body, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    reply.read()
    return reply.status


def sign_ups(port, first, count):
    done = []

    def work(k):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        for n in range(k, count, CLIENTS):
            done.append(sign_up(connection, first + n))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if done != [201] * count:
        raise SystemExit(f"{count - done.count(201)} of {count} sign-ups failed: no figure")


def cpu_of_one(server, count=3000):
    sign_ups(server.port, 0, 500)
    before = server.cpu_us()
    sign_ups(server.port, 10000, count)
    return (server.cpu_us() - before) / count


def instructions_of_one(server, folder, count=320):
    """Of a server under callgrind: what count sign-ups add to its total."""
    control = ["callgrind_control", str(server.process.pid)]
    sign_ups(server.port, 20000, 64)
    subprocess.run([*control, "--zero"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sign_ups(server.port, 30000, count)
    subprocess.run([*control, "--dump"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    dump = pathlib.Path(folder, "callgrind.1").read_text(encoding="ascii", errors="replace")
    return int(re.search(r"^(?:summary|totals): (\d+)", dump, re.MULTILINE).group(1)) / count


def of_one_sign_up(usher, env, say):
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as ending:
        def start(*arguments, **options):
            server = Server(*arguments, **options)
            ending.callback(server.stop)
            return server

        upstream = start([usher], 18482, folder, env, scripts=ROOM / "upstream")
        url = f"http://127.0.0.1:{upstream.port}"
        server = start([usher], 18480, folder, env, upstream=url)
        say(f"CPU time of a sign-up, {CLIENTS} at once", f"{cpu_of_one(server):.0f}", "us", "10 calls over plain HTTP")
        wrapped = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind", usher]
        counted = start(wrapped, 18484, folder, env, upstream=url)
        say("  instructions", f"{instructions_of_one(counted, folder) / 1000:.0f}", "thousand", "without the kernel's")
