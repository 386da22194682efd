# SPDX-License-Identifier: MIT
"""All of it without a mouse: the order of the stops, a ring around each, and from the form to the key."""
from chromium import Keys, fixture, main
from page import PERSON, PageTest, somebody

RING = """const style = getComputedStyle(document.activeElement);
return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;"""
FORM = ["google-button", "name", "email", "organization", "country", "password", "password-show", "stripe_token",
        "form-button", "have-code"]


class Keyboard(PageTest):
    def setUp(self):
        Keyboard.ready = fixture.start()
        super().setUp()

    def press(self, *keys):
        self.window.driver.switch_to.active_element.send_keys(*keys)

    def tab_to(self, name):
        """Presses Tab until the stop is reached; each stop on the way shows where it is."""
        stops = []
        while name not in stops and len(stops) < 20:
            self.press(Keys.TAB)
            stops.append(self.window.focused())
            self.assertTrue(self.window.run(RING), stops)
        self.assertEqual(stops[-1], name)
        return stops

    def test_the_order_of_the_stops(self):
        self.open()
        self.assertEqual(self.tab_to("have-code"), FORM)
        for name in reversed(FORM[:-1]):
            self.press(Keys.SHIFT, Keys.TAB)
            self.assertEqual(self.window.focused(), name)

    def test_from_the_form_to_the_key(self):
        window, email = self.window, somebody()
        self.open()
        self.tab_to("form-button")
        self.press(Keys.ENTER)
        self.assert_errors({name: "Please" for name in PERSON})
        self.press(Keys.TAB, Keys.ENTER)  # the first line of the summary
        self.assertEqual(window.focused(), "name")
        for name, text in {**PERSON, "email": email, "country": "United K"}.items():
            if name != "name":
                self.tab_to(name)
            self.press(text)
        self.assertEqual(window.get("country").get_property("value"), "GB")
        self.tab_to("password-show")
        self.press(Keys.SPACE)
        self.assertEqual(window.get("password").get_attribute("type"), "text")
        self.tab_to("form-button")
        self.press(Keys.ENTER)
        window.see("code-step")
        self.assertEqual(window.focused(), "H1")
        self.assertEqual(self.tab_to("code"), ["code"])
        self.press(self.stores.code(email), Keys.ENTER)
        window.see("key-step")
        self.assertEqual(window.focused(), "H1")
        self.assertEqual(self.tab_to("copy"), ["secret", "copy"])
        self.press(Keys.ENTER)
        window.read("copied", "Copied")
        self.stores.whole(email)


if __name__ == "__main__":
    main()
