# SPDX-License-Identifier: MIT
"""The sandbox's own pages: the mailbox, and the sign-in page of the hosted UI."""
import urllib.parse

from chromium import fixture, main
from door import CONFIRM, SIGNUP, Browser, form
from page import PageTest, somebody


class Pages(PageTest):
    def setUp(self):
        Pages.ready = fixture.start()
        super().setUp()

    def test_the_mailbox(self):
        window = self.window
        mailbox, email, door = self.ready["sandbox"]["mailbox"], somebody(), Browser(self.ready["url"])
        self.sandbox.ask("DELETE", "/mailbox")
        window.open(mailbox + "/")
        self.assertIn("No mail yet", window.text("to") + window.driver.find_element("tag name", "main").text)
        self.assert_sound()
        window.shoot("mailbox-empty")
        for name in (email, somebody(), "somebody.with.a.very.long.name.indeed@a-quite-long-subdomain.of.example.com"):
            door.post(SIGNUP, form(name))
        window.driver.refresh()
        self.assert_sound()
        window.shoot("mailbox")
        window.type("to", email)
        window.get("to").submit()
        window.until(lambda: window.driver.title == "Mail for " + email, "one person's mail")
        article, = window.driver.find_elements("tag name", "article")
        self.assertIn(self.stores.code(email), article.text)

    def test_the_link_to_it(self):
        self.open("#confirm")
        self.assertEqual(self.window.get("mailbox-link").get_attribute("href"), self.ready["sandbox"]["mailbox"] + "/")

    def test_the_hosted_ui(self):
        """A form that another page sends does not sign anybody in; one's own does."""
        window, email, door = self.window, somebody(), Browser(self.ready["url"])
        door.post(SIGNUP, form(email))
        door.post(CONFIRM, {"email": email, "code": self.stores.code(email)})
        login = self.ready["sandbox"]["cognito"] + "/login?" + urllib.parse.urlencode({
            "response_type": "code", "client_id": self.ready["client_id"],
            "redirect_uri": self.ready["url"] + "/api/account/sso/callback"})
        window.open(login)
        self.assert_sound()
        window.type("username", email)
        window.type("password", "wrong")
        window.get("password").submit()
        window.until(lambda: "Incorrect username or password." in window.driver.page_source, "the refusal")
        self.assert_sound()
        window.shoot("hosted-ui")
        window.run("document.querySelector('[name=_csrf]').value = crypto.randomUUID()")
        window.type("password", "Corr3ct-Horse!")
        window.get("password").submit()
        window.until(lambda: "Invalid CSRF token." in window.driver.page_source, "the refusal")
        self.assertEqual(len(window.complaints()), 1)  # of the 403
        window.open(login)
        window.type("username", email)
        window.type("password", "Corr3ct-Horse!")
        window.get("password").submit()
        window.until(lambda: window.driver.current_url.startswith(self.ready["url"]), "the way back")


if __name__ == "__main__":
    main()
