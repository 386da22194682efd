# SPDX-License-Identifier: MIT
"""`usher dev` as a place to point things at: what it says of itself, what it keeps, and `usher serve` on top of it."""
import json
import os
import re
import unittest
import urllib.parse

from door import CONFIRM, SIGNUP, Browser, form
from process import DEV_PORTS, SERVICES, Folder, Serve, exchange, fixture, free_ports

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../README.md")


def port_of(url):
    return urllib.parse.urlsplit(url).port


def code_for(ready, email):
    """The six digits of the newest mail."""
    to = urllib.parse.quote(email)
    mails = json.loads(exchange(port_of(ready["mailbox_url"]), f"/mailbox?to={to}")[2])
    return mails[0]["code"]


def promised():
    """The keys of the JSON line, as the README lists them."""
    with open(README, encoding="utf-8") as file:
        text = file.read()
    paragraph = re.search(r"`usher dev --json` prints one line(.*?)`--port N`", text, re.S)[1]
    services = re.search(r"`sandbox`: the base URL of (.*?)\n- ", paragraph, re.S)
    names = re.findall(r"`(\w+)`", paragraph.replace(services[0], "`sandbox`"))
    return names, re.findall(r"`(\w+)`", services[1])


class Ready(unittest.TestCase):
    def test_json_has_what_the_readme_promises(self):
        names, services = promised()
        self.assertGreater(len(names), 10)
        with fixture.Usher() as usher:
            for name in names:
                self.assertTrue(usher.ready.get(name), name)
            self.assertEqual(sorted(usher.ready["sandbox"]), sorted(services))
            self.assertEqual(sorted(services), sorted(SERVICES))
            urls = [usher.ready["url"], usher.ready["admin_url"], *usher.ready["sandbox"].values()]
            self.assertEqual(len({port_of(url) for url in urls}), DEV_PORTS)
            self.assertEqual(exchange(port_of(usher.ready["url"]), "/readyz")[0], 200)
            self.assertEqual(exchange(port_of(usher.ready["admin_url"]), "/metrics")[0], 200)
            self.assertEqual(exchange(port_of(usher.ready["mailbox_url"]), "/mailbox?to=x@y.z")[2], "[]")

    def test_ports_follow_the_first(self):
        base = free_ports(DEV_PORTS)
        with fixture.Usher("--port", str(base)) as usher:
            ready = usher.ready
            urls = [ready["url"], ready["admin_url"], *(ready["sandbox"][name] for name in SERVICES)]
            self.assertEqual([port_of(url) for url in urls], list(range(base, base + DEV_PORTS)))

    def test_one_line(self):
        with fixture.Usher() as usher:
            usher.process.terminate()
            self.assertEqual(usher.process.stdout.read(), "")


class Kept(unittest.TestCase):
    def sign_up(self, browser, email):
        answer = browser.post(SIGNUP, form(email))
        self.assertLess(answer.status, 300, answer.text)
        return answer

    def test_data_keeps_what_was_begun(self):
        """A sign-up before a restart is confirmed after it, by the same browser with the same mail."""
        email = "kept@example.com"
        with Folder() as path:
            with fixture.Usher("--data", path) as usher:
                browser = Browser(usher.ready["url"])
                token = self.sign_up(browser, email).json["signup_token"]
            with fixture.Usher("--data", path) as usher:
                browser.address = urllib.parse.urlsplit(usher.ready["url"]).netloc
                answer = browser.post(CONFIRM, {"email": email, "code": code_for(usher.ready, email),
                                                "signup_token": token})
                self.assertEqual(answer.status, 200, answer.text)
            with fixture.Usher("--data", path) as usher:
                again = Browser(usher.ready["url"]).post(SIGNUP, form(email))
                self.assertEqual((again.status, again.code), (409, "account_exists"))

    def test_memory_forgets(self):
        for _ in range(2):
            with fixture.Usher() as usher:
                self.sign_up(Browser(usher.ready["url"]), "forgotten@example.com")


class ServeOverIt(unittest.TestCase):
    """Production's command line, over the same sandbox: nothing but standard variables and files points it there."""

    SETTINGS = """return {
      env = "dev",
      cognito = { user_pool_id = "%(user_pool_id)s", client_id = "%(client_id)s" },
      dynamodb = { table = "%(table)s" },
      stripe = { url = "%(stripe)s" },
      %(more)s
    }"""

    def settings(self, ready, more=""):
        return self.SETTINGS % {**ready, "stripe": ready["sandbox"]["stripe"], "more": more}

    def secrets(self, ready):
        return {"USHER_CLIENT_SECRET": ready["client_secret"], "STRIPE_API_KEY": ready["stripe_key"],
                "AWS_ACCESS_KEY_ID": ready["access_key_id"], "AWS_SECRET_ACCESS_KEY": ready["secret_access_key"],
                "AWS_REGION": ready["region"]}

    def assert_signs_up(self, ready, usher, email):
        answer = Browser(f"http://127.0.0.1:{usher.port}").post(SIGNUP, form(email))
        self.assertLess(answer.status, 300, answer.text + "".join(usher.said))
        self.assertRegex(code_for(ready, email), r"^\d{6}$")

    def test_endpoint_variables(self):
        ready = fixture.start()
        cognito, dynamodb = ready["sandbox"]["cognito"], ready["sandbox"]["dynamodb"]
        nowhere = "http://127.0.0.1:1"
        rows = [
            {"AWS_ENDPOINT_URL": cognito, "AWS_ENDPOINT_URL_DYNAMODB": dynamodb},
            {"AWS_ENDPOINT_URL": nowhere, "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
             "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": cognito},
        ]
        for i, row in enumerate(rows):
            with self.subTest(row=row), Serve(self.settings(ready), env={**self.secrets(ready), **row}) as usher:
                self.assert_signs_up(ready, usher, f"variables-{i}@example.com")

    def test_settings_come_first(self):
        ready = fixture.start()
        more = f"aws = {{ endpoint_url = '{ready['sandbox']['cognito']}' }}"
        text = self.settings(ready, more).replace("dynamodb = {", f"dynamodb = {{ url = '{ready['sandbox']['dynamodb']}',")
        env = {**self.secrets(ready), "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1"}
        with Serve(text, env=env) as usher:
            self.assert_signs_up(ready, usher, "settings@example.com")

    def test_shared_files(self):
        ready = fixture.start()
        sandbox = ready["sandbox"]
        with Folder({
            "credentials": "[default]\naws_access_key_id = wrong\naws_secret_access_key = wrong\n[door]\n"
                           f"aws_access_key_id = {ready['access_key_id']}\n"
                           f"aws_secret_access_key = {ready['secret_access_key']}\n",
            "config": f"[profile door]\nregion = {ready['region']}\nservices = here\n[services here]\n"
                      f"dynamodb =\n  endpoint_url = {sandbox['dynamodb']}\n"
                      f"cognito_identity_provider =\n  endpoint_url = {sandbox['cognito']}\n",
        }) as path:
            env = {**self.secrets(ready), "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": "",
                   "AWS_SHARED_CREDENTIALS_FILE": path + "/credentials", "AWS_CONFIG_FILE": path + "/config",
                   "AWS_PROFILE": "door"}
            with Serve(self.settings(ready), env=env) as usher:
                self.assert_signs_up(ready, usher, "files@example.com")


if __name__ == "__main__":
    unittest.main()
