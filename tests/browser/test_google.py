# SPDX-License-Identifier: MIT
"""Continue with Google: the page, the sandbox's Google and back; what went wrong there, in words; the way with a card."""
import itertools
import json
import os
import urllib.request

from chromium import By, fixture, main
from door import CONFIRM, SIGNUP, Browser, form, usher
from page import PageTest, somebody

subjects = itertools.count(1)
FALLBACK = "Something went wrong on our side. Please try again."
CODES = ["sso_denied", "sso_failed", "sso_refused", "email_not_verified", "sso_state_invalid", "account_exists",
         "signup_in_progress", "too_many_attempts"]  # these have words of the server's
WORDLESS = ["try_again", "internal_error", "invalid_input", "<script>alert(1)</script>", "constructor"]


class Person:
    """Somebody at Google whom nobody else is."""

    def __init__(self):
        self.sub = "2%06d%013d" % (os.getpid() % 10**6, next(subjects))
        self.email = f"grace.{self.sub}@gmail.com"


class GoogleTest(PageTest):
    def to_google(self):
        self.window.click("google-button")
        self.window.see("sub")

    def consent(self, who, verified=True):
        """The sandbox's page of Google, filled in."""
        for name, text in (("email", who.email), ("name", "Grace Hopper"), ("sub", who.sub)):
            self.window.type(name, text)
        box = self.window.driver.find_element(By.NAME, "email_verified")
        if box.is_selected() != verified:
            box.click()
        self.window.driver.find_element(By.CSS_SELECTOR, "button[value=allow]").click()

    def words(self):
        """What the page is told to say."""
        with urllib.request.urlopen(self.ready["url"] + "/signup/settings.json") as answer:
            return json.load(answer)["messages"]

    def account_of(self, who):
        """-> the rows of the user and of the account that they own"""
        rows = self.stores.rows()
        (key, user), = [(key, row) for key, row in rows.items() if key[1] == "DETAILS" and row.get("email") == who.email]
        account, = [row for row in rows.values() if row.get("owner") == key[0].removeprefix("USER#")]
        return user, account


