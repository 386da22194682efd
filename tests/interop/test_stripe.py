# SPDX-License-Identifier: MIT
"""Stripe's own Python library (Debian's python3-stripe) as a client of the sandbox."""
import http.server
import queue
import sys
import threading
import unittest
import uuid

import fixture

try:
    import stripe
except ImportError:
    sys.exit(77)  # a skipped test: there is no python3-stripe here


def setUpModule():
    ready = fixture.start()
    stripe.api_base = ready["sandbox"]["stripe"].rstrip("/")
    stripe.api_key = ready["stripe_key"]
    stripe.max_network_retries = 0


def address():
    return f"{uuid.uuid4().hex}@interop.test"


class Customers(unittest.TestCase):
    def test_life(self):
        email = address()
        made = stripe.Customer.create(
            email=email, name="Zoë Q", address={"country": "US"}, preferred_locales=["en", "fr"],
            metadata={"utm_source": "x&y", "cognito_sub": "u"}, source="tok_visa")
        self.assertEqual(made.name, "Zoë Q")
        self.assertEqual(made.address.country, "US")
        self.assertEqual(made.preferred_locales, ["en", "fr"])
        self.assertTrue(made.default_source.startswith("card_"))

        self.assertEqual(stripe.Customer.retrieve(made.id).metadata.cognito_sub, "u")
        changed = stripe.Customer.modify(made.id, name="", metadata={"utm_source": "", "new": "n"})
        self.assertIsNone(changed.name)
        self.assertEqual(dict(changed.metadata), {"cognito_sub": "u", "new": "n"})

        self.assertEqual([c.id for c in stripe.Customer.list(email=email).data], [made.id])
        self.assertEqual(stripe.Customer.list(email=email.upper()).data, [])
        found = stripe.Customer.search(query=f"email:'{email}' AND metadata['new']:'n'")
        self.assertEqual([c.id for c in found.data], [made.id])

        self.assertTrue(made.delete().deleted)
        self.assertTrue(stripe.Customer.retrieve(made.id).deleted)
        with self.assertRaises(stripe.error.InvalidRequestError) as caught:
            stripe.Customer.modify(made.id, name="x")
        self.assertEqual(caught.exception.http_status, 404)

    def test_save_sends_only_what_changed(self):
        made = stripe.Customer.create(email=address(), metadata={"a": "1", "b": "2"})
        made.description = "d"
        made.metadata = {"a": "3"}
        made.save()
        again = stripe.Customer.retrieve(made.id)
        self.assertEqual(again.description, "d")
        self.assertEqual(dict(again.metadata), {"a": "3"})

    def test_pages(self):
        email = address()
        made = [stripe.Customer.create(email=email).id for _ in range(5)]
        pages = stripe.Customer.list(email=email, limit=2)
        self.assertEqual([c.id for c in pages.auto_paging_iter()], made[::-1])
        back = stripe.Customer.list(email=email, limit=2, ending_before=made[0])
        self.assertEqual([c.id for c in back.auto_paging_iter()], made[1:])

    def test_pages_of_a_search(self):
        mark = uuid.uuid4().hex
        made = [stripe.Customer.create(metadata={"mark": mark}).id for _ in range(3)]
        found = stripe.Customer.search(query=f"metadata['mark']:'{mark}'", limit=2)
        self.assertEqual([c.id for c in found.auto_paging_iter()], made[::-1])

    def test_expand(self):
        made = stripe.Customer.create(source="tok_visa", expand=["default_source", "sources"])
        self.assertEqual(made.default_source.last4, "4242")
        self.assertEqual(made.sources.data[0].id, made.default_source.id)
        self.assertEqual(made.sources.retrieve(made.default_source.id).brand, "Visa")


