# SPDX-License-Identifier: MIT
"""The canary run: a production server at its most talkative, over the sandbox, with a string of its own for every secret
and every field of a person. Whatever can go wrong is made to go wrong; then none of the strings may be in a line of the
log, a metric, /status, somebody else's answer, or (where it does not belong) in the table or in what inspect says."""
import base64
import itertools
import json
import os
import re
import shutil
import socket
import tempfile
import unittest
import urllib.parse

from door import CONFIRM, RESEND, SIGNUP, Browser, Sandbox, Stores, fixture
from process import Serve, environment, run

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
SESSION = ("ASIAUSHERSANDBOX0002", "usher/sandbox/temporary/secret/0000000002", "usher/sandbox/session/token/0000000002")
SIGNUP_KEY = "canary-signup-key-5Kq7wPz2-0123456789"
numbers = itertools.count(1)

SETTINGS = """return {
  env = "canary", log = { level = "debug" }, limits = { request_timeout = 2, body = 4096, grace = 0, drain = 2 },
  cognito = { url = "%(cognito)s", user_pool_id = "%(pool)s", client_id = "%(client)s", timeout = 0.5 },
  dynamodb = { url = "%(dynamodb)s", table = "%(table)s", timeout = 0.5 }, ses = { url = "%(ses)s", from = "a@usher.example" },
  stripe = { url = "%(stripe)s", timeout = 0.5 }, outbox = { interval = 0.1, first_delay = 0.05 },
  captcha = { provider = "%(captcha)s", url = "%(captcha_url)s/siteverify" },
  signup = { lease = 1, conceal_existing = %(conceal)s }, resend = { interval = 0, per_hour = 100 },
  attempts = { per_address = 0, per_email = 0, overall = 0, cards_per_address = 0 },
}"""

# Scripts that break with the request in their hands: path, body of the function. `form` is what was sent.
BROKEN = {
  "/says": 'error("cannot work with " .. form.password .. " of " .. form.email)',
  "/says_folded": 'error("no " .. form.email:upper() .. " and no " .. form.name:lower())',
  "/says_json": 'error(req.body)',
  "/says_quoted": 'error(("no %q"):format(form.password))',
  "/says_table": 'error(form)',
  "/says_object": 'error(setmetatable({}, { __tostring = function() return form.password end }))',
  "/says_cookie": 'error("who is " .. req:header("cookie") .. req:header("authorization"))',
  "/says_query": 'error("what is " .. req.query.email .. " of " .. req.target)',
  "/adds": 'return form.password + 1',
  "/calls": 'return form.name:nothing()',
  "/indexes": 'return form.password.x.y',
  "/concatenates": 'return form.email .. nil',
  "/compiles": 'assert(load("return " .. form.password .. form.name, form.password))',
  "/formats": 'return ("%d"):format(form.password)',
  "/asserts": 'assert(form.password == 1, form.email)',
  "/requires": 'return require(form.organization)',
  "/returns": 'return form.password',
  "/encodes": 'return { json = { [form.email] = print } }',
  "/fails": 'require "fail"(form.password, form.email)',
  "/deep": 'local function f(a, b) return g(a, b) .. "" end f(form.password, form.email)',
  "/joins": 'require "task".all { function() error("cannot work with " .. form.password) end }',
  "/spawns": 'local p = form.password require "task".spawn(function() error("cannot work with " .. p) end)'
             ' require "clock".sleep(0)',
  "/spawns_later": 'local p = form.password require "task".spawn(function() require "clock".sleep(0.05)'
                   ' require "task".spawn(function() error("cannot work with " .. p) end) end) return { json = {} }',
  "/after": 'local e = form.email require "task".after(0.02, function() error("no " .. e:upper()) end) return { json = {} }',
  "/wraps": 'coroutine.wrap(function() coroutine.wrap(function() error(form.password .. form.name) end)() end)()',
  "/resumes": 'local _, e = coroutine.resume(coroutine.create(function() error(form.password) end)) error(e, 0)',
  "/logs": 'require "log".info("looked", { password = form.password, email = form.email, list = { form } , '
           'token = form.stripe_token, who = { name = form.name, organization = form.organization } })'
           ' return { json = {} }',
}


