# SPDX-License-Identifier: MIT
"""The property that every sign-up keeps, read from the stores alone: Cognito, DynamoDB and Stripe agree, and hold one
of everything and nothing else of an address."""


class Held:
    """What the stores hold of one address. problems collects what is wrong, in words."""

    def __init__(self, stores, email, rows=None):
        self.stores, self.email, self.problems = stores, email, []
        self.rows = stores.rows() if rows is None else rows
        self.user = stores.user(email)
        self.customers = stores.customers(email)

    def expect(self, holds, what):
        if not holds:
            self.problems.append(what)
        return holds

    def one(self, found, what):
        """The only one of these | None"""
        self.expect(len(found) == 1, f"{len(found)} instead of one: {what}")
        return found[0] if len(found) == 1 else None

    def where(self, pk, sk, **attributes):
        """The rows whose keys begin so and whose attributes are these -> list of (pk, sk, attributes)"""
        return [(a, b, row) for (a, b), row in self.rows.items() if a.startswith(pk) and b.startswith(sk)
                and all(row.get(name) == value for name, value in attributes.items())]

    def describe(self):
        lines = [f"      cognito  {self.user}"]
        lines += [f"      stripe   {c.id} {dict(c.metadata)} default {c.invoice_settings.default_payment_method}"
                  for c in self.customers]
        subs = {self.user["username"]} if self.user else set()
        for (pk, sk), row in sorted(self.rows.items()):
            text = f"{pk} {sk} {row}"
            if self.email in text or any(sub in text for sub in subs):
                lines.append(f"      dynamodb {text}")
        return "\n".join(lines)


def check_customer(held, account, intent, attached):
    customer = held.one(held.customers, "customer")
    if not customer:
        return
    held.expect(account["stripe_id"] == customer.id, "the account names another customer")
    held.expect(customer.metadata.get("signup_id") == intent["signup_id"], "the customer is another sign-up's")
    cards = held.stores.cards(customer.id)
    if not attached:
        held.expect(not cards, "a card is attached before the confirmation")
    elif held.one(cards, "attached card"):
        held.expect(customer.invoice_settings.default_payment_method == cards[0].id, "the card is not the default")


def check_records(held, intent, sub):
    """-> the account's attributes | None"""
    accounts = held.where("ACCOUNT#", "DETAILS", owner=sub)
    held.expect(all(row[2]["signup_id"] == intent["signup_id"] for row in accounts), "an account of another sign-up")
    account = held.one(accounts, "account")
    there = held.one(held.where(f"USER#{sub}", "ACCOUNT#"), "membership")
    back = held.one(held.where("ACCOUNT#", "USER#", email=held.email), "membership, other way")
    if not (account and there and back):
        return None
    held.expect(account[0] == there[1] == back[0], "the memberships are of another account")
    held.expect(back[1] == f"USER#{sub}", "the other membership is of another user")
    held.expect(account[0] == "ACCOUNT#" + intent["visible_account_id"], "the account is not the intent's")
    key = held.one(held.where(account[0], "API_KEY#", name="default"), "default API key")
    return account[2], key and key[2]


def check(held, confirmed, attached=True, revealed=True):
    """Everything of one address after its sign-up, and after its confirmation. revealed=None: a confirmed user may still
    have to be shown the key. -> held.problems"""
    intents = [row for row in held.where("SIGNUP#", "INTENT") if row[2]["form"]["email"] == held.email]
    intent = held.one(intents, "intent")
    if not (held.expect(held.user, "no user") and intent):
        return held.problems
    intent, sub = intent[2], held.user["sub"]
    held.expect(intent["step"] == "DONE", f"the intent is {intent['step']}")
    held.expect(intent.get("sub") == sub, "the intent is of another user")
    held.expect(not intent.get("supersedes"), "something superseded is left to remove")
    held.expect(held.user["status"] == ("CONFIRMED" if confirmed else "UNCONFIRMED"), f"user {held.user['status']}")
    user = held.one(held.where("USER#", "DETAILS", email=held.email), "user record")
    if user:
        held.expect(user[0] == f"USER#{sub}", "the user record is of another user")
        held.expect(user[2]["email_verified"] == confirmed, "the user record's email_verified")
    held.expect((held.user.get("email_verified") == "true") == confirmed, "Cognito's email_verified")
    records = check_records(held, intent, sub)
    if records:
        account, key = records
        check_customer(held, account, intent, attached)
        wanted = {"ACTIVE"} if confirmed else {"PENDING_REVEAL"}
        wanted |= {"PENDING_REVEAL"} if revealed is None else set()
        if key and held.expect(key["status"] in wanted, f"the key is {key['status']}"):
            held.expect(("secret_hash" in key) == (key["status"] == "ACTIVE"), "the key's hash")
    return held.problems


def orphans(stores):
    """What belongs to nobody, over everything the stores hold -> list of texts"""
    rows, users = stores.rows(), set(stores.users())
    accounts = {pk for pk, sk in rows if pk.startswith("ACCOUNT#") and sk == "DETAILS"}
    customers = {row["stripe_id"] for (pk, sk), row in rows.items() if pk in accounts and sk == "DETAILS"}
    found = []
    for pk, sk in rows:
        if pk.startswith("USER#") and pk[5:] not in users:
            found.append(f"a row of no user: {pk} {sk}")
        if pk.startswith("ACCOUNT#") and pk not in accounts:
            found.append(f"a row of no account: {pk} {sk}")
        if pk.startswith("ACCOUNT#") and sk.startswith("USER#") and (sk, pk) not in rows:
            found.append(f"half a membership: {pk} {sk}")
        if pk.startswith("USER#") and sk.startswith("ACCOUNT#") and (sk, pk) not in rows:
            found.append(f"half a membership: {pk} {sk}")
    found += [f"a customer of no account: {one.id} {one.email}" for one in stores.customers()
              if one.id not in customers]
    return found
