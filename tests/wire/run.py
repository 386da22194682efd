#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs cases.txt: each case whole, byte by byte, and pipelined twice. `run.py ECHO_BINARY` | `run.py --against URL` [ID…]."""
import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

END = b"wire-end"
SENTINEL = b"GET /hello HTTP/1.1\r\nHost: a\r\nX-Request-Id: wire-end\r\nConnection: close\r\n\r\n"
REFUSALS = {400, 405, 408, 413, 414, 417, 431, 501, 503, 505}
TIMEOUT = 120  # only bounds a test that has failed


def unescape(text):
    text = text.encode("latin-1").decode("unicode_escape").encode("latin-1")
    return re.sub(rb"\{([^{}]+)\*(\d+)\}", lambda m: m[1] * int(m[2]), text)


def read_cases(path):
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        # " | " parts columns; the bytes may begin with a space, so only one is taken off
        name, section, allowed, echo, data = (line + "\n").split("|", 4)
        yield {
            "id": name.strip(),
            "section": section.strip(),
            "allowed": [a.strip() for a in allowed.strip().split("/")],
            "echo": [] if echo.strip() == "-" else [unescape(e) for e in echo.strip().split(";")],
            "data": unescape(data[1:-1]),
        }


def parse_replies(raw, bodiless):
    """[(status, headers, body)], and what is left over."""
    replies = []
    while True:
        head, mark, rest = raw.partition(b"\r\n\r\n")
        if not mark or not head.startswith(b"HTTP/1.1 "):
            return replies, raw
        lines = head.split(b"\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (l.partition(b":") for l in lines[1:])}
        status, length = int(lines[0][9:12]), int(headers.get(b"content-length", 0))
        if status < 200 or (bodiless and (not rest or rest.startswith(b"HTTP/1.1 "))):
            length = 0
        replies.append((status, headers, rest[:length]))
        raw = rest[length:]


def talk(address, data, piecewise):
    """Everything that comes back. The sentinel goes last: its answer shows that the connection was kept."""
    raw = b""
    with socket.create_connection(address, timeout=TIMEOUT) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for i in range(0, len(data), 1) if piecewise else ():
                s.send(data[i:i + 1])
            if not piecewise:
                s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError, OSError):
            pass  # refused before we were done
        while True:
            try:
                piece = s.recv(65536)
            except ConnectionResetError:
                return raw + b"<reset>"
            if not piece:
                return raw
            raw += piece


def name_of(status, own):
    if status == 100 or status in REFUSALS:
        return str(status)
    return "ok" if own or status not in REFUSALS else str(status)


def matches(wanted, statuses, kept):
    open_wanted = not wanted.endswith("!") and wanted != "-"
    words = [] if wanted == "-" else wanted.rstrip("!").split()
    if len(words) != len(statuses) or open_wanted != kept:
        return False
    return all(w == str(s) or (w == "ok" and s not in REFUSALS and s != 100) for w, s in zip(words, statuses))


def judge(case, raw, allowed, own):
    if raw.endswith(b"<reset>"):
        return "the connection was reset"
    replies, left = parse_replies(raw, case["data"].startswith(b"HEAD"))
    kept = bool(replies) and replies[-1][1].get(b"x-request-id") == END
    told = replies[:-1] if kept else replies
    statuses = [r[0] for r in told]
    if left:
        return f"bytes behind the last reply: {left[:60]!r}"
    if any(b"/smuggled HTTP" in r[2].split(b"\nbody ")[0] or b"path /smuggled\n" in r[2] for r in told):
        return "a smuggled request was answered"
    if not any(matches(a, statuses, kept) for a in allowed):
        return f"got {statuses}{'' if kept else ' closed'}, wanted {' / '.join(allowed)}"
    if case["data"].startswith(b"HEAD") and told and told[0][2]:
        return "an answer to HEAD with content"
    for status, headers, body in told:
        if status >= 200 and (b"date" not in headers or b"x-request-id" not in headers):
            return "a reply without Date or X-Request-Id"
        if status >= 400 and own and b'{"error":{"code":"' not in body and not case["data"].startswith(b"HEAD"):
            return f"{status} without our error body"
        if status == 405 and b"allow" not in headers:
            return "405 without Allow"
    last = told[-1][2] if told else b""
    for text in case["echo"] if own else ():
        if (text[1:] in last) if text.startswith(b"!") else (text not in last):
            return f"echo: {text!r} in {last[:300]!r}"
    return None


def ways(case):
    """(name, bytes, allowed, piecewise); a case that never gets an answer has no second."""
    data, allowed = case["data"], case["allowed"]
    end = b"" if allowed == ["-"] else SENTINEL
    yield "whole", data + end, allowed, False
    yield "bytes", data + end, allowed, True
    if allowed != ["-"]:
        yield "twice", data + data + end, [a if a.endswith("!") else f"{a} {a}" for a in allowed], False


def run(address, own, only):
    bad = count = 0
    for case in read_cases(Path(__file__).with_name("cases.txt")):
        if only and case["id"] not in only:
            continue
        for way, data, allowed, piecewise in ways(case):
            count += 1
            problem = judge(case, talk(address, data, piecewise), allowed, own)
            if problem:
                bad += 1
                print(f"FAIL {case['id']} ({way}, RFC {case['section']}): {problem}")
    print(f"{count} runs, {bad} failed")
    return 1 if bad or not count else 0


def main(args):
    if len(args) >= 2 and args[0] == "--against":
        url = urlsplit(args[1])
        return run((url.hostname, url.port or 80), False, args[2:])
    echo = subprocess.Popen([args[0], "0"], stdout=subprocess.PIPE)
    try:
        return run(("127.0.0.1", int(echo.stdout.readline())), True, args[1:])
    finally:
        echo.terminate()
        if echo.wait(TIMEOUT):
            print(f"the server ended with {echo.returncode}")
            sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
