# SPDX-License-Identifier: MIT
"""What must be refused, as data. Each case looks at the answer, and that nothing was written anywhere."""
import json
import socket
import unittest
import urllib.parse

from door import CONFIRM, RESEND, SIGNUP, Browser, Stores, fixture, form

EMAIL = "jane@example.com"
GOOD = form(EMAIL)
JSON = {"Content-Type": "application/json"}


def raw(**changes):
    return json.dumps({**GOOD, **changes}).encode()


# what it is: (method, path, headers, body, status, code)
REQUESTS = {
    "no body": ("POST", SIGNUP, JSON, b"", 400, "bad_request"),
    "not JSON": ("POST", SIGNUP, JSON, b"email=jane", 400, "bad_request"),
    "half of it": ("POST", SIGNUP, JSON, raw()[:-2], 400, "bad_request"),
    "more after it": ("POST", SIGNUP, JSON, raw() + b"{}", 400, "bad_request"),
    "a comma too many": ("POST", SIGNUP, JSON, raw()[:-1] + b",}", 400, "bad_request"),
    "single quotes": ("POST", SIGNUP, JSON, b"{'email':'a@b.co'}", 400, "bad_request"),
    "NaN": ("POST", SIGNUP, JSON, raw()[:-1] + b',"x":NaN}', 400, "bad_request"),
    "an array": ("POST", SIGNUP, JSON, b"[" + raw() + b"]", 400, "bad_request"),
    "a string": ("POST", SIGNUP, JSON, b'"jane"', 400, "bad_request"),
    "a number": ("POST", SIGNUP, JSON, b"7", 400, "bad_request"),
    "null": ("POST", SIGNUP, JSON, b"null", 400, "bad_request"),
    "one key twice": ("POST", SIGNUP, JSON, raw()[:-1] + b',"email":"joan@example.com"}', 400, "bad_request"),
    "one key twice, the same": ("POST", SIGNUP, JSON, raw()[:-1] + b',"country":"GB"}', 400, "bad_request"),
    "a NUL byte": ("POST", SIGNUP, JSON, raw().replace(b"Ada", b"A\0a"), 400, "bad_request"),
    "a NUL escaped": ("POST", SIGNUP, JSON, raw(name="A\0a"), 400, "bad_request"),
    "a NUL after it": ("POST", SIGNUP, JSON, raw() + b"\0", 400, "bad_request"),
    "a NUL in a key": ("POST", SIGNUP, JSON, raw()[:-1] + b',"a\\u0000b":1}', 400, "bad_request"),
    "bytes that are not UTF-8": ("POST", SIGNUP, JSON, raw().replace(b"Ada", b"A\xffa"), 400, "bad_request"),
    "half a surrogate pair": ("POST", SIGNUP, JSON, raw().replace(b"Ada", b"A\\ud800a"), 400, "bad_request"),
    "UTF-16": ("POST", SIGNUP, JSON, json.dumps(GOOD).encode("utf-16"), 400, "bad_request"),
    "deep nesting": ("POST", SIGNUP, JSON, raw()[:-1] + b',"x":' + b"[" * 5000 + b"]" * 5000 + b"}", 400,
                     "bad_request"),
    "a form": ("POST", SIGNUP, {"Content-Type": "application/x-www-form-urlencoded"}, b"email=a%40b.co", 415,
               "unsupported_media_type"),
    "JSON called text": ("POST", SIGNUP, {"Content-Type": "text/plain"}, raw(), 415, "unsupported_media_type"),
    "JSON called nothing": ("POST", SIGNUP, {}, raw(), 415, "unsupported_media_type"),
    "an unknown path": ("POST", "/api/account/sign_up", JSON, raw(), 404, "not_found"),
    "a slash too many": ("POST", SIGNUP + "/", JSON, raw(), 404, "not_found"),
    "another case": ("POST", SIGNUP.upper(), JSON, raw(), 404, "not_found"),
    "a path with dots": ("POST", "/api/account/../account/signup", JSON, raw(), 404, "not_found"),
    "GET": ("GET", SIGNUP, {}, b"", 405, "method_not_allowed"),
    "PUT": ("PUT", SIGNUP, JSON, raw(), 405, "method_not_allowed"),
    "DELETE": ("DELETE", SIGNUP, {}, b"", 405, "method_not_allowed"),
    "PATCH": ("PATCH", CONFIRM, JSON, raw(), 405, "method_not_allowed"),
    "an empty Idempotency-Key": ("POST", SIGNUP, {**JSON, "Idempotency-Key": ""}, raw(), 400, "bad_request"),
    "a long Idempotency-Key": ("POST", SIGNUP, {**JSON, "Idempotency-Key": "k" * 256}, raw(), 400, "bad_request"),
    "an Idempotency-Key with spaces": ("POST", SIGNUP, {**JSON, "Idempotency-Key": "a b"}, raw(), 400, "bad_request"),
    "a body over the limit": ("POST", SIGNUP, JSON, raw(name="x" * 70000), 413, None),
}