class Person:
    """Somebody whose every field is told apart from everything else that ever is."""

    def __init__(self):
        n = next(numbers)
        self.mark = f"canary{n}x"
        self.fields = {
            "email": f"{self.mark}mail@example.com", "name": f"{self.mark}Name of Jane",
            "organization": f"{self.mark}Organization", "password": f"Zq8-{self.mark}Password", "country": "GB",
            "stripe_token": "tok_visa", "captcha_token": f"{self.mark}captcha",
            **{f"utm_{name}": f"{self.mark}utm{name}" for name in ("source", "medium", "campaign", "term", "content")},
        }
        self.key = f"{self.mark}idempotency"
        self.secrets = set()  # proofs, codes, API keys: told by answers and mails

    @property
    def email(self):
        return self.fields["email"]

    def learn(self, answer):
        for name in ("signup_token", "secret"):
            self.secrets.update(re.findall(rf'"{name}":"([^"]+)"', answer.text))
        return answer

    def words(self):
        return {value.lower() for name, value in self.fields.items() if name not in ("country", "stripe_token")} | {
            self.mark, self.key}


class World:
    def __init__(self, conceal=False, captcha="off"):
        self.ready = fixture.start()
        self.stores, self.sandbox = Stores(self.ready), Sandbox(self.ready)
        self.people, self.public = [], []  # everybody; (whose request, answer)
        parts = {**self.ready["sandbox"], "pool": self.ready["user_pool_id"], "client": self.ready["client_id"],
                 "table": self.ready["table"], "conceal": "true" if conceal else "false", "captcha": captcha,
                 "captcha_url": self.ready["sandbox"]["captcha"]}
        self.settings = SETTINGS % parts
        self.env = {"USHER_CLIENT_SECRET": self.ready["client_secret"], "STRIPE_API_KEY": self.ready["stripe_key"],
                    "USHER_SIGNUP_KEY": SIGNUP_KEY, "USHER_CAPTCHA_SECRET": self.ready["captcha_secret"],
                    "AWS_ACCESS_KEY_ID": SESSION[0], "AWS_SECRET_ACCESS_KEY": SESSION[1], "AWS_SESSION_TOKEN": SESSION[2],
                    "AWS_REGION": self.ready["region"]}
        self.scripts = self.break_scripts()
        self.usher = Serve(self.settings, scripts=self.scripts.name, env=self.env)
        self.url = f"http://127.0.0.1:{self.usher.port}"

    def break_scripts(self):
        folder = tempfile.TemporaryDirectory()
        shutil.copytree(os.path.join(ROOT, "scripts"), folder.name, dirs_exist_ok=True)
        os.mkdir(folder.name + "/broken")
        routes = ""
        for path, body in BROKEN.items():
            routes += f'  {{ "POST", "{path}", "broken.{path[1:]}" }},\n'
            with open(f"{folder.name}/broken/{path[1:]}.lua", "w", encoding="utf-8") as file:
                file.write("-- luacheck: ignore\nreturn function(req)\n  local form = req:json()\n  " + body + "\nend\n")
        with open(folder.name + "/routes.lua", encoding="utf-8") as file:
            text = file.read()
        end = text.rindex("}")
        with open(folder.name + "/routes.lua", "w", encoding="utf-8") as file:
            file.write(text[:end] + routes + "}\n")
        return folder

    def person(self):
        self.people.append(Person())
        return self.people[-1]

    def tell(self, person, answer):
        self.public.append((person, answer))
        return person.learn(answer)

    def post(self, person, path, fields, browser=None, **headers):
        return self.tell(person, (browser or Browser(self.url)).post(path, fields, **headers))

    def raw(self, data):
        with socket.create_connection(("127.0.0.1", self.usher.port), timeout=fixture.PATIENCE) as wire:
            wire.sendall(data)
            wire.shutdown(socket.SHUT_WR)
            text = b""
            while piece := wire.recv(65536):
                text += piece
        return text.decode("latin-1")

    def code(self, person):
        """The latest that was mailed."""
        codes = [mail["code"] for mail in self.stores.mails(person.email) if mail["code"]]
        person.secrets.update(codes)
        return codes[0] if codes else "000001"

    def close(self):
        self.usher.__exit__()
        self.scripts.cleanup()
        self.sandbox.clear()


