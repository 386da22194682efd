# SPDX-License-Identifier: MIT
"""From the form to the key, as a person sees it, and what each error of the form looks like."""
from chromium import ALL_LOOKS, Keys, fixture, main
from door import CONFIRM, SIGNUP, Browser, form, usher
from page import PageTest, somebody

# what is typed -> what is said beside the field
FIELD_ERRORS = [
    ({"name": ""}, {"name": "Please fill this in."}),
    ({"name": "x" * 129}, {"name": "At most 128 characters, please."}),
    ({"email": ""}, {"email": "Please fill this in."}),
    ({"email": "ada@example"}, {"email": "This is not an e-mail address."}),
    ({"email": "\u00e4da@example.com"}, {"email": "Only plain letters, digits and signs can be used here."}),
    ({"email": "ada@yopmail.com"}, {"email": "This e-mail address cannot be used."}),
    ({"organization": " "}, {"organization": "Please fill this in."}),
    ({"country": ""}, {"country": "Please choose a country."}),
    ({"password": ""}, {"password": "Please fill this in."}),
    ({"password": "abc"}, {"password": "At least 8 characters, please. It needs a capital letter. It needs a digit. "
                                       "It needs a symbol."}),
    ({"password": "Corr3ct-Horse! "}, {"password": "A password cannot begin or end with a space."}),
    ({"stripe_token": "tok_chargeDeclined"}, {"stripe_token": "The card was not accepted. Please try another one."}),
    ({"name": "", "email": "x", "country": "", "password": "Corr3ct-Horse!"},
     {"name": "Please fill this in.", "country": "Please choose a country."}),
    ({"email": "x", "organization": "y" * 129, "password": "abcdefgh"},
     {"email": "This is not an e-mail address.", "organization": "At most 128 characters",
      "password": "It needs a capital letter."}),
]


