# SPDX-License-Identifier: MIT
"""The second step: codes that are wrong, old or late, and the browser that they belong to."""
from chromium import ALL_LOOKS, fixture, main
from door import CONFIRM, SIGNUP, Browser, form, usher
from page import PageTest, somebody

WRONG = "This code is wrong or too old. Please check it, or ask for a new one."
SUPERSEDED = "This sign-up is no longer the current one. Please sign up again."


def other(code):
    """Six digits that are not the code."""
    return "%06d" % ((int(code) + 1) % 1000000)


class Code(PageTest):
    def setUp(self):
        Code.ready = fixture.start()
        super().setUp()

    def test_wrong_codes(self):
        email = self.to_the_code()
        for text, said in (("", "Please enter the six digits."), ("12345", "The code has six digits."),
                           ("abcdef", "The code has six digits."), (other(self.stores.code(email)), WRONG)):
            with self.subTest(text):
                self.enter(text)
                self.assert_errors({"code": said}, "code")
        self.assert_sound()
        self.window.shoot("code-wrong")
        self.to_the_key(email)
        self.stores.whole(email)

    def test_a_reload_in_between(self):
        """The proof is a cookie: a reload, or another tab of the same browser, goes on."""
        email = self.to_the_code()
        self.window.driver.refresh()
        self.window.see("code-step")
        self.assertEqual(self.window.text("code-address"), email)
        self.to_the_key(email)

    def test_a_new_tab(self):
        email = self.to_the_code()
        self.window.run("sessionStorage.clear()")
        self.open()
        self.window.see("have-code")
        self.window.click("have-code")
        self.window.see("code-email-field")
        self.enter(self.stores.code(email))
        self.assert_errors({"code-email": "Please fill this in."}, "code")
        self.assert_sound()
        self.window.type("code-email", email)
        self.to_the_key(email)

    def test_another_browser(self):
        email = somebody()
        Browser(self.ready["url"]).post(SIGNUP, form(email))
        self.open("#confirm")
        self.window.type("code-email", email)
        self.enter(self.stores.code(email))
        self.assert_errors({"code": SUPERSEDED}, "code")
        self.window.shoot("code-superseded")
        self.window.driver.find_element("link text", "Back to the form").click()
        self.window.see("form-step")
        self.assertEqual(self.stores.user(email)["status"], "UNCONFIRMED")

    def test_a_sign_up_that_took_its_place(self):
        email = self.to_the_code()
        mine = self.stores.code(email)
        Browser(self.ready["url"]).post(SIGNUP, form(email, password="An0ther-Horse!"))
        self.enter(mine)
        self.assert_errors({"code": SUPERSEDED}, "code")

    def test_a_key_that_was_shown_elsewhere(self):
        """The same code again, in the same browser: the account is there, the key is not shown twice."""
        email = self.to_the_code()
        cookie = self.window.driver.get_cookie("__Host-usher_signup")["value"]
        door = Browser(self.ready["url"])
        self.assertEqual(door.post(CONFIRM, {"email": email, "code": self.stores.code(email),
                                             "signup_token": cookie}).status, 200)
        self.enter(self.stores.code(email))
        self.window.see("key-step")
        self.assertTrue(self.window.is_seen("key-gone"))

    def test_an_account_that_comes_later(self):
        """What fails behind the code does not hold it up: the page says that the rest is on its way."""
        email = self.to_the_code()
        sub, rows = self.stores.user(email)["sub"], self.stores.rows()
        (pk, sk), = [key for key, row in rows.items() if key[1] == "INTENT" and row.get("sub") == sub]
        self.stores.table.update_item(Key={"pk": pk, "sk": sk}, UpdateExpression="SET step = :s",
                                      ExpressionAttributeValues={":s": "COGNITO"})
        self.sandbox.arm("dynamodb", "TransactWriteItems", "refuse", count=100)
        self.enter(self.stores.code(email))
        self.window.see("key-step")
        self.assertTrue(self.window.is_seen("key-later"))
        self.assertEqual(self.window.driver.title, "Your e-mail address is confirmed")
        self.window.shoot("key-later")


