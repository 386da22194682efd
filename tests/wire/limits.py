#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Limits, deadlines, manners: each against an echo server whose limit is set small. Waits for events, never for time."""
import json
import re
import signal
import socket
import subprocess
import sys
import unittest

ECHO = None
TIMEOUT = 120  # only bounds a test that has failed


class Echo:
    def __init__(self, *settings):
        self.process = subprocess.Popen([ECHO, "0", *settings], stdout=subprocess.PIPE)
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


class Deadlines(unittest.TestCase):
    def refused_slow(self, settings, data):
        with Echo(*settings) as echo, echo.client() as c:
            c.send(data)
            reply = c.reply()
            self.assertEqual((reply.status, reply.code), (408, "request_timeout"))
            self.assertEqual(reply.headers["connection"], "close")
            self.assertTrue(c.ended())

    def test_head(self):
        self.refused_slow(["head_deadline=50"], b"GET / HTTP/1.1\r\nHost: a\r\n")

    def test_head_of_the_second_request(self):
        with Echo("head_deadline=50") as echo, echo.client() as c:
            c.send(get() + b"GET / HT")
            self.assertEqual(c.reply().status, 200)
            self.assertEqual(c.reply().status, 408)

    def test_body(self):
        self.refused_slow(["body_deadline=50"], b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")

    def test_body_minimum_rate(self):
        self.refused_slow(["body_deadline=60000", "body_window=50"], b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")

    def test_silent_connection_just_ends(self):
        with Echo("head_deadline=50") as echo, echo.client() as c:
            self.assertTrue(c.ended())

    def test_idle(self):
        with Echo("idle=50") as echo, echo.client() as c:
            c.send(get())
            self.assertEqual(c.reply().status, 200)
            self.assertTrue(c.ended())

    def test_request_deadline_leaves_the_flow_running(self):
        with Echo("request_deadline=50", "in_flight=1") as echo, echo.client() as c:
            c.send(get("/hold"))
            reply = c.reply()
            self.assertEqual((reply.status, reply.code), (504, "deadline_exceeded"))
            self.assertTrue(c.ended())
            self.assertEqual(echo.ask(get()).status, 503)  # the flow still counts
            echo.release()
            while echo.ask(get()).status == 503:
                pass

    def test_write_deadline(self):
        with Echo("write_deadline=50") as echo, echo.client() as c:
            c.send(get("/big?100000000"))
            c.socket.recv(1)
            echo.terminate()  # drains only when the stuck connection has been given up
            self.assertEqual(echo.process.wait(TIMEOUT), 0)


class Overload(unittest.TestCase):
    def test_probes_past_in_flight(self):
        with Echo("in_flight=1") as echo, echo.client() as busy:
            busy.send(get("/hold"))
            while echo.ask(get("/a")).status == 200:  # the other one has not been read yet
                pass
            self.assertEqual([echo.ask(get(path)).status for path in ("/a", "/probe", "/probes", "/probe?x")],
                             [503, 200, 503, 200])
            echo.release()
            self.assertEqual(busy.reply().status, 200)

    def test_in_flight(self):
        with Echo("in_flight=1") as echo, echo.client() as busy, echo.client() as c:
            busy.send(get("/hold"))
            c.send(get())
            reply = c.reply()
            while reply.status == 200:  # the other one has not been read yet
                c.send(get())
                reply = c.reply()
            self.assertEqual((reply.status, reply.code, reply.headers["retry-after"]), (503, "overloaded", "1"))
            echo.release()
            self.assertEqual(busy.reply().status, 200)
            c.send(get())
            self.assertEqual(c.reply().status, 200)  # the refused connection was kept

    def test_connections(self):
        with Echo("connections=1") as echo, echo.client() as first:
            first.send(get())
            self.assertEqual(first.reply().status, 200)
            with echo.client() as second:
                reply = second.reply()
                self.assertEqual((reply.status, reply.headers["retry-after"]), (503, "1"))
                self.assertTrue(second.ended())
            first.send(get())
            self.assertEqual(first.reply().status, 200)

    def test_connections_per_address(self):
        with Echo("connections_per_address=1") as echo, echo.client() as first:
            first.send(get())
            self.assertEqual(first.reply().status, 200)
            self.assertEqual(echo.ask(b"").status, 503)

    def test_connections_per_address_not_behind_a_proxy(self):
        with Echo("connections_per_address=1", "hops=1") as echo, echo.client() as first:
            first.send(get())
            self.assertEqual(first.reply().status, 200)
            self.assertEqual(echo.ask(get()).status, 200)

    def test_requests_per_connection(self):
        with Echo("requests_per_connection=2") as echo, echo.client() as c:
            c.send(get() * 3)
            self.assertNotIn("connection", c.reply().headers)
            self.assertEqual(c.reply().headers["connection"], "close")
            self.assertTrue(c.ended())


class Drain(unittest.TestCase):
    def draining(self, echo, probe):
        """Tells it to drain, and waits until it does: a reply says so."""
        echo.terminate()
        probe.send(get())
        while "connection" not in probe.reply().headers:
            probe.send(get())

    def test_in_flight_finishes(self):
        with Echo("in_flight=1") as echo, echo.client() as busy, echo.client() as idle:
            busy.send(get("/hold"))
            idle.send(get())
            while idle.reply().status == 200:  # until /hold has arrived
                idle.send(get())
            echo.terminate()
            self.assertTrue(idle.ended())
            echo.release()
            reply = busy.reply()
            self.assertEqual((reply.status, reply.headers["connection"]), (200, "close"))
            self.assertTrue(busy.ended())
            self.assertEqual(echo.process.wait(TIMEOUT), 0)

    def test_idle_connection_may_ask_once_more(self):
        with Echo("drain_idle=60000") as echo, echo.client() as c, echo.client() as probe:
            c.send(get())
            self.assertEqual(c.reply().status, 200)
            self.draining(echo, probe)
            c.send(get())
            self.assertEqual(c.reply().headers["connection"], "close")
            self.assertTrue(c.ended())

    def test_closing_leaves_exchanges_to_their_handlers(self):
        with Echo("drain_idle=60000") as echo, echo.client() as c, echo.client() as probe:
            c.send(b"POST /hold HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
            self.assertEqual(c.reply().status, 100)
            c.send(b"x")
            self.draining(echo, probe)
            echo.terminate()
            self.assertTrue(c.ended())


class Manners(unittest.TestCase):
    def test_every_reply(self):
        with Echo() as echo:
            headers = echo.ask(get("/hello")).headers
            self.assertRegex(headers["date"], r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
            self.assertRegex(headers["x-request-id"], r"^[0-9a-f]{32}$")
            self.assertEqual(headers["x-content-type-options"], "nosniff")
            self.assertEqual(headers["cache-control"], "no-store")
            self.assertEqual(headers["content-length"], "6")

    def test_request_id(self):
        with Echo() as echo:
            for given, taken in [("abc-1._X", True), ("a" * 128, True), ("a" * 129, False), ("a b", False), ("", False)]:
                told = echo.ask(get("/hello", f"X-Request-Id: {given}")).headers["x-request-id"]
                self.assertEqual(told == given, taken, given)
            refused = echo.ask(get("*", "X-Request-Id: mine"))
            self.assertEqual(json.loads(refused.body)["error"]["request_id"], refused.headers["x-request-id"])

    def test_head_and_no_content(self):
        with Echo() as echo, echo.client() as c:
            c.send(b"HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n" + get("/none") + get("/hello"))
            self.assertEqual(c.reply(body=False).headers["content-length"], "6")
            none = c.reply()
            self.assertEqual((none.status, "content-length" in none.headers), (204, False))
            self.assertEqual(c.reply().body, b"hello\n")

    def test_continue_is_waited_for(self):
        with Echo() as echo, echo.client() as c:
            c.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            self.assertEqual(c.reply().status, 100)
            c.send(b"abc")
            self.assertIn(b"body 3\nabc", c.reply().body)

    def test_pipelined_replies_keep_their_order(self):
        with Echo() as echo, echo.client() as c:
            c.send(get("/later?50") + get("/2") + get("/later?1") + get("/4"))
            told = [re.search(rb"GET (\S+)", c.reply().body)[1] for _ in range(4)]
            self.assertEqual(told, [b"/later?50", b"/2", b"/later?1", b"/4"])

    def test_much_ahead_is_held_back_and_served(self):
        count = 3000
        with Echo() as echo, echo.client() as c:
            c.send(get("/later?50") + get("/hello", "X: " + "y" * 100) * count)
            self.assertEqual(c.reply().status, 200)
            for _ in range(count):
                self.assertEqual(c.reply().body, b"hello\n")

    def test_half_closed_client_gets_its_answers(self):
        with Echo() as echo, echo.client() as c:
            c.send(get("/later?20") + get("/later?10"))
            c.socket.shutdown(socket.SHUT_WR)
            self.assertEqual([c.reply().status, c.reply().status], [200, 200])
            self.assertTrue(c.ended())

    def test_client_that_leaves_does_not_hurt(self):
        with Echo() as echo:
            for _ in range(20):
                c = echo.client()
                c.send(get("/later?5"))
                c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
                c.socket.close()
            self.assertEqual(echo.ask(get("/later?50")).status, 200)

    def test_large_reply(self):
        with Echo("write_deadline=600000") as echo:
            self.assertEqual(len(echo.ask(get("/big?20000000")).body), 20000000)

    def test_refusal_is_read_although_much_was_sent(self):
        with Echo() as echo, echo.client() as c:
            c.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + b"x" * 500000)
            self.assertEqual(c.reply().code, "payload_too_large")
            self.assertTrue(c.ended())

    def test_strip_prefix(self):
        with Echo("strip=/prod") as echo:
            for sent, path in [("/prod/a", "/a"), ("/prod", "/"), ("/production", "/production"), ("/a", "/a")]:
                self.assertIn(f"\npath {path}\n".encode(), echo.ask(get(sent)).body)


class Addresses(unittest.TestCase):
    def remote(self, settings, *headers):
        with Echo(*settings) as echo:
            body = echo.ask(get("/", *headers)).body.decode()
            return re.search(r"^remote (\S+)\nkey (\S+)", body, re.M).groups()

    def test_socket(self):
        self.assertEqual(self.remote([], "X-Forwarded-For: 1.2.3.4"), ("127.0.0.1", "127.0.0.1"))

    def test_forwarded_for(self):
        told = self.remote(["hops=1"], "X-Forwarded-For: 9.9.9.9, 1.2.3.4")
        self.assertEqual(told, ("1.2.3.4", "1.2.3.4"))

    def test_forwarded(self):
        told = self.remote(["hops=1", "proxy=forwarded"], 'Forwarded: by=1.1.1.1;for="[2001:db8:1:2:3::4]:80";proto=https')
        self.assertEqual(told, ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"))


class Https(unittest.TestCase):
    def told(self, settings, *headers):
        with Echo("hsts=max-age=5", *settings) as echo:
            return echo.ask(get("/", *headers)).headers.get("strict-transport-security")

    def test_where_the_nearest_hop_says_so(self):
        for settings, header in [(["hops=1"], "X-Forwarded-Proto: https"), (["hops=2"], "X-Forwarded-Proto: http, HTTPS"),
                                 (["hops=1", "proxy=forwarded"], "Forwarded: for=1.2.3.4;host=a;proto=https")]:
            self.assertEqual(self.told(settings, header), "max-age=5", header)

    def test_nowhere_else(self):
        for settings, header in [([], "X-Forwarded-Proto: https"), (["hops=1"], "X-Forwarded-Proto: https, http"),
                                 (["hops=1"], "Forwarded: proto=https"), (["hops=1"], "X: y")]:
            self.assertIsNone(self.told(settings, header), header)


class Cors(unittest.TestCase):
    ORIGIN = "Origin: https://console.example.com"

    def preflight(self, echo, *headers):
        return echo.ask(get("/a", *headers).replace(b"GET", b"OPTIONS", 1))

    def test_preflight(self):
        with Echo("cors=on") as echo:
            reply = self.preflight(echo, self.ORIGIN, "Access-Control-Request-Method: POST")
            self.assertEqual(reply.status, 204)
            self.assertEqual(reply.headers["access-control-allow-origin"], "https://console.example.com")
            self.assertEqual(reply.headers["access-control-allow-credentials"], "true")
            self.assertIn("POST", reply.headers["access-control-allow-methods"])
            self.assertIn("Content-Type", reply.headers["access-control-allow-headers"])
            self.assertIn("Origin", reply.headers["vary"])

    def test_foreign_preflight(self):
        with Echo("cors=on") as echo:
            for origin in ["https://evil.example.com", "https://console.example.com.evil", "null", "http://console.example.com"]:
                reply = self.preflight(echo, f"Origin: {origin}", "Access-Control-Request-Method: POST")
                self.assertEqual(reply.status, 403)
                self.assertNotIn("access-control-allow-origin", reply.headers)

    def test_call(self):
        with Echo("cors=on") as echo:
            reply = echo.ask(get("/hello", self.ORIGIN))
            self.assertEqual(reply.headers["access-control-allow-origin"], "https://console.example.com")
            self.assertEqual(reply.headers["vary"], "Origin")
            refused = echo.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n" + self.ORIGIN.encode() + b"\r\n\r\n")
            self.assertEqual(refused.status, 413)
            self.assertEqual(refused.headers["access-control-allow-origin"], "https://console.example.com")
            foreign = echo.ask(get("/hello", "Origin: https://evil.example.com"))
            self.assertEqual(foreign.status, 200)
            self.assertNotIn("access-control-allow-origin", foreign.headers)
            self.assertEqual(foreign.headers["vary"], "Origin")

    def test_plain_options_reaches_the_handler(self):
        with Echo("cors=on") as echo:
            self.assertIn(b"OPTIONS /a", self.preflight(echo).body)


if __name__ == "__main__":
    ECHO = sys.argv.pop(1)
    unittest.main()