class Cards(unittest.TestCase):
    def test_payment_method(self):
        customer = stripe.Customer.create(email=address())
        method = stripe.PaymentMethod.create(type="card", card={"token": "tok_visa"})
        self.assertIsNone(method.customer)
        method.attach(customer=customer.id)
        stripe.Customer.modify(customer.id, invoice_settings={"default_payment_method": method.id})
        self.assertEqual(
            stripe.Customer.retrieve(customer.id).invoice_settings.default_payment_method, method.id)
        self.assertEqual([m.id for m in stripe.Customer.list_payment_methods(customer.id).data], [method.id])
        self.assertEqual([m.id for m in stripe.PaymentMethod.list(customer=customer.id, type="card")], [method.id])
        self.assertIsNone(method.detach().customer)
        with self.assertRaises(stripe.error.InvalidRequestError):
            method.attach(customer=customer.id)

    def test_tokens_and_sources(self):
        card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2060, "cvc": "123"}
        token = stripe.Token.create(card=card)
        customer = stripe.Customer.create(email=address())
        source = stripe.Customer.create_source(customer.id, source=token.id)
        self.assertEqual(source.id, token.card.id)
        self.assertTrue(stripe.Token.retrieve(token.id).used)
        with self.assertRaises(stripe.error.InvalidRequestError) as caught:
            stripe.Customer.create_source(customer.id, source=token.id)
        self.assertEqual(caught.exception.code, "token_already_used")
        self.assertEqual(len(stripe.Customer.list_sources(customer.id).data), 1)
        self.assertTrue(stripe.Customer.delete_source(customer.id, source.id).deleted)

    def test_setup_intent(self):
        customer = stripe.Customer.create(email=address())
        intent = stripe.SetupIntent.create(customer=customer.id, payment_method_types=["card"])
        self.assertEqual(intent.status, "requires_payment_method")
        with self.assertRaises(stripe.error.CardError) as caught:
            stripe.SetupIntent.confirm(intent.id, payment_method="pm_card_visa_chargeDeclined")
        self.assertEqual(caught.exception.error.setup_intent.id, intent.id)
        self.assertEqual(stripe.SetupIntent.confirm(intent.id, payment_method="pm_card_visa").status, "succeeded")
        self.assertEqual(len(stripe.Customer.list_payment_methods(customer.id).data), 1)
        at_once = stripe.SetupIntent.create(customer=customer.id, payment_method="pm_card_visa", confirm=True,
                                            automatic_payment_methods={"enabled": True, "allow_redirects": "never"})
        self.assertEqual(at_once.status, "succeeded")
        canceled = stripe.SetupIntent.cancel(stripe.SetupIntent.create().id)
        self.assertEqual(canceled.status, "canceled")

    def test_declines(self):
        cases = {
            "chargeDeclined": ("card_declined", "generic_decline"),
            "chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
            "chargeDeclinedFraudulent": ("card_declined", "fraudulent"),
            "chargeDeclinedIncorrectCvc": ("incorrect_cvc", None),
            "chargeDeclinedExpiredCard": ("expired_card", None),
            "chargeDeclinedProcessingError": ("processing_error", None),
        }
        customer = stripe.Customer.create().id
        for name, (code, decline_code) in cases.items():
            method = stripe.PaymentMethod.create(type="card", card={"token": "tok_" + name})
            calls = {
                "source": lambda: stripe.Customer.create(source="tok_" + name),
                "attach": lambda: stripe.PaymentMethod.attach(method.id, customer=customer),
                "twin": lambda: stripe.PaymentMethod.attach("pm_card_" + name, customer=customer),
            }
            for what, act in calls.items():
                with self.subTest(name=name, call=what), self.assertRaises(stripe.error.CardError) as caught:
                    act()
                self.assertEqual(caught.exception.http_status, 402)
                self.assertEqual(caught.exception.code, code)
                self.assertEqual(caught.exception.error.get("decline_code"), decline_code)


