# SPDX-License-Identifier: MIT
"""return_to leads to paths of the console and nowhere else."""
import unittest

from door import fixture
from sso import Browser, person

# what a page might be told to send people to afterwards
ELSEWHERE = [
    "https://evil.example", "http://evil.example/", "//evil.example", "///evil.example", "////evil.example",
    "/\\evil.example", "\\/evil.example", "\\\\evil.example", "/\\/evil.example", "/\t/evil.example", "/\n/evil.example",
    "/\r/evil.example", "\t//evil.example", " //evil.example", " https://evil.example", "evil.example", "@evil.example",
    ":80@evil.example", ".evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "mailto:a@b.c",
    "/%2F/evil.example", "/%2f%2fevil.example", "%2F%2Fevil.example", "/%5Cevil.example", "/%5cevil.example",
    "/%252Fevil.example", "/%25252Fevil.example", "/%255Cevil.example", "/%09/evil.example", "/%0d%0aLocation:x",
    "/%00", "/a\r\nSet-Cookie: x=y", "/a\\b", "/a%5cb", "/a\x7f", "/a\x00b", "?x", "#x", "/" + "x" * 1024,
    "/%2525252525252525252525252F",
]
INSIDE = {
    "/": "/", "/a": "/a", "/a/b?c=d&e=%20f#g": "/a/b?c=d&e=%20f#g", "/a//b": "/a//b", "/caf\u00e9": "/caf%C3%A9",
    "/a b": "/a%20b", "/?next=https://evil.example": "/?next=https://evil.example", "/<x>": "/%3Cx%3E", "": "/",
}


class WhereTo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ready = fixture.start()

    def test_elsewhere(self):
        for path in ELSEWHERE:
            with self.subTest(path):
                reply = Browser(self.ready).start(return_to=path)
                if set(path) & set("\r\n\0"):  # the HTTP gate lets no such request in
                    self.assertEqual((reply.status, reply.location), (400, None))
                else:
                    self.assertEqual((reply.status, reply.location), (302, self.ready["url"] + "/?error=invalid_input"))

    def test_inside(self):
        who = person()
        for path, shown in INSIDE.items():
            with self.subTest(path):
                self.assertEqual(Browser(self.ready).sign_in(who, return_to=path).location, self.ready["url"] + shown)


if __name__ == "__main__":
    unittest.main()