class Card(PageTest):
    """Stripe says no to the card: the page says so, and takes another one with the same sign-up."""
    SETTINGS = '{ stripe = { attach = "at_confirm" } }'

    def setUp(self):
        if not type(self).ready:
            other_usher = usher(self.SETTINGS)
            self.addClassCleanup(other_usher.stop)
            type(self).ready = other_usher.ready
        super().setUp()

    def cards(self, email):
        customer, = self.stores.customers(email)
        return [card.card.last4 for card in self.stores.cards(customer.id)]

    def give(self, token, email):
        self.window.click("another-card")
        self.window.see("form-step")
        self.assert_errors({"stripe_token": "The card was not accepted. Please try another one."})
        self.assertEqual(self.window.get("email").get_property("value"), email)
        self.change(stripe_token=token)
        self.submit()

    def test_refused_at_the_confirmation(self):
        window = self.window
        email = self.to_the_code(stripe_token="tok_chargeDeclined")
        self.enter(self.stores.code(email))
        window.see("key-card")
        self.assertIn("Your card was not accepted. Your account has no card yet", window.text("key-card"))
        self.assert_sound()
        window.shoot("key-card", ALL_LOOKS)
        secret = window.get("secret").get_property("value")
        self.assertTrue(secret.startswith("usher_dev_"))
        self.give("tok_chargeDeclinedInsufficientFunds", email)
        self.assert_errors({"stripe_token": "The card was not accepted. Please try another one."})
        window.shoot("card-again")
        window.driver.back()  # the key is still there
        window.see("key-step")
        self.assertEqual(window.get("secret").get_property("value"), secret)
        window.driver.forward()
        window.see("form-step")
        self.change(stripe_token="tok_mastercard")
        self.submit()
        window.read("card-taken", "Your card was accepted.")
        window.see("key-step")
        self.assertFalse(window.is_seen("key-card"))
        self.assertEqual(window.get("secret").get_property("value"), secret)
        self.assertEqual(self.cards(email), ["4444"])
        self.assert_sound()
        window.shoot("key-card-taken")
        window.click("copy")
        window.read("copied", "Copied")

    def test_a_reload_in_between(self):
        window = self.window
        email = self.to_the_code(stripe_token="tok_chargeDeclined")
        self.to_the_key(email)
        window.driver.refresh()
        window.see("key-card")
        self.assertTrue(window.is_seen("key-gone"))
        window.click("another-card")
        window.see("form-step")
        self.fill(email=email)
        self.submit()
        window.read("card-taken", "Your card was accepted.")
        self.assertEqual(self.cards(email), ["4242"])
        window.driver.refresh()
        window.see("key-gone")
        self.assertFalse(window.is_seen("key-card"))


class NoAccountWithoutCard(Card):
    """Where the card is part of the sign-up: who confirms without a good one has no account yet."""
    SETTINGS, ready = "{}", None

    def to_the_confirmation(self):
        self.open()
        email = self.fill(stripe_token="tok_chargeDeclined")
        self.submit()
        self.assert_errors({"stripe_token": "The card was not accepted. Please try another one."})
        self.window.click("have-code")
        self.window.see("code-email-field")
        self.window.type("code-email", email)
        self.enter(self.stores.code(email))
        self.window.see("key-card")
        return email

    def test_refused_at_the_confirmation(self):
        window = self.window
        email = self.to_the_confirmation()
        self.assertIn("Your account is made as soon as you give us another one.", window.text("key-card"))
        self.assertEqual(window.driver.title, "Your e-mail address is confirmed")
        for name in ("key-shown", "key-gone", "key-later"):
            self.assertFalse(window.is_seen(name), name)
        self.assert_sound()
        window.shoot("card-needed", ALL_LOOKS)
        self.give("tok_visa", email)
        window.see("key-shown")
        self.assertFalse(window.is_seen("key-card"))
        self.assertTrue(window.get("secret").get_property("value").startswith("usher_dev_"))
        self.stores.whole(email)
        window.click("copy")
        window.read("copied", "Copied")

    def test_a_reload_in_between(self):
        window = self.window
        email = self.to_the_confirmation()
        window.driver.refresh()
        window.see("key-card")
        self.assertFalse(window.is_seen("key-gone"))
        window.click("another-card")
        window.see("form-step")
        self.fill(email=email)
        self.submit()
        window.see("code-step")
        self.enter(self.stores.code(email))
        window.see("key-shown")
        self.stores.whole(email)
        window.click("copy")
        window.read("copied", "Copied")


class Resend(PageTest):
    def setUp(self):
        if not Resend.ready:
            quick = usher("{ resend = { interval = 1, per_hour = 2 } }")
            self.addClassCleanup(quick.stop)
            Resend.ready = quick.ready
        super().setUp()

    def resend(self):
        window = self.window
        window.until(lambda: window.get("resend").get_attribute("aria-disabled") == "false", "another code")
        window.click("resend")
        window.read("resend-told", "A new code is on its way.")

    def test_another_code(self):
        window = self.window
        email = self.to_the_code()
        old = self.stores.code(email)
        self.resend()
        window.read("resend-left", "1 more can be sent within the hour.")
        self.assertEqual(len(self.stores.mails(email)), 2)
        window.shoot("code-resent")
        self.enter(old)
        self.assert_errors({"code": WRONG}, "code")
        window.driver.refresh()
        window.read("resend-left", "1 more can be sent within the hour.")
        self.resend()
        window.read("resend-left", "No more can be sent within the hour.")
        window.read("resend-in", "in 60 minutes")
        self.assertEqual(window.get("resend").get_attribute("aria-disabled"), "true")
        window.click("resend")
        self.assertEqual(len(self.stores.mails(email)), 3)
        self.assert_sound()
        self.to_the_key(email)

    def test_a_mail_that_was_not_sent(self):
        self.sandbox.arm("cognito", "SignUp", "error_after",
                         error={"status": 400, "code": "CodeDeliveryFailureException"})
        email = self.to_the_code()
        self.assertTrue(self.window.is_seen("code-unsent"))
        self.assertFalse(self.window.is_seen("code-sent"))
        self.window.shoot("code-unsent")
        self.window.click("resend")  # at once: there was none before
        self.window.read("resend-told", "A new code is on its way.")
        self.to_the_key(email)


if __name__ == "__main__":
    main()