class Google(GoogleTest):
    def setUp(self):
        Google.ready = fixture.start()
        super().setUp()

    def test_a_stranger_becomes_a_customer(self):
        who = Person()
        self.open("?utm_source=ads&utm_term=%20")
        self.window.type("organization", "Yale & Söhne")
        self.change(country="US")
        self.to_google()
        self.assert_sound()
        self.window.shoot("google-consent")
        self.consent(who)
        self.window.see("welcome-step")
        self.assert_sound()
        self.window.shoot("google-welcome")
        self.reveal()
        self.assertRegex(self.window.get("secret").get_property("value"), r"^usher_dev_\w{22,}_\w+$")
        self.assert_sound()
        kept = self.window.run("return JSON.stringify([sessionStorage, localStorage, location.href])")
        self.assertNotRegex(kept, r"eyJ|usher_dev_|code=|state=")
        self.window.click("copy")
        self.window.read("copied", "Copied")
        user, account = self.account_of(who)
        self.assertEqual((user["organization"], user["country"], user["utm"]), ("Yale & Söhne", "US", {"source": "ads"}))
        self.assertEqual(len(self.stores.customers(who.email)), 1)
        before = self.stores.snapshot()
        self.open()  # the same person again is nobody new
        self.to_google()
        self.consent(who)
        self.window.see("welcome-step")
        self.reveal()
        self.assertTrue(self.window.is_seen("key-gone"))
        self.assertFalse(self.window.is_seen("key-shown"))
        after = self.stores.snapshot()
        self.assertEqual((after[1:], self.account_of(who)), (before[1:], (user, account)))

    def reveal(self):
        self.window.click("reveal")
        self.window.see("key-step")

    def test_a_way_back_that_nobody_went(self):
        """A code of somebody else's, slipped into an address, is not used."""
        for query in ("?code=x&state=y", "?state=y", "?error=invalid_request&state=y"):
            with self.subTest(query):
                self.open(query)
                self.window.read("reveal-error", "The sign-in did not work. Please try again.")
                self.assertEqual(self.window.driver.current_url, self.ready["url"] + "/signup")
                self.assert_sound()

    def test_who_says_no(self):
        self.open()
        self.window.type("organization", "Yale")
        self.to_google()
        self.window.driver.find_element(By.CSS_SELECTOR, "button[value=deny]").click()
        self.window.see("form-summary")
        self.assert_errors({})
        self.window.read("form-summary", self.words()["sso_denied"])
        self.assert_sound()
        self.window.shoot("google-denied")
        self.assertEqual(self.window.get("organization").get_property("value"), "Yale")
        self.assertNotIn("error", self.window.driver.current_url)

    def test_an_address_that_google_does_not_vouch_for(self):
        self.open()
        self.to_google()
        self.consent(Person(), verified=False)
        self.window.see("form-summary")
        self.window.read("form-summary", self.words()["email_not_verified"])

    def test_who_has_a_password_already(self):
        """Both ways of signing in become one account; Cognito needs a second try, which usher makes by itself."""
        who, door = Person(), Browser(self.ready["url"])
        door.post(SIGNUP, form(who.email))
        door.post(CONFIRM, {"email": who.email, "code": self.stores.code(who.email)})
        self.open()
        self.to_google()
        self.consent(who)
        self.window.until(lambda: self.window.is_seen("sub"), "Google once more")
        self.consent(who)
        self.window.see("welcome-step")
        self.account_of(who)  # one user, one account
        self.assertEqual(len(self.stores.customers(who.email)), 1)

    def test_every_error_in_words(self):
        words = self.words()
        for code in CODES + WORDLESS:
            with self.subTest(code):
                self.open("?error=" + code, "/")
                self.window.read("form-summary", words[code] if code in CODES else FALLBACK)
                self.assertEqual(self.window.focused(), "form-summary")
                self.assertNotIn("error", self.window.driver.current_url)
                self.window.driver.refresh()
                self.window.see("form-step")
                self.assertFalse(self.window.is_seen("form-summary"))

    def test_the_other_name_of_this_machine(self):
        """A cookie belongs to one name: the way back comes to the one that the page was opened by."""
        self.window.open(self.ready["url"].replace("127.0.0.1", "localhost") + "/signup")
        self.window.see("google-button")
        self.to_google()
        self.consent(Person())
        self.window.see("welcome-step")


class WithCard(GoogleTest):
    def setUp(self):
        if not WithCard.ready:
            server = usher('{ sso = { card = "required" } }')
            self.addClassCleanup(server.stop)
            WithCard.ready = server.ready
        super().setUp()

    def test_a_card_goes_along(self):
        who = Person()
        self.open()
        self.assertIn("It needs a card", self.window.text("google"))
        self.to_google()
        self.consent(who)
        self.window.see("welcome-step")
        customer, = self.stores.customers(who.email)
        self.assertEqual(len(self.stores.cards(customer.id)), 1)

    def test_a_card_that_is_declined(self):
        who = Person()
        self.open()
        self.change(stripe_token="tok_chargeDeclined")
        self.to_google()
        self.consent(who)
        self.window.see("form-summary")
        self.assert_errors({"stripe_token": self.words()["card_not_accepted"]})
        self.window.shoot("google-card-declined")
        self.change(stripe_token="tok_visa")
        self.to_google()
        self.consent(who)
        self.window.see("welcome-step")
        self.assertEqual(len(self.stores.customers(who.email)), 1)

    def test_a_card_that_is_missing(self):
        self.open("?error=card_required", "/")
        self.assert_errors({"stripe_token": self.words()["card_required"]})
        self.assertEqual(self.stores.mails(somebody()), [])


if __name__ == "__main__":
    main()
