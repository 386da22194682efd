# SPDX-License-Identifier: MIT
"""Signing in with Google from the first click on: what the three stores hold afterwards, and what must be refused."""
import base64
import json
import unittest
import urllib.parse
import urllib.request

from door import CONFIRM, SIGNUP, Sandbox, Stores, fixture, form, metric
from door import Browser as Door
from sso import CALLBACK, Browser, claims_of, person, query_of, rows_of, with_query

ready = stores = sandbox = None
COOKIE = "__Host-usher_sso"


def setUpModule():
    global ready, stores, sandbox
    ready = fixture.start()
    stores, sandbox = Stores(ready), Sandbox(ready)


def confirmed_native(email):
    door = Door(ready["url"])
    account = door.post(SIGNUP, form(email)).json["visible_account_id"]
    assert door.post(CONFIRM, {"email": email, "code": stores.code(email)}).status == 200
    return account, stores.user(email)


def link(native, who):
    stores.cognito.admin_link_provider_for_user(
        UserPoolId=ready["user_pool_id"],
        DestinationUser={"ProviderName": "Cognito", "ProviderAttributeValue": native["username"]},
        SourceUser={"ProviderName": "Google", "ProviderAttributeName": "Cognito_Subject",
                    "ProviderAttributeValue": who["sub"]})


