# SPDX-License-Identifier: MIT
"""Card and captcha as they are in production: the vendors' scripts, from the vendors' hosts, under the page's policy. What
plays the vendors here is a server of this test, under those hosts' names; what its scripts are told is what the page would
tell theirs.
"""
import http.server
import os
import ssl
import subprocess
import tempfile
import threading

from chromium import main
from door import usher
from page import PageTest

# Of Stripe.js: Stripe(key).elements().create("card").mount(element), on("change"), focus(); createToken(card, data).
STRIPE_JS = """
window.Stripe = (key) => {
  window.told = { key, tokens: [] };
  let input;
  const listeners = [];
  const problem = () => input.value.length < 16 ? { message: 'Your card number is incomplete.' } : undefined;
  const card = {
    mount(box) {
      input = document.createElement('input');
      input.id = 'stripe-number';
      input.setAttribute('aria-label', 'Card number');
      input.addEventListener('change', () => listeners.forEach((fn) => fn({ error: problem() })));
      box.append(input);
    },
    on(event, fn) { if (event === 'change') listeners.push(fn); },
    focus() { input.focus(); },
  };
  return {
    elements: () => ({ create: (type, options) => { window.told.options = [type, options]; return card; } }),
    async createToken(element, data) {
      if (problem()) return { error: problem() };
      window.told.tokens.push(data);
      return { token: { id: input.value === '4000000000000002' ? 'tok_chargeDeclined' : 'tok_visa' } };
    },
  };
};
"""


# Of Turnstile: render(element, options) and reset(widget); the script calls what its address names when it is ready.
TURNSTILE_JS = """
window.turnstile = {
  resets: 0,
  render(element, options) {
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', id: 'turnstile-box', textContent: 'Verify ' + options.sitekey });
    button.addEventListener('click', () => options.callback(window.turnstile.resets ? 'pass' : 'fail'));
    element.append(button);
    return 'widget-1';
  },
  reset(widget) { if (widget === 'widget-1') this.resets++; },
};
window.onCaptchaReady();
"""
SCRIPTS = {"/v3/": STRIPE_JS, "/turnstile/v0/api.js?render=explicit&onload=onCaptchaReady": TURNSTILE_JS}


class Vendors(http.server.BaseHTTPRequestHandler):
    asked = []

    def do_GET(self):
        self.asked.append((self.path, self.headers["Host"], self.headers["Referer"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.end_headers()
        self.wfile.write(SCRIPTS[self.path].encode())

    def log_message(self, *_):
        pass


def serve():
    """All of them on a free port, with a certificate of its own -> port"""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=js.stripe.com"],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Vendors)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


class Card(PageTest):
    def setUp(self):
        if not Card.ready:
            server = usher('{ stripe = { publishable_key = "pk_test_1" } }')
            self.addClassCleanup(server.stop)
            Card.ready = server.ready
        super().setUp()

    def test_from_a_number_to_the_key(self):
        window = self.window
        self.open()
        window.see("stripe-number")
        self.assertEqual(Vendors.asked[0], ("/v3/", "js.stripe.com", None))
        self.assert_sound()
        email = self.fill()
        self.submit()
        self.assert_errors({"stripe_token": "Your card number is incomplete."})
        self.assert_sound()
        window.shoot("stripe")
        window.driver.find_element("partial link text", "Card:").click()
        self.assertEqual(window.focused(), "stripe-number")
        self.number("4000000000000002")
        self.assertEqual(self.errors(), {})
        self.submit()
        self.assert_errors({"stripe_token": "The card was not accepted."})
        self.number("4242424242424242")
        self.submit()
        window.see("code-step")
        told = window.run("return window.told")
        self.assertEqual((told["key"], told["tokens"]), ("pk_test_1", [{"name": "Ada Lovelace", "address_country": "GB"}] * 2))
        self.stores.whole(email)
        self.to_the_key(email)

    def test_one_token_for_one_card(self):
        """What is sent again brings the same token, and no number ever leaves for usher."""
        self.open()
        self.window.see("stripe-number")
        self.window.run("""const real = window.fetch;
          window.sent = [];
          window.fetch = (path, options) => {
            window.sent.push(options.body);
            return real(path, options);
          };""")
        self.sandbox.arm("stripe", "POST /v1/customers", "refuse", count=3, error={"status": 500, "code": "api_error"})
        email = self.fill()
        self.number("4242424242424242")
        self.submit()
        self.window.see("code-step")
        self.assertEqual(len(self.window.run("return window.told.tokens")), 1)
        sent = self.window.run("return window.sent")
        self.assertEqual((len(sent), len(set(sent))), (2, 1))
        self.assertNotIn("4242", sent[0])
        self.stores.whole(email)

    def test_stripe_that_does_not_answer(self):
        self.window.driver.execute_cdp_cmd("Network.enable", {})
        self.window.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*js.stripe.com*"]})
        self.addCleanup(self.window.driver.execute_cdp_cmd, "Network.setBlockedURLs", {"urls": []})
        self.open()
        self.window.until(lambda: "Stripe did not answer" in self.errors().get("stripe_token", ""), "what is wrong")
        self.fill()
        self.submit()
        self.assert_errors({"stripe_token": "The card cannot be entered just now"})
        self.window.complaints()

    def test_a_captcha(self):
        """What the provider does not take is asked again, in its own widget."""
        with usher('{ stripe = { publishable_key = "pk_test_1" }, captcha = { provider = "turnstile", site_key = "1x0" } }'
                   ) as server:
            self.window.open(server.ready["url"] + "/signup")
            self.window.see("turnstile-box")
            self.assertEqual(self.window.text("turnstile-box"), "Verify 1x0")
            self.assert_sound()
            self.fill()
            self.number("4242424242424242")
            self.submit()
            self.assert_errors({"captcha_token": "Please show that you are a person."})
            self.window.click("turnstile-box")
            self.submit()
            self.assert_errors({"captcha_token": "Please show once more that you are a person."})
            self.assert_sound()
            self.window.shoot("turnstile")
            self.window.click("turnstile-box")
            self.submit()
            self.window.see("code-step")

    def number(self, digits):
        self.window.type("stripe-number", digits)
        self.window.run("document.activeElement.blur()")


if __name__ == "__main__":
    port = serve()
    main(f"--host-resolver-rules=MAP js.stripe.com:443 127.0.0.1:{port},MAP challenges.cloudflare.com:443 127.0.0.1:{port}",
         "--ignore-certificate-errors")
