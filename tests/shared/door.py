# SPDX-License-Identifier: MIT
"""A browser in front of `usher dev`, and eyes on the stores behind it.

The stores are read with the vendors' own clients: what usher wrote is what anybody else would find.
"""
import base64
import hmac
import http.client
import json
import re
import tempfile
import urllib.parse
import urllib.request

import boto3
import botocore.config
import stripe

import fixture

SIGNUP, CONFIRM, RESEND = "/api/account/signup", "/api/account/confirm_signup", "/api/account/resend_code"


def form(email, /, **changes):
    """A good sign-up form; a change to None takes the field away."""
    fields = {"email": email, "name": "Ada Lovelace", "country": "GB", "organization": "Analytical Engines",
              "password": "Corr3ct-Horse!", "stripe_token": "tok_visa", **changes}
    return {name: value for name, value in fields.items() if value is not None}


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.text = response.status, response.headers, response.read().decode()
        self.json = json.loads(self.text) if self.text else None

    @property
    def code(self):
        return self.json["error"]["code"]

    @property
    def fields(self):
        """{"email": ["required"], …}"""
        found = {}
        for field in self.json["error"].get("fields", []):
            found.setdefault(field["field"], []).append(field["code"])
        return found


class Browser:
    """Keeps its cookies, as a browser does."""

    def __init__(self, url):
        self.address, self.cookies = urllib.parse.urlsplit(url).netloc, {}

    def send(self, method, path, body=b"", headers=None):
        """One exchange on a connection of its own -> Answer."""
        connection = http.client.HTTPConnection(self.address, timeout=fixture.PATIENCE)
        try:
            cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            headers = {**({"Cookie": cookies} if cookies else {}), **(headers or {})}
            connection.request(method, path, body, headers)
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def post(self, path, fields, **headers):
        """headers: Idempotency_Key="k" and the like."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", path, json.dumps(fields).encode(), {"Content-Type": "application/json", **names})


class Stores:
    """What Cognito, DynamoDB, Stripe and the mailbox hold."""

    def __init__(self, ready):
        self.ready = ready
        options = {"region_name": ready["region"], "aws_access_key_id": ready["access_key_id"],
                   "aws_secret_access_key": ready["secret_access_key"],
                   "config": botocore.config.Config(retries={"max_attempts": 0})}
        self.table = boto3.resource("dynamodb", endpoint_url=ready["sandbox"]["dynamodb"], **options).Table(
            ready["table"])
        self.cognito = boto3.client("cognito-idp", endpoint_url=ready["sandbox"]["cognito"], **options)
        self.stripe()

    def rows(self):
        """All items, as {(pk, sk): the attributes}."""
        items, page = [], self.table.scan(ConsistentRead=True)
        items += page["Items"]
        while "LastEvaluatedKey" in page:
            page = self.table.scan(ConsistentRead=True, ExclusiveStartKey=page["LastEvaluatedKey"])
            items += page["Items"]
        return {(item.pop("pk"), item.pop("sk")): item for item in items}

    def untold(self):
        """The keys of what waits in the outbox, dead letters as well."""
        return [key for key in self.rows() if key[0].startswith("OUTBOX#")]

    def user(self, email):
        """-> {"status", "username", attributes…} | None"""
        try:
            found = self.cognito.admin_get_user(UserPoolId=self.ready["user_pool_id"], Username=email)
        except self.cognito.exceptions.UserNotFoundException:
            return None
        attributes = {entry["Name"]: entry["Value"] for entry in found["UserAttributes"]}
        return {**attributes, "status": found["UserStatus"], "username": found["Username"]}

    def users(self):
        """The user names of the pool."""
        pages = self.cognito.get_paginator("list_users").paginate(UserPoolId=self.ready["user_pool_id"])
        return sorted(user["Username"] for page in pages for user in page["Users"])

    def stripe(self):
        """The client, whose settings are the process's, turned to this sandbox."""
        stripe.api_base, stripe.api_key = self.ready["sandbox"]["stripe"], self.ready["stripe_key"]
        stripe.max_network_retries = 0
        return stripe

    def customers(self, email=None):
        return list(self.stripe().Customer.list(limit=100, **({"email": email} if email else {})).auto_paging_iter())

    def cards(self, customer):
        return list(self.stripe().PaymentMethod.list(customer=customer, type="card").auto_paging_iter())

    def mails(self, email):
        """Newest first."""
        address = urllib.parse.urlsplit(self.ready["mailbox_url"])
        connection = http.client.HTTPConnection(address.netloc, timeout=fixture.PATIENCE)
        connection.request("GET", address.path + "?to=" + urllib.parse.quote(email))
        mails = json.loads(connection.getresponse().read())
        connection.close()
        return mails

    def code(self, email):
        return self.mails(email)[0]["code"]

    def signs_in(self, email, password):
        """Does Cognito let them in?"""
        message = (email + self.ready["client_id"]).encode()
        mac = hmac.digest(self.ready["client_secret"].encode(), message, "sha256")
        try:
            self.cognito.initiate_auth(ClientId=self.ready["client_id"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters={
                "USERNAME": email, "PASSWORD": password, "SECRET_HASH": base64.b64encode(mac).decode()})
        except (self.cognito.exceptions.NotAuthorizedException, self.cognito.exceptions.UserNotConfirmedException):
            return False
        return True

    def empty(self):
        """Nobody was ever here."""
        with self.table.batch_writer() as batch:
            for pk, sk in self.rows():
                batch.delete_item(Key={"pk": pk, "sk": sk})
        for name in self.users():
            self.cognito.admin_delete_user(UserPoolId=self.ready["user_pool_id"], Username=name)
        for customer in self.customers():
            customer.delete()

    def whole(self, email):
        """Exactly one of everything that belongs to the address -> its account id; raises AssertionError."""
        user, customers, rows = self.user(email), self.customers(email), self.rows()
        sub = user["sub"]
        intents = [row for key, row in rows.items() if key[1] == "INTENT" and row["form"]["email"] == email]
        mine = {key for key in rows if key[0] == "USER#" + sub}
        accounts = {sk for _, sk in mine if sk.startswith("ACCOUNT#")}
        assert len(customers) == len(intents) == len(accounts) == 1, (customers, intents, accounts)
        account = accounts.pop()
        assert mine == {("USER#" + sub, "DETAILS"), ("USER#" + sub, account)}, mine
        kinds = sorted(sk.split("#")[0] for pk, sk in rows if pk == account)
        assert kinds == ["API_KEY", "DETAILS", "USER"], kinds
        assert rows[account, "DETAILS"]["stripe_id"] == customers[0].id
        assert rows[account, "DETAILS"]["owner"] == sub and intents[0]["step"] == "DONE"
        others = [sk for pk, sk in rows if (pk, "DETAILS") not in rows and pk.startswith(("USER#", "ACCOUNT#"))]
        assert not others, others
        return account.removeprefix("ACCOUNT#")

    def snapshot(self):
        """Everything that a request could have written, once the seed of each key that was shown has gone; not the
        lease that the outbox takes in its own time."""
        fixture.until(lambda: not any("seed" in row for row in self.rows().values()), "the seeds have gone")
        rows = {key: row for key, row in self.rows().items() if key != ("OUTBOX", "LEASE")}
        return rows, self.users(), sorted(customer.id for customer in self.customers())


def metrics(ready):
    """What the admin listener tells Prometheus."""
    with urllib.request.urlopen(ready["admin_url"] + "/metrics", timeout=fixture.PATIENCE) as answer:
        return answer.read().decode()


def metric(ready, name, *labels):
    """The sum of a counter over all that has these labels, like 'step="hook"'."""
    return sum(float(line.rsplit(" ", 1)[1]) for line in metrics(ready).splitlines()
               if re.match(name + "[ {]", line) and all(label in line for label in labels))


def usher(settings, *options, **more):
    """A `usher dev` of one's own with these settings (Lua text of a table) -> fixture.Usher."""
    file = tempfile.NamedTemporaryFile("w", suffix=".lua")
    file.write("return " + settings)
    file.flush()
    started = fixture.Usher("--config", file.name, *options, **more)
    started.config = file  # there as long as it serves: it is watched
    return started


class Sandbox:
    """The sandbox's own switches: calls that break, what has been called, and the time."""

    def __init__(self, ready):
        self.address = urllib.parse.urlsplit(ready["sandbox"]["mailbox"]).netloc

    def ask(self, method, path, fields=None):
        connection = http.client.HTTPConnection(self.address, timeout=fixture.PATIENCE)
        try:
            connection.request(method, path, json.dumps(fields) if fields else None)
            response = connection.getresponse()
            text = response.read()
            assert response.status < 400, (path, fields, text)
            return json.loads(text) if text else None
        finally:
            connection.close()

    def arm(self, service, operation, kind, **more):
        """-> the fault's id"""
        fields = {"service": service, "operation": operation, "kind": kind, **more}
        return self.ask("POST", "/faults", {name: value for name, value in fields.items() if value is not None})["id"]

    def look(self, fault):
        return self.ask("GET", f"/faults/{fault}")

    def hanging(self, fault):
        """Waits until a call hangs -> whether it does."""
        return self.ask("GET", f"/faults/{fault}?until=hanging&within={fixture.PATIENCE}")["state"] == "hanging"

    def release(self, fault):
        """What hangs goes on."""
        self.ask("POST", f"/faults/{fault}/release")

    def clear(self):
        self.ask("DELETE", "/faults")

    def turn(self, **switches):
        """Facts that vary between reports of the real services."""
        self.ask("POST", "/switches", switches)

    def advance(self, seconds):
        self.ask("POST", "/clock", {"advance": seconds})

    def reset_clock(self):
        self.ask("DELETE", "/clock")

    def last(self):
        """The number of the latest call."""
        return max((call["number"] for call in self.ask("GET", "/calls?last=1")), default=0)

    def calls(self, since=0):
        """[(number, "service Operation"), …] after call `since`."""
        return [(call["number"], call["service"] + " " + call["operation"])
                for call in self.ask("GET", f"/calls?since={since}")]

    def tokens(self, since, operation):
        """By which those calls after call `since` may be repeated -> set"""
        return {call.get("token") for call in self.ask("GET", f"/calls?since={since}") if call["operation"] == operation}
