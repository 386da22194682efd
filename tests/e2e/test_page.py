# SPDX-License-Identifier: MIT
"""The sign-up page as a server gives it: which settings turn it on, its files, their headers, and how they change."""
import http.client
import json
import os
import shutil
import unittest
import urllib.parse

from process import PATIENCE, Folder, Serve, exchange, fixture

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts")
STRIPE = 'stripe = { publishable_key = "pk_live_1" }'
STRICT = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' {cognito}; "
          "form-action 'none'; base-uri 'none'; frame-ancestors 'none'")

# settings -> the page's status, what its policy has, what it has not
SETTINGS = [
    ("return {}", 404, [], []),
    ("return { page = { enabled = false }, " + STRIPE + " }", 404, [], []),
    ("return { " + STRIPE + " }", 200, ["script-src 'self' https://js.stripe.com;", "https://api.stripe.com",
                                        "frame-src https://js.stripe.com https://hooks.stripe.com"], ["cloudflare"]),
    ("return { " + STRIPE + ', captcha = { provider = "turnstile" } }', 404, [], []),
    ("return { " + STRIPE + ', captcha = { provider = "turnstile", site_key = "0x1" } }', 200,
     ["script-src 'self' https://js.stripe.com https://challenges.cloudflare.com",
      "https://hooks.stripe.com https://challenges.cloudflare.com"], ["hcaptcha", "google"]),
    ("return { " + STRIPE + ', captcha = { provider = "hcaptcha", site_key = "1" } }', 200,
     ["style-src 'self' https://hcaptcha.com https://*.hcaptcha.com"], ["cloudflare"]),
    ("return { " + STRIPE + ', captcha = { provider = "recaptcha", site_key = "1" } }', 200,
     ["https://www.gstatic.com/recaptcha/"], ["cloudflare"]),
    ("return { " + STRIPE + ', page = { client_id = "2" }, sso = { domain_url = "https://login.example.com/", '
     'callback_urls = { "https://a.example/api/account/sso/callback" } } }', 200,
     ["connect-src 'self' https://api.stripe.com https://login.example.com;"], []),
    ("return { " + STRIPE + ', page = { client_id = "2" } }', 200, ["connect-src 'self' https://api.stripe.com;"], []),
    ("return { " + STRIPE + ', captcha = { site_key = "1" } }', 200, [], ["cloudflare", "hcaptcha", "google"]),
]

# paths that are nobody's, whatever they try
NOTHING = ["/signup/", "/signup/page", "/signup/page.js/", "/signup/../signup/page.js", "/signup/..", "/signup/./page.js",
           "/signup//page.js", "/signup/%2e%2e/routes.lua", "/signup/..%2froutes.lua", "/signup/routes.lua",
           "/signup/../routes.lua", "/signup/web/page.js", "/signup/PAGE.JS", "/signup/page.js%00", "/signup/page%2Ejs",
           "/signup/signup_page.lua", "/signup/.hidden", "/signup/*", "/page.js", "/web/page.js", "/signup.html"]