ECHO_OF = {  # what a vendor would repeat of what it was sent
    "cognito": "1 validation error detected: Value '{email}' at 'password' '{password}' of {name}",
    "dynamodb": "The provided item {email} {name} {organization} {utm_source} is invalid",
    "stripe": "Invalid email address: {email}; no such token: {stripe_token}; {name}",
}
OPERATIONS = {
    "cognito": ["SignUp", "AdminGetUser", "ConfirmSignUp", "ResendConfirmationCode", "AdminUpdateUserAttributes",
                "InitiateAuth", "AdminDeleteUser"],
    "dynamodb": ["PutItem", "UpdateItem", "GetItem", "TransactWriteItems", "Query", "BatchWriteItem", "DeleteItem"],
    "stripe": ["create_customer", "create_payment_method", "attach_payment_method", "update_customer",
               "delete_customer", "list_customers"],
}
ERRORS = {
    "cognito": [("InvalidParameterException", 400), ("InvalidPasswordException", 400), ("NotAuthorizedException", 400),
                ("UserLambdaValidationException", 400), ("{email}", 400)],
    "dynamodb": [("ValidationException", 400), ("ConditionalCheckFailedException", 400)],
    "stripe": [("card_declined", 402), ("parameter_unknown", 400), ("{email}", 400)],
}


def provoke_the_wire(world):
    person = world.person()
    mark, email = person.mark, person.email
    for data in (
        f"GET /{mark} HTTP/9.9\r\n\r\n", f"{mark} / HTTP/1.1\r\n\r\n", f"POST {SIGNUP} HTTP/1.1\r\nHost: a\r\n{mark}\r\n\r\n",
        f"POST {SIGNUP} HTTP/1.1\r\nHost: {mark}\r\nContent-Length: {mark}\r\n\r\n",
        f"POST {SIGNUP}?email={email} HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n{mark}",
        f"POST {SIGNUP} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{mark}",
        f"GET http://{email}/ HTTP/1.1\r\nHost: a\r\n\r\n", f"GET /%zz{mark} HTTP/1.1\r\nHost: a\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {mark}\r\n\r\n",
        f"GET /?email={email} HTTP/1.1\r\nHost: a\r\nX-Request-Id: \x01{mark}\r\n\r\n",
    ):
        world.raw(data.encode())
    for path in (f"{SIGNUP}?email={email}&password={mark}", f"/{mark}", f"/api/account/confirm?{mark}",
                 f"/api/account/{urllib.parse.quote(email)}"):
        for method in ("GET", "POST", "PUT", "OPTIONS"):
            world.tell(person, Browser(world.url).send(method, path, b"", {"Referer": f"https://{mark}/", "Origin": mark}))


def provoke_the_reader(world):
    person = world.person()
    good = json.dumps(person.fields).encode()
    kinds = {"Content-Type": "application/json"}
    for body in (good[:-1], good + good, good.replace(b'"email"', b"'email'"), b"[" + good + b"]",
                 good[:-1] + b',"email":"x"}', good.replace(b"Name", b"Na\xffme"), good.replace(b"Name", b"Na\\u0000me"),
                 json.dumps(person.email).encode(), b'{"' + person.mark.encode() + b'":1,"' + person.mark.encode() + b'":2}'):
        world.tell(person, Browser(world.url).send("POST", SIGNUP, body, kinds))
    world.tell(person, Browser(world.url).send("POST", SIGNUP, good, {"Content-Type": "text/" + person.mark}))
    world.post(person, SIGNUP, person.fields, Idempotency_Key=person.mark + "\t x")
    for name in person.fields:
        for value in (person.mark + "\x01", {person.mark: person.mark}, [person.mark], person.mark * 600):
            world.post(person, SIGNUP, {**person.fields, name: value})
            world.post(person, CONFIRM, {"email": person.email, "code": "123456", name: value})