LONG = "x" * 129
WRONG_TYPES = [7, 1.5, True, False, [], ["x"], {}, {"x": "y"}]

# field: [(value, codes)]; None as value takes the field away
FIELDS = {
    "email": [
        (None, "required"), ("", "required"), ("   ", "required"),
        ("jane", "invalid_email"), ("jane@", "invalid_email"), ("@example.com", "invalid_email"),
        ("jane@example", "invalid_email"), ("jane doe@example.com", "invalid_email"),
        ("jane@exam ple.com", "invalid_email"), ("jane@home@example.com", "invalid_email"),
        ("jane@@example.com", "invalid_email"), ('"jane@home"@example.com', "invalid_email"),
        ("JANE@EXAMPLE", "invalid_email"), ("jane@example.com\r\nBcc: all@example.com", "control_characters"),
        ("jane@127.0.0.1", "invalid_email"), ("jane@[::1]", "invalid_email"), ("Jane <jane@example.com>", "invalid_email"),
        ("j\u00e4ne@example.com", "email_not_ascii"), ("jane@b\u00fccher.example", "email_not_ascii"),
        ("\u7528\u6237@\u4f8b\u5b50.\u5e7f\u544a", "email_not_ascii"), ("jane\u200b@example.com", "email_not_ascii"),
        ("jane\uff20example.com", "email_not_ascii"),
        ("x" * 65 + "@example.com", "invalid_email"), ("j@" + "x." * 125 + "com", "too_long"),
        ("j@" + "x." * 62 + "com", "too_long"),  # 129: Cognito takes no longer username
    ],
    "name": [(None, "required"), ("", "required"), ("\u3000\t", "required"), (LONG, "too_long"),
             ("\U0001f600" * 129, "too_long"), ("Jane\nDoe", "control_characters"), ("Jane\x1b[2J", "control_characters")],
    "organization": [(None, "required"), ("", "required"), (LONG, "too_long"), ("a\u0085b", "control_characters")],
    "country": [(None, "required"), ("", "required"), ("XX", "unknown_country"), ("ZZ", "unknown_country"),
                ("UK", "unknown_country"), ("EU", "unknown_country"), ("SU", "unknown_country"),
                ("GBR", "unknown_country"), ("Great Britain", "unknown_country"), ("G", "unknown_country")],
    "password": [(None, "required"), ("", "required"), ("Sh0rt-", "password_too_short"),
                 ("corr3ct-horse!", "password_needs_uppercase"), ("CORR3CT-HORSE!", "password_needs_lowercase"),
                 ("Correct-Horse!", "password_needs_number"), ("Corr3ctHorse", "password_needs_symbol"),
                 (" Corr3ct-Horse!", "password_space_at_end"), ("Corr3ct-Horse!" * 20, "too_long")],
    "stripe_token": [(None, "required"), ("", "required"), ("4242424242424242", "invalid_card_token"),
                     ("cus_123", "invalid_card_token"), ("tok_", "invalid_card_token"),
                     ("tok_visa&expand[]=x", "invalid_card_token"), ("tok_../../customers", "invalid_card_token")],
    "utm_source": [("x" * 257, "too_long"), ("a\nb", "control_characters")],
}


