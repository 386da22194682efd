# SPDX-License-Identifier: MIT
"""AWS Lambda's Runtime API as a test's own server, and `usher lambda` as a process in front of it.

Api hands out the events it was given, in order, and keeps every exchange; a /next without an event waits, as Lambda's
does. Function is the process. What the API answers can be changed for each call of a path: api.answers[path] = [500].
"""
import http.server
import json
import os
import queue
import select
import socket
import subprocess
import tempfile
import threading
import time

from process import PATIENCE, fixture

BASE = "/2018-06-01/runtime"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def special(self):
        path = self.path.rsplit("/", 1)[1]
        waiting = self.server.api.answers.get(path)
        if not waiting:
            return False
        self.reply(waiting.pop(0), b'{"errorMessage":"m","errorType":"t"}')
        return True

    def do_GET(self):
        api = self.server.api
        api.connections.add(self.client_address)
        api.note("GET", self.path, dict(self.headers), b"")
        if self.special():
            return
        event = self.next_event()
        if event is None:
            self.close_connection = True
            return
        self.reply(200, event["body"], event["headers"])

    def is_left(self):
        """Has the process at the other end gone?"""
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""

    def next_event(self):
        """An event is for a process that is there: one that has gone must not take it."""
        events = self.server.api.events
        while not self.is_left():
            try:
                event = events.get(timeout=0.02)
            except queue.Empty:
                continue
            if event is None or not self.is_left():
                return event
            events.put(event)
        return None

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        api = self.server.api
        api.note("POST", self.path, dict(self.headers), body)
        if not self.special():
            self.reply(202, b'{"status":"OK"}')


class Api:
    def __init__(self):
        self.events, self.posts, self.nexts = queue.Queue(), queue.Queue(), queue.Queue()
        self.answers, self.connections, self.number = {}, set(), 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.api = self
        self.address = "127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def note(self, method, path, headers, body):
        (self.nexts if method == "GET" else self.posts).put({"path": path, "headers": headers, "body": body})

    def invoke(self, event, seconds=PATIENCE, raw=None, **headers):
        """Queues an event -> its id. headers: Trace_Id="Root=…" becomes Lambda-Runtime-Trace-Id."""
        self.number += 1
        request_id = f"8476a536-e9f4-11e8-9739-{self.number:012d}"
        named = {"Lambda-Runtime-" + name.replace("_", "-"): value for name, value in headers.items()}
        self.events.put({"body": raw if raw is not None else json.dumps(event).encode(), "headers": {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:f", **named}})
        return request_id

    def outcome(self):
        """The next thing that was posted -> (path below the base, headers, decoded body)."""
        post = self.posts.get(timeout=PATIENCE)
        return post["path"].removeprefix(BASE), post["headers"], json.loads(post["body"])

    def call(self, event, **options):
        """One event and its answer -> ("response" or "error", headers, body)."""
        request_id = self.invoke(event, **options)
        path, headers, body = self.outcome()
        prefix = f"/invocation/{request_id}/"
        assert path.startswith(prefix), path
        return path.removeprefix(prefix), headers, body

    def close(self):
        self.events.put(None)
        self.server.shutdown()
        self.server.server_close()


class Function:
    """`usher lambda ARGUMENT…` at a Runtime API's address; a context manager."""

    def __init__(self, address, *arguments, binary=None, **environment):
        self.out, self.errors = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        binary = binary or [os.environ.get("USHER", "build/dev/usher"), "lambda"]
        self.process = subprocess.Popen(
            [*binary, *arguments], stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.errors, text=True,
            env={**os.environ, "AWS_LAMBDA_RUNTIME_API": address, **environment})

    def log(self):
        """Its JSON lines on standard error."""
        self.errors.seek(0)
        return [json.loads(line) for line in self.errors if line.startswith("{")]

    def output(self):
        self.out.seek(0)
        return self.out.read()

    def wait(self):
        return self.process.wait(PATIENCE)

    def stop(self):
        return fixture.end(self.process)

    def close(self):
        self.stop()
        self.out.close()
        self.errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