def provoke_the_flow(world):
    """A whole life: declined, signed up, superseded, confirmed wrongly and well, again, with somebody else's things."""
    person, browser = world.person(), Browser(world.url)
    for card in ("tok_chargeDeclined", f"tok_{person.mark}", "tok_visa"):
        world.post(person, SIGNUP, {**person.fields, "stripe_token": card}, browser, Idempotency_Key=person.key)
    other = world.person()
    world.post(person, SIGNUP, {**person.fields, "name": other.fields["name"]}, browser, Idempotency_Key=person.key)
    world.post(other, SIGNUP, other.fields, Idempotency_Key=person.key)
    for code in ("000000", world.code(person)):
        world.post(person, CONFIRM, {"email": person.email, "code": code})
        world.post(person, CONFIRM, {"email": person.email, "code": code, "signup_token": person.mark})
    world.post(person, RESEND, {"email": person.email}, browser)
    for _ in range(2):
        world.post(person, CONFIRM, {"email": person.email, "code": world.code(person)}, browser)
    world.post(person, SIGNUP, {**person.fields, "password": other.fields["password"]})
    world.post(person, SIGNUP, person.fields, browser, Idempotency_Key=person.key)
    return person


def provoke_the_vendors(world):
    for service, operations in OPERATIONS.items():
        rows = [*itertools.product(operations, ERRORS[service]), (operations[0], ("InternalErrorException", 500))]
        for operation, (code, status) in rows:
            person, browser = world.person(), Browser(world.url)
            fields = {**person.fields}
            error = {"code": code.format(**fields), "status": status, "message": ECHO_OF[service].format(**fields)}
            world.sandbox.arm(service, operation, "refuse", count=9, error=error)
            answer = world.post(person, SIGNUP, fields, browser, Idempotency_Key=person.key)
            world.post(person, SIGNUP, {**fields, "name": "Other"}, browser)
            world.post(person, RESEND, {"email": person.email}, browser)
            world.post(person, CONFIRM, {"email": person.email, "code": "000000"}, browser)
            if answer.status == 201:
                world.post(person, CONFIRM, {"email": person.email, "code": world.code(person)}, browser)
            world.sandbox.clear()


def provoke_silence(world):
    for (service, operation), kind in itertools.product(
            (("cognito", "SignUp"), ("dynamodb", "PutItem"), ("stripe", "create_customer"), ("cognito", "ConfirmSignUp"),
             ("dynamodb", "TransactWriteItems")), ("lost_answer", "hang")):
        person, browser = world.person(), Browser(world.url)
        world.sandbox.arm(service, operation, kind, count=3)
        answer = world.post(person, SIGNUP, person.fields, browser)
        if answer.status == 201:
            world.post(person, CONFIRM, {"email": person.email, "code": world.code(person)}, browser)
        world.sandbox.clear()


def provoke_scripts(world):
    person = world.person()
    browser = Browser(world.url)
    browser.cookies = {"__Host-usher_signup": person.mark + "cookie"}
    for path in BROKEN:
        answer = world.post(person, path + "?email=" + person.email, person.fields, browser,
                            Authorization="Bearer " + person.mark + "bearer", Idempotency_Key=person.key)
        assert answer.status in (200, 500), (path, answer.status, answer.text)