class Refused(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ready = fixture.start()
        cls.stores = Stores(cls.ready)
        assert Browser(cls.ready["url"]).post(SIGNUP, form("somebody@example.com")).status == 201
        cls.before = cls.stores.snapshot()
        assert all(cls.before), "there is nothing in the stores to compare with"

    def setUp(self):
        self.browser = Browser(self.ready["url"])

    def assert_refused(self, answer, status, code):
        self.assertEqual(answer.status, status, answer.text)
        error = answer.json["error"]
        if code:
            self.assertEqual(error["code"], code)
        self.assertIsInstance(error["message"], str)
        self.assertEqual(error["request_id"], answer.headers["X-Request-Id"])
        self.assertNotIn("traceback", error)
        self.assertIsNone(answer.headers["Set-Cookie"])
        self.assert_nothing_written()

    def assert_nothing_written(self):
        self.assertEqual(self.stores.snapshot(), self.before)

    def test_requests(self):
        for name, (method, path, headers, body, status, code) in REQUESTS.items():
            with self.subTest(name):
                answer = self.browser.send(method, path, body, headers)
                self.assert_refused(answer, status, code)
                if status == 405:
                    self.assertIn("POST", answer.headers["Allow"].split(", "))

    def test_fields(self):
        for field, cases in FIELDS.items():
            for value, code in cases:
                with self.subTest(field=field, value=value):
                    answer = self.browser.post(SIGNUP, form(EMAIL, **{field: value}))
                    self.assert_refused(answer, 422, "invalid_input")
                    self.assertEqual(answer.fields, {field: [code]})

    def test_types(self):
        for field in [*GOOD, "utm_medium", "captcha_token"]:
            for value in WRONG_TYPES:
                with self.subTest(field=field, value=value):
                    answer = self.browser.post(SIGNUP, {**GOOD, field: value})
                    self.assert_refused(answer, 422, "invalid_input")
                    self.assertEqual(answer.fields, {field: ["not_text"]})

    def test_all_at_once(self):
        answer = self.browser.post(SIGNUP, {"email": "jane", "country": "XX", "password": "x", "stripe_token": 7})
        self.assert_refused(answer, 422, "invalid_input")
        self.assertEqual(answer.fields, {
            "email": ["invalid_email"], "name": ["required"], "country": ["unknown_country"],
            "organization": ["required"], "stripe_token": ["not_text"],
            "password": ["password_too_short", "password_needs_uppercase", "password_needs_number",
                         "password_needs_symbol"]})

    def test_ten_megabytes(self):
        address = urllib.parse.urlsplit(self.ready["url"])
        with socket.create_connection((address.hostname, address.port), timeout=fixture.PATIENCE) as wire:
            wire.sendall(b"POST " + SIGNUP.encode() + b" HTTP/1.1\r\nHost: usher\r\nContent-Type: application/json\r\n"
                         b"Content-Length: 10485760\r\n\r\n")
            try:
                for _ in range(160):
                    wire.sendall(b"x" * 65536)
            except (BrokenPipeError, ConnectionResetError):
                pass
            status = wire.recv(12)
        self.assertEqual(status, b"HTTP/1.1 413")
        self.assert_nothing_written()

    def test_confirm(self):
        # what it is: (body, status, code, fields)
        for name, (body, status, code, fields) in {
            "nothing": ({}, 422, "invalid_input", {"email": ["required"], "code": ["required"]}),
            "a short code": ({"email": EMAIL, "code": "12345"}, 422, "invalid_input", {"code": ["invalid_code"]}),
            "letters": ({"email": EMAIL, "code": "12345x"}, 422, "invalid_input", {"code": ["invalid_code"]}),
            "a number": ({"email": EMAIL, "code": 123456}, 422, "invalid_input", {"code": ["not_text"]}),
            "a list as token": ({"email": EMAIL, "code": "123456", "signup_token": []}, 422, "invalid_input",
                                {"signup_token": ["not_text"]}),
            "nobody": ({"email": EMAIL, "code": "123456"}, 422, "signup_superseded", {}),
            "nobody, with a proof": ({"email": EMAIL, "code": "123456", "signup_token": "x" * 43}, 422,
                                     "signup_superseded", {}),
        }.items():
            with self.subTest(name):
                answer = self.browser.post(CONFIRM, body)
                self.assert_refused(answer, status, code)
                self.assertEqual(answer.fields, fields)

    def test_resend(self):
        self.assert_refused(self.browser.post(RESEND, {"email": "jane"}), 422, "invalid_input")
        answer = self.browser.post(RESEND, {"email": EMAIL, "signup_token": "x" * 43})
        self.assertEqual(answer.status, 202)
        self.assertEqual(self.stores.mails(EMAIL), [])
        self.assert_nothing_written()


if __name__ == "__main__":
    unittest.main()
