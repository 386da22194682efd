# SPDX-License-Identifier: MIT
"""Headless Chromium for the tests of this folder: one window a process, waits for what is seen, screenshots, and a look
at what the browser itself complains of. Without Chromium or Selenium a test says so and is skipped (77).
"""
import atexit
import base64
import os
import sys
import unittest

from door import fixture

HERE = os.path.dirname(os.path.abspath(__file__))
SHOTS = os.environ.get("USHER_SCREENSHOTS", os.path.join(HERE, "../../build/dev/screenshots"))
BROWSER, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
SKIPPED, PATIENCE = 77, fixture.PATIENCE
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--lang=en", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-features=Translate,MediaRouter,OptimizationHints"]
VIEWS = {"desktop": (1100, 800, 1, False), "phone": (360, 740, 2, True), "zoomed": (320, 640, 2, True)}
ALL_LOOKS = [(view, scheme) for view in ("desktop", "phone") for scheme in ("light", "dark")]


def skip(reason):
    print("skipped: " + reason)
    sys.exit(SKIPPED)


try:
    from selenium import webdriver
    from selenium.common.exceptions import StaleElementReferenceException, TimeoutException, WebDriverException
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.wait import WebDriverWait
except ImportError as problem:
    skip(f"{problem} (Debian's python3-selenium)")

for needed in (BROWSER, DRIVER):
    if not os.path.exists(needed):
        skip(f"{needed} is not here (Debian's chromium and chromium-driver)")


class Window:
    """The one window; elements are named by their ids."""

    def __init__(self, *arguments):
        options = Options()
        options.binary_location = BROWSER
        for argument in (*ARGUMENTS, *arguments):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        try:
            self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        except WebDriverException as problem:
            skip(f"Chromium does not start here: {problem.msg}")
        atexit.register(self.driver.quit)
        self.shots = []
        self.view()

    # --- what a person sees ---

    def view(self, name="desktop", scheme="light"):
        width, height, scale, mobile = VIEWS[name]
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "no-preference"}]})

    def shoot(self, name, looks=(("desktop", "light"), ("phone", "dark"))):
        """The whole page, as different people have it."""
        os.makedirs(SHOTS, exist_ok=True)
        for view, scheme in looks:
            self.view(view, scheme)
            size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
            data = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"optimizeForSpeed": True,
                "captureBeyondViewport": True, "clip": {**size, "width": VIEWS[view][0], "scale": 1}})["data"]
            path = os.path.join(SHOTS, f"{name}-{view}-{scheme}.png")
            with open(path, "wb") as file:
                file.write(base64.b64decode(data))
            self.shots.append(path)
        self.view()

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def get(self, name):
        return self.driver.find_element(By.ID, name)

    def is_seen(self, name):
        return any(element.is_displayed() for element in self.driver.find_elements(By.ID, name))

    def text(self, name):
        return self.get(name).text

    # --- what a person does ---

    def open(self, url):
        self.driver.get(url)

    def type(self, name, text):
        field = self.get(name)
        field.clear()
        field.send_keys(text)

    def click(self, name):
        self.get(name).click()

    def forget(self):
        """A browser that was never here."""
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.run("try { sessionStorage.clear(); } catch {}")
        self.driver.get("about:blank")
        self.driver.get_log("browser")

    # --- waiting ---

    def until(self, condition, what):
        """Waits for condition() -> its value"""
        waiting = WebDriverWait(self.driver, PATIENCE, 0.05, (StaleElementReferenceException,))
        try:
            return waiting.until(lambda _: condition())
        except TimeoutException:
            page = self.run("return location + ' ' + (document.querySelector('main') ?? document.body).innerText")
            raise AssertionError(f"never came: {what}\n{page}") from None

    def see(self, name):
        return self.until(lambda: self.is_seen(name), name)

    def read(self, name, text):
        """Waits until the element says this."""
        return self.until(lambda: text in self.text(name), f"{text!r} in {name}")

    def focused(self):
        return self.run("return document.activeElement.id || document.activeElement.tagName")

    # --- what the browser complains of ---

    def complaints(self):
        """Its console, but for answers of the API that are no 2xx: the page is there to show those."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if not (entry["source"] == "network" and "/api/account/" in entry["message"])]


class BrowserTest(unittest.TestCase):
    """Starts as somebody who was never here, and ends without a complaint of the browser's."""
    maxDiff = None
    window = None

    def setUp(self):
        self.window.forget()

    def tearDown(self):
        self.assertEqual(self.window.complaints(), [])
        self.window.run("addEventListener('beforeunload', (e) => e.stopImmediatePropagation(), {capture: true})")


def main(*arguments):
    """Opens the window (arguments: more of Chromium's), runs the tests, says where the screenshots are."""
    BrowserTest.window = Window(*arguments)
    program = unittest.main(exit=False)
    for path in BrowserTest.window.shots:
        print(os.path.relpath(path))
    sys.exit(0 if program.result.wasSuccessful() else 1)
