# SPDX-License-Identifier: MIT
"""The gate's cases against the real binary: USHER names it. `real.py [--reloading] [ID…]`; with --reloading its scripts
are replaced all the time, every other time by a set that is refused."""
import contextlib
import http.client
import itertools
import pathlib
import sys
import tempfile
import threading
from urllib.parse import urlsplit

import fixture
import run

FILES = {"routes.lua": 'return { { "GET", "/hello", "hello" }, { "POST", "/hello", "hello" } }',
         "hello.lua": 'return function() return { body = "hello" } end'}


class Reloader(threading.Thread):
    """Replaces the scripts in the folder until it is told to end."""

    def __init__(self, folder, admin_url):
        super().__init__()
        self.hello, self.admin = pathlib.Path(folder, "hello.lua"), urlsplit(admin_url).netloc
        self.told, self.taken, self.problems = threading.Event(), 0, []
        self.start()

    def run(self):
        for n in itertools.count():
            if self.told.is_set():
                return
            self.hello.write_text(FILES["hello.lua"] + (f" -- {n}" if n % 2 else " end"))
            connection = http.client.HTTPConnection(self.admin, timeout=fixture.PATIENCE)
            connection.request("POST", "/reload")
            reply = connection.getresponse()
            if reply.status != (200 if n % 2 else 409):
                self.problems.append(f"reload {n}: {reply.status} {reply.read()}")
            connection.close()
            self.taken += n % 2

    def end(self):
        self.told.set()
        self.join()


@contextlib.contextmanager
def served(moving):
    """-> the ready line of an `usher dev` over these scripts, which keep changing when moving"""
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile("w", suffix=".lua") as settings:
        for name, text in FILES.items():
            pathlib.Path(folder, name).write_text(text)
        settings.write("return { reload = { watch = false } }")
        settings.flush()
        with fixture.Usher("--scripts", folder, "--config", settings.name) as usher:
            if not moving:
                yield usher.ready
                return
            reloader = Reloader(folder, usher.ready["admin_url"])
            try:
                yield usher.ready
            finally:
                reloader.end()
            print(f"{reloader.taken} versions served meanwhile")
            if reloader.problems or not reloader.taken:
                raise SystemExit("\n".join(reloader.problems[:5]) or "no reload was ended")


def main(words):
    with served(moving="--reloading" in words) as ready:
        url = urlsplit(ready["url"])
        return run.run((url.hostname, url.port), False, [word for word in words if word != "--reloading"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
