# SPDX-License-Identifier: MIT
"""Trouble on the way: usher or the network fails, or is asked too much, and the page says so and goes on by itself."""
import threading

from chromium import main
from door import SIGNUP, Browser, form, usher
from page import PageTest, somebody

FAILS = {"error": {"status": 500, "code": "api_error"}, "count": 3}


class Trouble(PageTest):
    settings = "{ limits = { request_timeout = 2.0 }, attempts = { per_email = 8 } }"

    def setUp(self):
        if not Trouble.ready:
            server = usher(self.settings)
            self.addClassCleanup(server.stop)
            Trouble.ready = server.ready
        super().setUp()

    def submitted(self, **changes):
        self.open()
        email = self.fill(**changes)
        self.submit()
        return email

    def press(self, words):
        for button in self.window.driver.find_elements("xpath", f"//button[.='{words}']"):
            button.click()

    def go_on(self):
        """Somebody who does not wait."""
        def arrived():
            if self.window.is_seen("code-step"):
                return True
            self.press("Try again now")
            return False
        self.window.until(arrived, "code-step")

    def block(self, *urls):
        self.window.driver.execute_cdp_cmd("Network.enable", {})
        self.window.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": urls})

    def test_a_dependency_that_fails(self):
        """503: the same again, by itself, and there is one of everything."""
        self.sandbox.arm("stripe", "POST /v1/customers", "refuse", **FAILS)
        email = self.submitted()
        self.window.read("form-wait", "This could not be finished just now.")
        self.assertIn("Again in", self.window.text("form-wait"))
        self.assert_sound()
        self.window.shoot("waiting")
        self.window.see("code-step")
        self.stores.whole(email)
        self.assertEqual([call for _, call in self.sandbox.calls()].count("cognito SignUp"), 1)
        self.to_the_key(email)

    def test_the_same_by_hand(self):
        self.sandbox.arm("stripe", "POST /v1/customers", "refuse", **FAILS)
        email = self.submitted()
        self.window.read("form-wait", "Try again now")
        self.go_on()
        self.stores.whole(email)

    def test_somebody_who_stops_and_starts_again(self):
        self.sandbox.arm("stripe", "POST /v1/customers", "refuse", **FAILS)
        email = self.submitted()
        self.window.read("form-wait", "Stop")
        self.press("Stop")
        self.window.until(lambda: not self.window.text("form-wait"), "nothing to wait for")
        self.submit()
        self.window.see("code-step")
        self.stores.whole(email)

    def test_one_form_has_one_key(self):
        """The Idempotency-Key stays while the form does, also with another card; another form has another."""
        self.open()
        self.window.run("""const real = window.fetch;
          window.keys = [];
          window.fetch = (path, options) => {
            window.keys.push(options.headers['Idempotency-Key']);
            return real(path, options);
          };""")
        email = self.fill(stripe_token="tok_chargeDeclined")
        self.submit()
        self.assert_errors({"stripe_token": "The card was not accepted."})
        self.sandbox.arm("stripe", "POST /v1/payment_methods", "refuse", **FAILS)
        self.change(stripe_token="tok_visa")
        self.submit()
        self.window.read("form-wait", "Stop")
        self.press("Stop")
        self.window.until(lambda: not self.window.text("form-wait"), "nothing to wait for")
        self.change(organization="Another")
        self.submit()
        self.window.see("code-step")
        keys = self.window.run("return window.keys")
        self.assertEqual((len(set(keys[:-1])), len(set(keys))), (1, 2), keys)
        self.assertRegex(keys[0], "^[0-9a-f]{32}$")
        self.stores.whole(email)

    def test_an_answer_that_comes_too_late(self):
        """504: the flow runs on, and the same request again finds its result."""
        self.sandbox.arm("stripe", "POST /v1/customers", "hang")
        email = self.submitted()
        self.window.read("form-wait", "This takes longer than it should.")
        self.sandbox.clear()
        self.go_on()
        self.stores.whole(email)

    def test_a_sign_up_that_is_being_worked_on(self):
        """409: another request has it; it is waited for."""
        email, door = somebody(), Browser(self.ready["url"])
        fault = self.sandbox.arm("cognito", "SignUp", "hang_before")
        first = threading.Thread(target=door.post, args=(SIGNUP, form(email)))
        first.start()
        self.assertTrue(self.sandbox.hanging(fault))
        self.submitted(email=email)
        self.window.read("form-wait", "This sign-up is being worked on.")
        self.sandbox.clear()
        first.join()
        self.go_on()

    def test_too_many_attempts(self):
        """429: nothing is sent before its time; another address may go on."""
        email, door = somebody(), Browser(self.ready["url"])
        while door.post(SIGNUP, form(email)).status != 429:
            pass
        self.submitted(email=email)
        self.window.read("form-wait", "Too many attempts. Please wait a while.")
        self.assertRegex(self.window.text("form-wait"), r"Again in \d+ (minutes|s)\.")
        again = self.window.driver.find_element("xpath", "//button[.='Try again now']")
        self.assertEqual(again.get_attribute("aria-disabled"), "true")
        self.assert_sound()
        self.window.shoot("too-many")
        self.press("Stop")
        email = somebody()
        self.change(email=email)
        self.submit()
        self.window.see("code-step")
        self.stores.whole(email)

    def test_offline(self):
        offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.open()
        email = self.fill()
        self.window.driver.execute_cdp_cmd("Network.enable", {})
        self.window.driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
        self.submit()
        self.window.read("form-wait", "You are offline.")
        self.window.shoot("offline")
        self.window.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**offline, "offline": False})
        self.window.see("code-step")
        self.stores.whole(email)

    def test_a_page_that_cannot_be_loaded_whole(self):
        self.block("*settings.json")
        self.addCleanup(self.block)
        self.window.open(self.ready["url"] + "/signup")
        self.window.see("failed")
        self.window.shoot("failed")
        self.assertEqual(len(self.window.complaints()), 1)
        self.block()
        self.window.driver.find_element("link text", "load it again").click()
        self.window.see("form-step")