class SignUp(PageTest):
    def setUp(self):
        SignUp.ready = fixture.start()
        super().setUp()

    def test_from_the_form_to_the_key(self):
        window = self.window
        self.open("?utm_source=ads&utm_campaign=" + "x" * 300 + "&utm_term=%07")
        self.assert_sound()
        window.shoot("form", ALL_LOOKS)
        email = self.fill()
        window.shoot("form-filled", ALL_LOOKS)
        self.submit()
        window.see("code-step")
        self.assertEqual((window.focused(), window.driver.title), ("H1", "Read your mail"))
        self.assertEqual(window.text("code-address"), email)
        self.assert_sound()
        window.shoot("code", ALL_LOOKS)
        self.enter(" ".join(self.stores.code(email)))
        window.see("key-step")
        self.assertEqual((window.focused(), window.driver.title), ("H1", "Your account is ready"))
        self.assert_sound()
        window.shoot("key", ALL_LOOKS)
        secret = window.get("secret").get_property("value")
        self.assertRegex(secret, r"^usher_dev_[0-9A-Za-z]{22,}_[0-9A-Za-z]+$")
        self.assertEqual(window.text("account"), self.stores.whole(email))
        user = self.stores.rows()["USER#" + self.stores.user(email)["sub"], "DETAILS"]
        self.assertEqual(user["utm"], {"source": "ads", "campaign": "x" * 256})
        window.click("copy")
        window.read("copied", "Copied")
        kept = window.run("return JSON.stringify([sessionStorage, localStorage, document.cookie, location.href])")
        for text in (secret, "Corr3ct", "tok_visa", self.stores.code(email)):
            self.assertNotIn(text, kept)

    def test_the_key_is_shown_once(self):
        window = self.window
        email = self.to_the_code()
        self.enter(self.stores.code(email))
        window.see("key-step")
        account = window.text("account")
        window.driver.back()  # a slip of the finger does not cost the key
        self.assertTrue(window.get("secret").get_property("value").startswith("usher_dev_"))
        window.click("copy")
        window.read("copied", "Copied")
        self.open("", "/signup#key")
        window.driver.refresh()
        window.see("key-step")
        self.assertEqual(window.text("account"), account)
        self.assertTrue(window.is_seen("key-gone"))
        self.assertFalse(window.is_seen("key-shown"))
        self.assert_sound()
        window.shoot("key-gone")

    def test_each_error_is_beside_its_field(self):
        for changes, expected in FIELD_ERRORS:
            with self.subTest(changes):
                self.open()
                self.fill(**changes)
                self.submit()
                self.assert_errors(expected)
        self.assert_sound()
        self.window.shoot("errors", ALL_LOOKS)

    def test_an_error_leads_to_its_field_and_goes_when_it_is_mended(self):
        window = self.window
        self.open()
        email = self.fill(organization="", name="")
        self.submit()
        self.assert_errors({"name": "Please fill this in.", "organization": "Please fill this in."})
        window.driver.find_element("link text", "Organization: Please fill this in.").click()
        self.assertEqual(window.focused(), "organization")
        window.get("organization").send_keys("A")
        self.assertEqual(self.errors(), {"name": "Please fill this in."})
        self.assertNotIn("Organization", window.text("form-summary"))
        window.get("name").send_keys("Ada", Keys.ENTER)
        window.see("code-step")
        self.assertEqual(len(self.stores.customers(email)), 1)

    def test_the_password_is_judged_while_it_is_typed(self):
        window = self.window
        met = "return [...document.querySelectorAll('#password-rules .met')].map((e) => e.textContent.slice(9))"
        self.open()
        for text, rules in (("a", ["a small letter"]), ("aB", ["a small letter", "a capital letter"]),
                            ("aB3-", ["a small letter", "a capital letter", "a digit", "a symbol"]),
                            ("        ", ["8 characters or more", "a symbol"]), ("\u00e4" * 8, ["8 characters or more"])):
            window.type("password", text)
            self.assertEqual(window.run(met), rules, text)
        window.click("password-show")
        self.assertEqual(window.get("password").get_attribute("type"), "text")
        self.assertEqual(window.get("password-show").get_attribute("aria-pressed"), "true")

    def test_countries_are_the_servers(self):
        self.open()
        codes = self.window.run("return [...document.getElementById('country').options].map((o) => [o.value, o.text])")
        self.assertEqual(len(codes), 250)
        self.assertEqual(dict(codes)["DE"], "Germany")
        self.assertTrue(all(text and text != code for code, text in codes), codes)

    def test_a_declined_card_then_another(self):
        self.open()
        email = self.fill(stripe_token="tok_chargeDeclined")
        self.submit()
        self.assert_errors({"stripe_token": "The card was not accepted."})
        self.window.shoot("card-declined")
        self.change(stripe_token="tok_visa")
        self.submit()
        self.window.see("code-step")
        self.stores.whole(email)

    def test_who_has_an_account(self):
        email, door = somebody(), Browser(self.ready["url"])
        door.post(SIGNUP, form(email))
        door.post(CONFIRM, {"email": email, "code": self.stores.code(email)})
        self.open()
        self.fill(email=email)
        self.submit()
        self.assert_errors({"email": "There is an account with this e-mail address. Please sign in."})

    def test_back_and_forward(self):
        window = self.window
        email = self.to_the_code()
        window.driver.back()
        window.see("form-step")
        self.assertEqual(window.get("email").get_property("value"), email)
        window.driver.forward()
        window.see("code-step")
        window.click("start-over")
        window.see("form-step")
        self.assertEqual(window.get("organization").get_property("value"), "Analytical Engines")
        self.submit()  # the same again is answered again
        window.see("code-step")
        self.stores.whole(email)


class Console(PageTest):
    """Where the console is another place than the page."""

    def setUp(self):
        if not Console.ready:
            console = usher('{ sso = { console_url = "http://localhost:9/" } }')
            self.addClassCleanup(console.stop)
            Console.ready = console.ready
        super().setUp()

    def test_links_lead_there(self):
        for query, path in (("", "/"), ("?return_to=/welcome?tour=1", "/welcome?tour=1"), ("?return_to=//evil.example", "/"),
                            ("?return_to=/%5Cevil.example", "/"), ("?return_to=https://evil.example", "/"),
                            ("?return_to=javascript:alert(1)", "/"), ("?return_to=/%09/evil.example", "/")):
            with self.subTest(query):
                self.open(query)
                self.assertEqual(self.window.get("sign-in-link").get_attribute("href"), "http://localhost:9" + path)
        self.fill()
        email = self.window.get("email").get_property("value")
        self.submit()
        self.window.see("code-step")
        self.to_the_key(email)
        link = self.window.driver.find_element("link text", "Open the console")
        self.assertEqual(link.get_attribute("href"), "http://localhost:9/")
        self.window.shoot("key-console")


if __name__ == "__main__":
    main()
