# SPDX-License-Identifier: MIT
"""The sign-up page as a person uses it, over a `usher dev` and its stores."""
import functools
import itertools
import json
import os

from chromium import HERE, BrowserTest
from door import Sandbox, Stores

serial = itertools.count(1)
PERSON = {"name": "Ada Lovelace", "email": None, "organization": "Analytical Engines", "country": "GB",
          "password": "Corr3ct-Horse!"}
FILL = """for (const [id, value] of Object.entries(arguments[0])) {
  const control = document.getElementById(id);
  control.value = value;
  control.dispatchEvent(new Event('input', {bubbles: true}));
}"""

with open(os.path.join(HERE, "audit.js"), encoding="utf-8") as file:
    AUDIT = file.read()


def somebody():
    """An address that nobody else uses."""
    return f"ada.{os.getpid()}.{next(serial)}@example.com"


@functools.cache
def stores_of(text):
    return Stores(json.loads(text))


class PageTest(BrowserTest):
    """A test whose usher is self.ready (of fixture.Usher or fixture.start)."""
    ready = None

    def setUp(self):
        super().setUp()
        self.stores, self.sandbox = stores_of(json.dumps(self.ready)), Sandbox(self.ready)  # boto3's clients are dear
        self.addCleanup(self.sandbox.clear)

    def open(self, query="", path="/signup"):
        self.window.open(self.ready["url"] + path + query)
        self.window.until(lambda: any(self.window.is_seen(step + "-step") for step in (
            "form", "code", "key", "welcome")), "a step")

    def fill(self, **changes):
        """Everything in the form, at once -> the address. A change to "" leaves a field empty."""
        fields = {**PERSON, "email": somebody(), **changes}
        self.change(**fields)
        return fields["email"]

    def change(self, **fields):
        self.window.run(FILL, fields)

    def submit(self):
        self.window.click("form-button")

    def to_the_code(self, **changes):
        """A good sign-up, up to the second step -> the address"""
        self.open()
        email = self.fill(**changes)
        self.submit()
        self.window.see("code-step")
        return email

    def to_the_key(self, email):
        self.enter(self.stores.code(email))
        self.window.see("key-step")
        self.window.click("copy")
        self.window.read("copied", "Copied")

    def enter(self, code):
        self.window.type("code", code)
        self.window.click("code-button")

    def errors(self):
        """{field's id: what is said beside it}, in the step that is seen"""
        return dict(self.window.run(
            "return [...document.querySelectorAll('.error')].filter((e) => e.textContent && e.checkVisibility())"
            ".map((e) => [e.id.replace(/-error$/, ''), e.textContent])"))

    def assert_errors(self, expected, step="form"):
        """What is said beside each field: exactly these, each with this in it; and the summary has the focus."""
        self.window.until(lambda: self.window.focused() == step + "-summary", "the summary")
        found = self.errors()
        self.assertEqual(set(found), set(expected), found)
        for name, text in expected.items():
            self.assertIn(text, found[name])
            for sentence in text.split(". "):
                self.assertIn(sentence, self.window.text(step + "-summary"))

    def assert_sound(self):
        """Nothing that a screen reader, a keyboard or weak eyes would miss, in light and dark, wide and narrow."""
        for view, scheme in (("desktop", "light"), ("phone", "dark"), ("zoomed", "light")):
            self.window.view(view, scheme)
            self.assertEqual(self.window.run(AUDIT), [], (view, scheme))
        self.window.view()