class Captcha(PageTest):
    def setUp(self):
        if not Captcha.ready:
            server = usher('{ captcha = { provider = "turnstile" } }')
            self.addClassCleanup(server.stop)
            Captcha.ready = server.ready
        super().setUp()

    def test_it_is_asked(self):
        self.open()
        email = self.fill()
        self.submit()
        self.assert_errors({"captcha_token": "Please show that you are a person."})
        self.assert_sound()
        self.window.shoot("captcha")
        self.window.click("captcha_token")
        self.assertEqual(self.errors(), {})
        self.submit()
        self.window.see("code-step")
        self.stores.whole(email)

    def test_an_answer_that_is_not_taken(self):
        self.open()
        email = self.fill()
        self.window.click("captcha_token")
        self.window.run("""const real = window.fetch;
          window.fetch = (path, options) => {
            window.fetch = real;
            return real(path, {...options, body: options.body.replace(/once:\\w+/, 'fail')});
          };""")
        self.submit()
        self.assert_errors({"captcha_token": "Please show once more that you are a person."})
        self.assertFalse(self.window.get("captcha_token").is_selected())
        self.window.click("captcha_token")
        self.submit()
        self.window.see("code-step")
        self.stores.whole(email)

    def test_it_is_not_asked_again_for_another_card(self):
        self.open()
        email = self.fill(stripe_token="tok_chargeDeclined")
        self.window.click("captcha_token")
        self.submit()
        self.assert_errors({"stripe_token": "The card was not accepted."})
        self.change(stripe_token="tok_visa")
        self.submit()
        self.window.see("code-step")
        self.stores.whole(email)


if __name__ == "__main__":
    main()
