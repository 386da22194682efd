# SPDX-License-Identifier: MIT
"""The echo server with small limits, and a client that reads its replies one by one. Waits for events, never for time."""
import json
import signal
import socket
import subprocess
import sys
import unittest

PROGRAM = None
TIMEOUT = 120  # only bounds a test that has failed


class Echo:
    def __init__(self, *settings):
        self.process = subprocess.Popen([PROGRAM, "0", *settings], stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        self.told = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.told:
            self.terminate()
        code = self.process.wait(TIMEOUT)
        self.process.stdout.close()
        if code:
            raise AssertionError(f"the server ended with {code}")

    def terminate(self):
        """Once drains, twice ends; a third could meet a process that is past its handler."""
        self.told = True
        self.process.send_signal(signal.SIGTERM)

    def release(self):
        """What /hold holds is answered."""
        self.process.send_signal(signal.SIGUSR1)

    def client(self):
        return Client(self.port)

    def ask(self, data):
        with self.client() as c:
            c.send(data)
            return c.reply()


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self.buffer = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def fill(self):
        piece = self.socket.recv(65536)
        self.buffer += piece
        return bool(piece)

    def reply(self, body=True):
        while b"\r\n\r\n" not in self.buffer:
            if not self.fill():
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        headers = {k.lower().decode(): v.strip().decode() for k, _, v in (l.partition(b":") for l in lines[1:])}
        status, length = int(lines[0][9:12]), int(headers.get("content-length", 0)) if body else 0
        while len(self.buffer) < length:
            if not self.fill():
                return None
        content, self.buffer = self.buffer[:length], self.buffer[length:]
        return Reply(status, headers, bytes(content))

    def ended(self):
        """Waits for the server's end; True when nothing more was said."""
        while self.fill():
            pass
        return not self.buffer


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def code(self):
        return json.loads(self.body)["error"]["code"]


def get(path="/", *headers):
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n{''.join(h + chr(13) + chr(10) for h in headers)}\r\n".encode()


def main():
    """The tests of the script that was started: FILE ECHO [ARG...]."""
    global PROGRAM
    PROGRAM = sys.argv.pop(1)
    unittest.main()
