#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Manners of each reply, and what it owes to proxies and browsers: headers, order, addresses, HSTS, CORS."""
import json
import re
import socket
import unittest

from echo_server import Echo, get, main


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
    main()