def raw(port, path, headers=None, method="GET"):
    """The path exactly as it is -> status, headers, bytes"""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.putrequest(method, path)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.policy = STRICT.format(**fixture.start()["sandbox"])
        cls.port = urllib.parse.urlsplit(fixture.start()["url"]).port

    def test_each_file_has_its_headers(self):
        types = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml",
                 "js": "text/javascript; charset=utf-8", "json": "application/json"}
        names = sorted(os.listdir(os.path.join(SCRIPTS, "web"))) + ["settings.json"]
        self.assertGreater(len(names), 10)
        for name in names:
            with self.subTest(name):
                status, headers, body = raw(self.port, "/signup/" + name)
                self.assertEqual((status, headers["Content-Type"]), (200, types[name.rsplit(".", 1)[1]]))
                self.assertEqual({key: headers[key] for key in (
                    "Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy",
                    "Cache-Control", "Cross-Origin-Resource-Policy")}, {
                    "Content-Security-Policy": self.policy, "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
                    "Referrer-Policy": "same-origin", "Cache-Control": "no-cache",
                    "Cross-Origin-Resource-Policy": "same-origin"})
                if name != "settings.json":
                    with open(os.path.join(SCRIPTS, "web", name), "rb") as file:
                        self.assertEqual(body, file.read())
                self.assertRegex(headers["ETag"], r'^"[0-9a-f]{32}"$')
                head = raw(self.port, "/signup/" + name, method="HEAD")
                self.assertEqual((head[0], head[1]["Content-Length"], head[2]), (200, str(len(body)), b""))

    def test_what_a_browser_has_is_not_sent_again(self):
        tag = raw(self.port, "/signup")[1]["ETag"]
        for given, status in ((tag, 304), ("W/" + tag, 304), ('"a", ' + tag, 304), ("*", 304), ('"a"', 200), (tag[:-1], 200),
                              (tag.strip('"'), 200), ("", 200)):
            for method in ("GET", "HEAD"):
                with self.subTest(given, method=method):
                    reply = raw(self.port, "/signup", {"If-None-Match": given}, method)
                    self.assertEqual((reply[0], reply[1]["ETag"]), (status, tag))
                    if status == 304:
                        self.assertEqual((reply[2], reply[1]["Content-Length"]), (b"", None))
                        self.assertIn("frame-ancestors", reply[1]["Content-Security-Policy"])

    def test_nothing_else_is_found(self):
        for path in NOTHING:
            with self.subTest(path):
                status, _, body = raw(self.port, path)
                self.assertIn(status, (400, 404))
                self.assertNotIn(b"SPDX", body)

    def test_other_methods(self):
        for path in ("/", "/signup", "/signup/page.js"):
            status, headers, _ = raw(self.port, path, {"Content-Length": "0"}, "POST")
            self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD, OPTIONS"))

    def test_the_first_address_leads_to_the_page(self):
        for query, location in (("", "signup"), ("?error=sso_denied", "signup?error=sso_denied"),
                                ("?a=%20%3c&b", "signup?a=%20%3c&b")):
            status, headers, _ = raw(self.port, "/" + query)
            self.assertEqual((status, headers["Location"]), (302, location))

    def test_settings_hold_no_secret(self):
        told = json.loads(raw(self.port, "/signup/settings.json")[2])
        self.assertEqual(sorted(told), ["card", "console_url", "countries", "google", "mailbox_url", "messages", "password",
                                        "resend"])
        ready = fixture.start()
        text = json.dumps(told)
        for name in ("client_secret", "secret_access_key", "stripe_key", "captcha_secret"):
            self.assertNotIn(ready[name], text)


class Turned(unittest.TestCase):
    def test_on_and_off(self):
        for settings, status, has, lacks in SETTINGS:
            with self.subTest(settings), Serve(settings, env={"USHER_CAPTCHA_SECRET": "s"}) as server:
                found, headers, text = server.get("/signup")
                self.assertEqual(found, status, text)
                self.assertEqual(server.get("/")[0], 302 if status == 200 else 404)
                policy = headers["Content-Security-Policy"] or ""
                for piece in has:
                    self.assertIn(piece, policy)
                for piece in [*lacks, "unsafe", "http:"]:
                    self.assertNotIn(piece, policy)
                if status == 404:
                    self.assertEqual(json.loads(text)["error"]["code"], "not_found")
                else:
                    told = json.loads(server.get("/signup/settings.json")[2])
                    self.assertEqual(told["card"], {"publishable_key": "pk_live_1"})
                    self.assertNotIn("mailbox_url", told)

    def test_under_a_stage_prefix(self):
        with Serve("return { proxy = { strip_prefix = '/prod' }, " + STRIPE + " }") as server:
            self.assertEqual(server.get("/prod/signup")[0], 200)
            self.assertEqual(server.get("/prod/")[1]["Location"], "signup")
            self.assertNotIn('="/', server.get("/prod/signup")[2])


class Changed(unittest.TestCase):
    def test_a_folder_of_ones_own_and_a_reload(self):
        with Folder() as folder:
            scripts = os.path.join(folder, "scripts")
            shutil.copytree(SCRIPTS, scripts)
            page = os.path.join(scripts, "web", "signup.html")
            with open(os.path.join(scripts, "web", "more.css"), "w", encoding="utf-8") as file:
                file.write("b{}")
            with open(os.path.join(scripts, "web", "notes.txt~"), "w", encoding="utf-8") as file:
                file.write("not for the web")
            with Serve("return { reload = { watch = false }, " + STRIPE + " }", scripts) as server:
                tag = server.get("/signup")[1]["ETag"]
                self.assertEqual(server.get("/signup/more.css")[::2], (200, "b{}"))
                self.assertEqual(server.get("/signup/notes.txt~")[0], 404)
                with open(page, "w", encoding="utf-8") as file:
                    file.write("<h1>Ours</h1>")
                os.remove(os.path.join(scripts, "web", "more.css"))
                self.assertEqual(server.get("/signup")[1]["ETag"], tag)
                self.assertEqual(exchange(server.admin_port, "/reload", "POST")[0], 200)
                self.assertEqual(server.get("/signup", headers={"If-None-Match": tag})[::2], (200, "<h1>Ours</h1>"))
                self.assertEqual(server.get("/signup/more.css")[0], 404)
                self.assertEqual(exchange(server.admin_port, "/rollback", "POST")[0], 200)
                self.assertEqual(server.get("/signup")[1]["ETag"], tag)


if __name__ == "__main__":
    unittest.main()
