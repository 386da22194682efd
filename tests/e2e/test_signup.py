# SPDX-License-Identifier: MIT
"""The sign-up from the browser's first click to the API key, and what it leaves behind in the three stores."""
import hashlib
import itertools
import threading
import unittest

from door import CONFIRM, RESEND, SIGNUP, Browser, Stores, fixture, form, metric, metrics

ready = stores = None
numbers = itertools.count(1)


def setUpModule():
    global ready, stores
    ready = fixture.start()
    stores = Stores(ready)


def browser():
    return Browser(ready["url"])


def somebody():
    """An address that nobody else uses."""
    return f"ada.{next(numbers)}@example.com"


class Flow(unittest.TestCase):
    maxDiff = None

    def complete(self, email, visible_account_id):
        """Exactly one of everything, and it agrees. -> (rows of this person, user, customer)"""
        user, customers = stores.user(email), stores.customers(email)
        self.assertEqual(len(customers), 1)
        sub, account = user["sub"], "ACCOUNT#" + visible_account_id
        mine = {key: row for key, row in stores.rows().items()
                if sub in key[0] + key[1] or key[0] == account or row.get("form", {}).get("email") == email}
        key_rows = [key for key in mine if key[1].startswith("API_KEY#")]
        intents = [key for key in mine if key[1] == "INTENT"]
        self.assertEqual(len(key_rows), 1)
        self.assertEqual(len(intents), 1)
        self.assertEqual(sorted(mine), sorted([
            ("USER#" + sub, "DETAILS"), (account, "DETAILS"), ("USER#" + user["username"], account),
            (account, "USER#" + user["username"]), key_rows[0], intents[0]]))
        self.assertEqual(mine[intents[0]]["step"], "DONE")
        self.assertRegex(intents[0][0], r"^SIGNUP#[0-9a-f]{64}$")
        cards = stores.cards(customers[0].id)
        self.assertEqual([card.id for card in cards], [customers[0].invoice_settings.default_payment_method])
        self.assertEqual(mine[(account, "DETAILS")]["stripe_id"], customers[0].id)
        return mine, user, customers[0]

    def test_from_the_form_to_the_key(self):
        email, jane = somebody(), browser()
        before = metric(ready, "SIGNUP_SUCCESS"), metric(ready, "SIGNUP_CONFIRM_SUCCESS")

        answer = jane.post(SIGNUP, form(" " + email.upper() + " ", name="Zoe\u0308", utm_source="ads"))
        self.assertEqual(answer.status, 201, answer.text)
        account_id, token = answer.json["visible_account_id"], answer.json["signup_token"]
        self.assertEqual(answer.json, {"visible_account_id": account_id, "signup_token": token, "code_sent": True,
                                       "next": "confirm_signup"})
        cookie = [part.strip() for part in answer.headers["Set-Cookie"].split(";")]
        self.assertEqual(cookie[0], "__Host-usher_signup=" + token)
        self.assertEqual(sorted(cookie[1:]), ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"])
        self.assertEqual(answer.headers["Cache-Control"], "no-store")

        mine, user, customer = self.complete(email, account_id)
        self.assertEqual(user["status"], "UNCONFIRMED")
        sub, account = user["sub"], "ACCOUNT#" + account_id
        details = mine[("USER#" + sub, "DETAILS")]
        self.assertEqual(details, {
            "email": email, "name": "Zo\u00eb", "organization": "Analytical Engines", "country": "GB",
            "email_verified": False, "signup_method": "email", "utm": {"source": "ads"},
            "created_at": details["created_at"], "updated_at": details["created_at"]})
        opened = mine[(account, "DETAILS")]
        self.assertEqual(set(opened), {"system_account_id", "stripe_id", "cell_id", "limits", "organization",
                                       "country", "owner", "created_at", "signup_id"})
        self.assertEqual((opened["owner"], opened["country"]), (sub, "GB"))
        self.assertEqual(mine[("USER#" + sub, account)], {
            "role": "OWNER", "status": "ACTIVE", "system_account_id": opened["system_account_id"],
            "cloud_provider": "AWS"})
        self.assertEqual(mine[(account, "USER#" + sub)], {
            "role": "OWNER", "status": "ACTIVE", "email": email, "signup_method": "email"})
        key_row = next(row for key, row in mine.items() if key[1].startswith("API_KEY#"))
        self.assertEqual(key_row, {"name": "default", "prefix": "usher_dev", "status": "PENDING_REVEAL",
                                   "created_at": opened["created_at"]})
        self.assertEqual((customer.email, customer.name, customer.address.country), (email, "Zo\u00eb", "GB"))
        self.assertEqual(dict(customer.metadata), {"signup_id": opened["signup_id"], "sub": sub,
                                                   "account": account_id})

        wrong = jane.post(CONFIRM, {"email": email, "code": "000000" if stores.code(email) != "000000" else "000001"})
        self.assertEqual((wrong.status, wrong.code), (422, "code_invalid_or_expired"))
        answer = jane.post(CONFIRM, {"email": email, "code": stores.code(email)})
        self.assertEqual(answer.status, 200, answer.text)
        key = answer.json["api_key"]
        self.assertEqual(answer.json, {"status": "confirmed", "visible_account_id": account_id, "api_key": key})
        self.assertRegex(key["secret"], r"^usher_dev_[0-9A-Za-z]{22,}_[0-9A-Za-z]+$")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")

        mine, user, _ = self.complete(email, account_id)
        self.assertEqual((user["status"], user["email_verified"]), ("CONFIRMED", "true"))
        self.assertIs(mine[("USER#" + sub, "DETAILS")]["email_verified"], True)
        key_row = mine[(account, "API_KEY#" + key["id"])]
        self.assertEqual(key_row["status"], "ACTIVE")
        self.assertEqual(key_row["secret_hash"], hashlib.sha256(key["secret"].encode()).hexdigest())

        again = jane.post(CONFIRM, {"email": email, "code": stores.code(email)})
        self.assertEqual((again.status, again.json["api_key"]), (200, {"id": key["id"]}))
        self.assertEqual((metric(ready, "SIGNUP_SUCCESS"), metric(ready, "SIGNUP_CONFIRM_SUCCESS")), (before[0] + 1, before[1] + 1))

    def test_the_token_stands_for_the_cookie(self):
        email = somebody()
        token = browser().post(SIGNUP, form(email)).json["signup_token"]
        code = stores.code(email)
        without = browser().post(CONFIRM, {"email": email, "code": code})
        self.assertEqual((without.status, without.code), (422, "signup_superseded"))
        answer = browser().post(CONFIRM, {"email": email, "code": code, "signup_token": token})
        self.assertEqual(answer.status, 200, answer.text)

    def test_the_same_request_again_is_the_same_answer(self):
        email = somebody()
        first = browser().post(SIGNUP, form(email), Idempotency_Key="k-" + email)
        second = browser().post(SIGNUP, form(email), Idempotency_Key="k-" + email)
        self.assertEqual((first.status, second.status), (201, 201))
        self.assertEqual(first.json, second.json)
        self.assertEqual(len(stores.mails(email)), 1)
        other = browser().post(SIGNUP, form(email, name="Another"), Idempotency_Key="k-" + email)
        self.assertEqual((other.status, other.code), (422, "idempotency_key_reused"))
        self.complete(email, first.json["visible_account_id"])

    def test_many_at_once_are_one(self):
        email, answers = somebody(), []

        def sign_up():
            answers.append(browser().post(SIGNUP, form(email), Idempotency_Key="k-" + email))

        threads = [threading.Thread(target=sign_up) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({answer.status for answer in answers} - {201, 409}, set())
        done = [answer.json for answer in answers if answer.status == 201]
        self.assertTrue(done)
        for answer in answers:
            if answer.status == 409:
                self.assertEqual(answer.code, "signup_in_progress")
                self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
            else:
                self.assertEqual(answer.json, done[0])
        self.complete(email, done[0]["visible_account_id"])

    def test_a_declined_card_and_a_better_one(self):
        email, jane = somebody(), browser()
        texts = set()
        for card in ("tok_chargeDeclined", "tok_chargeDeclinedInsufficientFunds"):
            answer = jane.post(SIGNUP, form(email, stripe_token=card))
            self.assertEqual((answer.status, answer.code), (402, "card_not_accepted"))
            texts.add(answer.json["error"]["message"])
        self.assertEqual(len(texts), 1)
        self.assertNotIn("insufficient", texts.pop().lower())
        answer = jane.post(SIGNUP, form(email))
        self.assertEqual(answer.status, 201, answer.text)
        self.complete(email, answer.json["visible_account_id"])
        self.assertEqual(len(stores.mails(email)), 1)

    def test_a_payment_method_instead_of_a_token(self):
        email = somebody()
        answer = browser().post(SIGNUP, form(email, stripe_token="pm_card_visa"))
        self.assertEqual(answer.status, 201, answer.text)
        self.complete(email, answer.json["visible_account_id"])

    def test_a_stranger_first_and_the_owner_second(self):
        email, stranger, owner = somebody(), browser(), browser()
        first = stranger.post(SIGNUP, form(email, password="Str4nger's!"))
        old_code = stores.code(email)
        second = owner.post(SIGNUP, form(email))
        self.assertEqual((first.status, second.status), (201, 201))
        self.assertNotEqual(first.json["visible_account_id"], second.json["visible_account_id"])
        for code in (old_code, stores.code(email)):
            answer = stranger.post(CONFIRM, {"email": email, "code": code})
            self.assertEqual((answer.status, answer.code), (422, "signup_superseded"))
        self.assertEqual(owner.post(CONFIRM, {"email": email, "code": stores.code(email)}).status, 200)
        self.complete(email, second.json["visible_account_id"])
        accounts = {key[0] for key in stores.rows()}
        self.assertNotIn("ACCOUNT#" + first.json["visible_account_id"], accounts)

        taken = stranger.post(SIGNUP, form(email))
        self.assertEqual((taken.status, taken.code), (409, "account_exists"))
        self.assertIsNone(taken.headers["Set-Cookie"])
        self.complete(email, second.json["visible_account_id"])

    def test_another_code(self):
        email, jane = somebody(), browser()
        jane.post(SIGNUP, form(email))
        old = stores.code(email)
        answers = [jane.post(RESEND, {"email": email}), jane.post(RESEND, {"email": email}),
                   browser().post(RESEND, {"email": email}), browser().post(RESEND, {"email": somebody()})]
        self.assertEqual({(answer.status, answer.text) for answer in answers}, {(202, answers[0].text)})
        self.assertEqual(len(stores.mails(email)), 2)
        if stores.code(email) != old:
            late = jane.post(CONFIRM, {"email": email, "code": old})
            self.assertEqual((late.status, late.code), (422, "code_invalid_or_expired"))
        self.assertEqual(jane.post(CONFIRM, {"email": email, "code": stores.code(email)}).status, 200)

    def test_nothing_of_a_person_is_in_the_metrics(self):
        email = somebody()
        answer = browser().post(SIGNUP, form(email))
        text = metrics(ready)
        for secret in (email, "example.com", answer.json["visible_account_id"], answer.json["signup_token"]):
            self.assertNotIn(secret, text)


if __name__ == "__main__":
    unittest.main()