class Errors(unittest.TestCase):
    def test_classes(self):
        cases = [
            (stripe.error.AuthenticationError, 401, lambda: stripe.Customer.list(api_key="sk_test_wrong_key")),
            (stripe.error.InvalidRequestError, 404, lambda: stripe.Customer.retrieve("cus_x")),
            (stripe.error.InvalidRequestError, 400, lambda: stripe.Customer.create(foo="bar")),
            (stripe.error.InvalidRequestError, 400, lambda: stripe.Customer.create(source="tok_x")),
            (stripe.error.InvalidRequestError, 404, lambda: stripe.Product.list()),
        ]
        for kind, status, act in cases:
            with self.subTest(status=status), self.assertRaises(kind) as caught:
                act()
            self.assertEqual(caught.exception.http_status, status)
            self.assertTrue(caught.exception.request_id.startswith("req_"))

    def test_members(self):
        with self.assertRaises(stripe.error.InvalidRequestError) as caught:
            stripe.Customer.create(foo="bar")
        self.assertEqual(caught.exception.param, "foo")
        self.assertEqual(caught.exception.code, "parameter_unknown")
        self.assertEqual(caught.exception.user_message, "Received unknown parameter: foo")


class Idempotency(unittest.TestCase):
    def test_replay(self):
        key, email = uuid.uuid4().hex, address()
        first = stripe.Customer.create(email=email, idempotency_key=key)
        second = stripe.Customer.create(email=email, idempotency_key=key)
        self.assertEqual(first.id, second.id)
        self.assertEqual(second.last_response.headers["idempotent-replayed"], "true")
        self.assertEqual(second.last_response.headers["original-request"], first.last_response.request_id)
        self.assertEqual(len(stripe.Customer.list(email=email).data), 1)

    def test_other_parameters(self):
        key = uuid.uuid4().hex
        stripe.Customer.create(email=address(), idempotency_key=key)
        with self.assertRaises(stripe.error.IdempotencyError) as caught:
            stripe.Customer.create(email=address(), idempotency_key=key)
        self.assertEqual(caught.exception.http_status, 400)


class Versions(unittest.TestCase):
    def test_echo(self):
        reply = stripe.Customer.list(stripe_version="2022-11-15").last_response
        self.assertEqual(reply.headers["stripe-version"], "2022-11-15")

    def test_events(self):
        made = stripe.Customer.create(email=address())
        event = stripe.Event.list(type="customer.created", limit=1).data[0]
        self.assertEqual(event.data.object.id, made.id)
        self.assertEqual(stripe.Event.retrieve(event.id).type, "customer.created")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Says 500 to the first delivery, 200 to those after it, and keeps all."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        first = self.server.heard.qsize() == 0 and not self.server.seen
        self.server.seen = True
        self.send_response(500 if first else 200)
        self.end_headers()
        self.server.heard.put((body, self.headers))

    def log_message(self, *_):
        pass


class Webhooks(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.server.heard, self.server.seen = queue.Queue(), False
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def test_signed_and_sent_again(self):
        url = f"http://127.0.0.1:{self.server.server_port}/hook"
        endpoint = stripe.WebhookEndpoint.create(url=url, enabled_events=["customer.created"])
        self.addCleanup(stripe.WebhookEndpoint.delete, endpoint.id)
        made = stripe.Customer.create(email=address(), name="Zo\u00eb")
        stripe.Customer.modify(made.id, name="other")
        for _ in range(2):  # the first is answered with 500
            body, headers = self.server.heard.get(timeout=fixture.PATIENCE)
            event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], endpoint.secret)
            self.assertEqual((event.type, event.data.object.id, event.data.object.name, event.pending_webhooks),
                             ("customer.created", made.id, "Zo\u00eb", 1))
            with self.assertRaises(stripe.error.SignatureVerificationError):
                stripe.Webhook.construct_event(body + b" ", headers["Stripe-Signature"], endpoint.secret)
        self.assertTrue(self.server.heard.empty())


if __name__ == "__main__":
    unittest.main()