class SignIn(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.browser = Browser(ready)

    def assert_error(self, reply, code):
        self.assertEqual((reply.status, reply.location), (302, ready["url"] + "/?error=" + code), reply.text)

    def assert_signed_in(self, reply, path="/"):
        self.assertEqual((reply.status, reply.location), (302, ready["url"] + path), reply.text)

    # --- what it makes ---

    def test_a_stranger_becomes_a_customer(self):
        who, before = person(), metric(ready, "SIGNUP_SUCCESS", 'method="google"')
        reply = self.browser.sign_in(who, organization="Analytical Engines", country="gb", utm_source="ads",
                                     return_to="/welcome?tour=1#top")
        self.assert_signed_in(reply, "/welcome?tour=1#top")
        self.assertEqual(reply.headers["Cache-Control"], "no-store")
        mine, user, account_id = rows_of(stores, who["email"])
        found = stores.cognito.admin_get_user(UserPoolId=ready["user_pool_id"], Username="google_" + who["sub"])
        sub = {entry["Name"]: entry["Value"] for entry in found["UserAttributes"]}["sub"]
        username, account = "google_" + who["sub"], "ACCOUNT#" + account_id
        self.assertEqual(found["UserStatus"], "EXTERNAL_PROVIDER")
        self.assertNotEqual(sub, username)
        customer, = stores.customers(who["email"])
        key, = [key for key in mine if key[1].startswith("API_KEY#")]
        intent, = [key for key in mine if key[1] == "INTENT"]
        self.assertEqual(sorted(mine), sorted([
            ("USER#" + sub, "DETAILS"), (account, "DETAILS"), ("USER#" + username, account),
            (account, "USER#" + username), key, intent]))
        self.assertEqual(user, {
            "email": who["email"], "name": "Ada Lovelace", "organization": "Analytical Engines", "country": "GB",
            "email_verified": True, "signup_method": "google", "utm": {"source": "ads"}, "profile_complete": True,
            "created_at": user["created_at"], "updated_at": user["created_at"]})
        details = mine[(account, "DETAILS")]
        self.assertEqual((details["owner"], details["stripe_id"], details["profile_complete"]), (sub, customer.id, True))
        self.assertEqual(mine[("USER#" + username, account)]["role"], "OWNER")
        self.assertEqual(mine[(account, "USER#" + username)], {
            "role": "OWNER", "status": "ACTIVE", "email": who["email"], "signup_method": "google"})
        self.assertEqual(mine[key]["status"], "PENDING_REVEAL")
        self.assertEqual((mine[intent]["step"], mine[intent]["signup_id"]), ("DONE", details["signup_id"]))
        self.assertNotIn("expires_at", mine[intent])
        self.assertEqual(stores.cards(customer.id), [])
        self.assertEqual(dict(customer.metadata), {"signup_id": details["signup_id"], "sub": sub,
                                                   "account": account_id})
        self.assertEqual(stores.mails(who["email"]), [])
        self.assertEqual(metric(ready, "SIGNUP_SUCCESS", 'method="google"'), before + 1)

    def test_without_a_profile(self):
        who = person()
        self.assert_signed_in(self.browser.sign_in(who))
        mine, user, account_id = rows_of(stores, who["email"])
        self.assertEqual((user["organization"], user["country"], user["profile_complete"]), ("", "", False))
        details = mine[("ACCOUNT#" + account_id, "DETAILS")]
        self.assertEqual((details["organization"], details["country"], details["profile_complete"]), ("", "", False))

    def test_again_is_nothing_new(self):
        who = person()
        self.assert_signed_in(self.browser.sign_in(who))
        before = stores.rows()
        self.assert_signed_in(self.browser.sign_in(who, organization="Another"))
        self.assert_signed_in(Browser(ready).sign_in(who))
        self.assertEqual({key: row for key, row in stores.rows().items() if not key[0].startswith("SSO#")},
                         {key: row for key, row in before.items() if not key[0].startswith("SSO#")})
        self.assertEqual(len(stores.customers(who["email"])), 1)

    def test_a_linked_native_user_is_one_person(self):
        who = person()
        account, native = confirmed_native(who["email"])
        link(native, who)
        before = stores.rows()
        self.assert_signed_in(self.browser.sign_in(who))
        after = {key: row for key, row in stores.rows().items() if key not in before and not key[0].startswith("SSO#")}
        self.assertEqual(after, {})
        self.assertEqual(rows_of(stores, who["email"])[2], account)

    def test_a_linked_native_user_without_an_account_gets_one(self):
        who = person()
        stores.cognito.sign_up(ClientId=ready["client_id"], Username=who["email"], Password="Corr3ct-Horse!",
                               SecretHash=self.secret_hash(who["email"]))
        stores.cognito.admin_confirm_sign_up(UserPoolId=ready["user_pool_id"], Username=who["email"])
        link(stores.user(who["email"]), who)
        self.assert_signed_in(self.browser.sign_in(who))
        _, _, account_id = rows_of(stores, who["email"])
        sub = stores.user(who["email"])["sub"]
        self.assertIn(("USER#" + sub, "ACCOUNT#" + account_id), stores.rows())

    @staticmethod
    def secret_hash(name):
        import hashlib
        import hmac
        digest = hmac.new(ready["client_secret"].encode(), (name + ready["client_id"]).encode(), hashlib.sha256)
        return base64.b64encode(digest.digest()).decode()

    def test_a_native_user_of_the_same_address_is_linked(self):
        """The pool's trigger links, Cognito fails the first sign-in of an identity so linked, usher tries again."""
        for fails in (True, False):
            with self.subTest(fails):
                sandbox.turn(already_found_on_first_link=fails)
                self.addCleanup(sandbox.turn, already_found_on_first_link=True)
                who, browser = person(), Browser(ready)
                account, native = confirmed_native(who["email"])
                before = stores.snapshot()
                reply, times = browser.go_on(browser.sign_in(who, return_to="/home"), who)
                self.assert_signed_in(reply, "/home")
                self.assertEqual(times, 1 if fails else 0)
                rows, users, customers = stores.snapshot()
                self.assertEqual(({key: row for key, row in rows.items() if not key[0].startswith("SSO#")}, users, customers),
                                 ({key: row for key, row in before[0].items() if not key[0].startswith("SSO#")}, *before[1:]))
                identity, = json.loads(stores.user(who["email"])["identities"])
                self.assertEqual((identity["userId"], identity["primary"]), (who["sub"], False))
                claims = claims_of(browser.tokens(who)["id_token"])
                self.assertEqual((claims["sub"], claims["cognito:username"]), (native["sub"], native["sub"]))

    def test_already_found_is_tried_again_by_itself_once(self):
        who = person()
        leaving = self.browser.start(return_to="/here")
        state = query_of(leaving.location)["state"]
        found = {"error": "invalid_request",
                 "error_description": "Already found an entry for username google_" + who["sub"]}
        back = ready["url"] + CALLBACK + "?" + urllib.parse.urlencode({**found, "state": state})
        again = self.browser.get(back)
        self.assertTrue(again.location.startswith(ready["sandbox"]["cognito"] + "/oauth2/authorize?"), again.location)
        self.assertNotEqual(query_of(again.location)["state"], state)
        third = with_query(back, state=query_of(again.location)["state"])
        self.assert_signed_in(self.browser.get(self.browser.at_google(again, who).location), "/here")
        leaving = self.browser.start()
        again = self.browser.get(with_query(back, state=query_of(leaving.location)["state"]))
        self.assert_error(self.browser.get(with_query(third, state=query_of(again.location)["state"])), "sso_failed")

    def test_a_native_sign_up_with_a_google_users_address(self):
        who = person()
        self.browser.sign_in(who)
        before = stores.snapshot()
        for holds in (True, False):
            sandbox.turn(external_holds_email=holds)
            try:
                answer = Door(ready["url"]).post(SIGNUP, form(who["email"]))
            finally:
                sandbox.turn(external_holds_email=True)
            self.assertEqual((answer.status, answer.code), (409, "account_exists"), holds)
            self.assertIn("Google", answer.json["error"]["message"])
        self.assertEqual(stores.snapshot(), before)

    def test_an_unconfirmed_twin_gives_way(self):
        who = person()
        twin = Door(ready["url"])
        account = twin.post(SIGNUP, form(who["email"])).json["visible_account_id"]
        code = stores.code(who["email"])
        self.assert_signed_in(self.browser.sign_in(who))
        self.assertNotEqual(rows_of(stores, who["email"])[2], account)
        self.assertNotIn("ACCOUNT#" + account, {key[0] for key in stores.rows()})
        self.assertEqual(len(stores.customers(who["email"])), 1)
        self.assertEqual(twin.post(CONFIRM, {"email": who["email"], "code": code}).status, 422)

    # --- what it refuses ---

    def test_an_address_that_google_has_not_verified(self):
        before = stores.rows()
        self.assert_error(self.browser.sign_in(person(email_verified=False)), "email_not_verified")
        self.assertEqual(set(stores.rows()) - set(before) - {key for key in stores.rows() if key[0][:4] == "SSO#"}, set())

    def test_a_person_who_says_no(self):
        there = self.browser.get(self.browser.start().location)
        said = self.browser.get(with_query(there.location, consent="deny"))
        self.assert_error(self.browser.get(self.browser.get(said.location).location), "sso_denied")

    def test_the_words_of_the_hosted_ui(self):
        cases = [
            ({"error": "access_denied"}, "sso_denied"),
            ({"error": "invalid_request", "error_description": "PreSignUp failed with error nope. "}, "sso_refused"),
            ({"error": "invalid_request", "error_description": "PreSignUp failed with error 2026-01-01T00:00:00.000Z 1-2-3 "
              "Task timed out after 3.00 seconds. "}, "try_again"),
            ({"error": "invalid_request", "error_description": "PreSignUp failed with error This address cannot be "
              "checked right now, please try again. "}, "try_again"),
            ({"error": "invalid_request", "error_description": "PreSignUp failed with error Google has not verified this "
              "e-mail address. "}, "email_not_verified"),
            ({"error": "invalid_request", "error_description": "PreSignUp failed with error This address has an account "
              "with a password, please sign in with that. "}, "account_exists"),
            ({"error": "invalid_request", "error_description": "PreSignUp failed with error A sign-up with this address "
              "is being worked on, please try again in a moment. "}, "signup_in_progress"),
            ({"error": "server_error", "error_description": "Exception"}, "try_again"),
            ({"error": "invalid_request", "error_description": "Timeout occurred in calling IdP token endpoint"}, "try_again"),
            ({"error": "invalid_request", "error_description": "Connection reset"}, "try_again"),
            ({"error": "invalid_request", "error_description": "Google Error - 503 unavailable"}, "try_again"),
            ({"error": "invalid_request", "error_description": "Google Error - 400 invalid_grant"}, "sso_failed"),
            ({"error": "<script>"}, "sso_failed"), ({}, "sso_failed"), ({"code": ""}, "sso_failed"),
            ({"code": "unknown"}, "sso_failed"), ({"code": "x", "error": "invalid_scope"}, "sso_failed"),
        ]
        for query, code in cases:
            with self.subTest(query):
                state = query_of(self.browser.start().location)["state"]
                reply = self.browser.get(ready["url"] + CALLBACK + "?" + urllib.parse.urlencode({**query, "state": state}))
                self.assert_error(reply, code)
                self.assertEqual(reply.cookies[COOKIE]["max-age"], "0")

    def test_a_state_is_good_once(self):
        who = person()
        leaving = self.browser.start()
        jar = dict(self.browser.jars[urllib.parse.urlsplit(ready["url"]).netloc])
        back = self.browser.at_google(leaving, who).location
        self.assert_signed_in(self.browser.get(back))
        self.browser.jars[urllib.parse.urlsplit(ready["url"]).netloc] = jar
        self.assert_error(self.browser.get(back), "sso_state_invalid")

    def test_who_only_looks_spends_nothing(self):
        back = self.browser.at_google(self.browser.start(), person()).location
        reply = self.browser.send("HEAD", back, None, {})
        self.assertEqual((reply.status, reply.headers["Allow"]), (405, "GET, OPTIONS"))
        self.assertEqual(reply.cookies, {})
        self.assert_signed_in(self.browser.get(back))

    def test_a_second_tab(self):
        who = person()
        first = self.browser.at_google(self.browser.start(return_to="/one"), who).location
        second = self.browser.at_google(self.browser.start(return_to="/two"), who).location
        self.assert_error(self.browser.get(first), "sso_state_invalid")
        self.assert_signed_in(self.browser.get(second), "/two")

    def test_a_state_belongs_to_its_browser(self):
        mallory, victim = Browser(ready), Browser(ready)
        back = mallory.at_google(mallory.start(), person()).location
        for browser in (victim, Browser(ready)):
            self.assert_error(browser.get(back), "sso_state_invalid")
            browser.start()
            self.assert_error(browser.get(back), "sso_state_invalid")

    def test_a_cookie_that_was_changed(self):
        host = urllib.parse.urlsplit(ready["url"]).netloc
        for change in (lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"), lambda text: text + "A",
                       lambda text: text[1:], lambda text: "", lambda text: "x" * 5000,
                       lambda text: base64.urlsafe_b64encode(base64.urlsafe_b64decode(text + "==").replace(
                           b'"tries":0', b'"tries":9')).decode().rstrip("=")):
            leaving = self.browser.start()
            back = ready["url"] + CALLBACK + "?code=x&state=" + query_of(leaving.location)["state"]
            self.browser.jars[host][COOKIE] = change(self.browser.jars[host][COOKIE])
            self.assert_error(self.browser.get(back), "sso_state_invalid")

    def test_another_state_or_none(self):
        for state in ("", "x", "A" * 43, None):
            self.browser.start()
            back = with_query(ready["url"] + CALLBACK + "?code=x", state=state)
            self.assert_error(self.browser.get(back), "sso_state_invalid")

    def test_a_code_of_another_sign_in(self):
        """Somebody slips a code of their own into a victim's sign-in: the verifier does not fit."""
        mallory = Browser(ready)
        theirs = mallory.at_google(mallory.start(), person()).query["code"]
        ours = self.browser.at_google(self.browser.start(), person()).location
        self.assert_error(self.browser.get(with_query(ours, code=theirs)), "sso_failed")

    def test_a_nonce_of_another_sign_in(self):
        leaving = self.browser.start()
        leaving.location = with_query(leaving.location, nonce="another")
        self.assert_error(self.browser.get(self.browser.at_google(leaving, person()).location), "sso_failed")

    def test_a_challenge_of_another_sign_in(self):
        leaving = self.browser.start()
        leaving.location = with_query(leaving.location, code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        self.assert_error(self.browser.get(self.browser.at_google(leaving, person()).location), "sso_failed")

    def test_a_start_that_cannot_be(self):
        for query in ({"country": "XX"}, {"organization": "x" * 129}, {"utm_source": "a\tb"}, {"stripe_token": "4242"},
                      {"callback_url": "https://evil.example/api/account/sso/callback"},
                      {"return_to": "/" + "x" * 1000, **{f"utm_{name}": "\u00e4" * 200 for name in (
                          "source", "medium", "campaign", "term", "content")}}):
            with self.subTest(list(query)):
                reply = self.browser.start(**query)
                self.assert_error(reply, "invalid_input")
                self.assertNotIn(COOKIE, reply.cookies)

    # --- how it is said ---

    def test_the_way_there(self):
        reply = self.browser.start()
        query = query_of(reply.location)
        self.assertTrue(reply.location.startswith(ready["sandbox"]["cognito"] + "/oauth2/authorize?"))
        self.assertEqual({name: query[name] for name in query if name not in ("state", "nonce", "code_challenge")}, {
            "identity_provider": "Google", "response_type": "code", "client_id": ready["client_id"],
            "redirect_uri": ready["url"] + CALLBACK, "scope": "openid email profile", "code_challenge_method": "S256"})
        for name in ("state", "nonce", "code_challenge"):
            self.assertRegex(query[name], r"^[\w-]{43}$")
        morsel = reply.cookies[COOKIE]
        self.assertEqual((morsel["path"], morsel["max-age"], morsel["samesite"], morsel["domain"]),
                         ("/", "600", "Lax", ""))
        self.assertTrue(morsel["secure"] and morsel["httponly"])
        for name in ("state", "nonce", "code_challenge"):
            self.assertNotIn(query[name], morsel.value)
        other = query_of(Browser(ready).start().location)
        for name in ("state", "nonce", "code_challenge"):
            self.assertNotEqual(query[name], other[name])

    def test_the_host_header_leads_nowhere(self):
        reply = self.browser.send("GET", ready["url"] + "/api/account/sso/google", None, {
            "Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"})
        self.assertEqual(query_of(reply.location)["redirect_uri"], ready["url"] + CALLBACK)
        self.assertNotIn("evil", reply.location)

    def test_no_token_is_in_an_address(self):
        who = person()
        leaving = self.browser.start()
        back = self.browser.at_google(leaving, who)
        reply = self.browser.get(back.location)
        for text in (leaving.location, back.location, reply.location, str(reply.headers)):
            self.assertNotIn("eyJ", text.replace(leaving.cookies[COOKIE].value, ""))

    def test_keys_that_rotate(self):
        self.assert_signed_in(self.browser.sign_in(person()))
        sandbox.ask("POST", "/cognito/rotate_keys")
        self.assert_signed_in(self.browser.sign_in(person()))


if __name__ == "__main__":
    unittest.main()