class Canary(unittest.TestCase):
    maxDiff = None

    def play(self, *acts, **settings):
        world = World(**settings)
        self.addCleanup(world.close)
        for act in acts:
            act(world)
        return world

    def forbidden(self, world):
        """{string: what it is}"""
        found = {SIGNUP_KEY: "signup key", SESSION[1]: "AWS secret", SESSION[2]: "session token",
                 world.ready["client_secret"]: "client secret", world.ready["stripe_key"]: "Stripe key",
                 world.ready["captcha_secret"]: "captcha secret"}
        for person in world.people:
            found.update({word: "a person" for word in person.words()})
            found.update({secret: "a proof, a code or a key" for secret in person.secrets})
        for word in list(found):
            found[urllib.parse.quote(word, safe="")] = found[word]
            found[base64.b64encode(word.encode()).decode().rstrip("=")[:-1]] = found[word]
        return found

    def assert_clean(self, text, forbidden, where):
        folded = text.lower()
        for word, what in forbidden.items():
            at = folded.find(word.lower())
            if re.fullmatch(r"\d{6}", word):  # six digits are also a part of ids and of longer numbers
                found = re.search(rf"(?<![\w.-]){word}(?![\w-])", folded)
                at = found.start() if found else -1
            if at >= 0:
                self.fail(f"{where} shows {what} ({word}): {text[max(text.rfind(chr(10), 0, at), 0):at + 200][-1500:]}")

    def check(self, world):
        forbidden = self.forbidden(world)
        self.assertGreater(len(world.people), 0)
        metrics = world.usher.get("/metrics", admin=True)[2]
        status = world.usher.get("/status", admin=True)[2]
        world.usher.signal()
        self.assertEqual(world.usher.end(), 0)
        log = "".join(world.usher.said)
        self.assertIn('"event":"serving"', log)
        with self.subTest("metrics"):
            self.assertIn("SIGNUP_", metrics)
            self.assert_clean(metrics, forbidden, "a metric")
        with self.subTest("status"):
            self.assert_clean(status, forbidden, "/status")
        with self.subTest("log"):
            for line in log.splitlines():
                json.loads(line)
            self.assert_clean(log, forbidden, "the log")
        for person, answer in world.public:
            others = {word: what for word, what in forbidden.items() if person.mark not in word.lower()
                      and what != "a proof, a code or a key"}
            with self.subTest("an answer"):
                self.assert_clean(answer.text + str(answer.headers), others, f"an answer to {person.mark}")

    def test_the_wire_and_the_reader(self):
        self.check(self.play(provoke_the_wire, provoke_the_reader))

    def test_vendors_that_repeat_what_they_heard(self):
        self.check(self.play(provoke_the_vendors))

    def test_vendors_that_say_nothing(self):
        self.check(self.play(provoke_silence))

    def test_scripts_that_break(self):
        self.check(self.play(provoke_scripts))

    def test_lives(self):
        for settings in ({}, {"conceal": True}, {"captcha": "turnstile"}):
            with self.subTest(settings):
                world = self.play(provoke_the_flow, **settings)
                self.check(world)

    def test_the_table_and_inspect(self):
        world = self.play()
        person = provoke_the_flow(world)
        secrets = {word: what for word, what in self.forbidden(world).items() if what != "a person"}
        for name in ("password", "captcha_token"):
            secrets[person.fields[name]] = name
        secrets[person.key] = "an Idempotency-Key"
        secrets[f"tok_{person.mark}"] = "a card token"
        for key, row in world.stores.rows().items():
            self.assert_clean(repr(key) + repr(row), secrets, "the table")
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
            file.write(world.settings)
            file.flush()
            code, out, err = run("inspect", "--json", "--config", file.name, person.email,
                                 env=environment(world.env))
        self.assertIn(code, (0, 1), err)
        self.assertIn(person.email, out)
        self.assert_clean(out, secrets, "inspect")
        self.assert_clean(err, self.forbidden(world), "inspect's log")


if __name__ == "__main__":
    unittest.main()
