#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Limits, deadlines, the end: each against an echo server whose limit is set small."""
import unittest

from echo_server import TIMEOUT, Echo, get, main


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


if __name__ == "__main__":
    main()
