# SPDX-License-Identifier: MIT
"""A browser that signs in with Google through `usher dev`: it follows redirects from usher to the sandbox's Cognito and
Google and back, keeps each host's cookies apart, and lets a test stop or change any step on the way.
"""
import base64
import http.client
import http.cookies
import itertools
import json
import urllib.parse

import fixture

START, CALLBACK, API_KEY = "/api/account/sso/google", "/api/account/sso/callback", "/api/account/api_key"
serial = itertools.count(1)


def person(**changes):
    """Somebody at Google whom nobody else is."""
    number = next(serial)
    return {"sub": "1%020d" % number, "email": "ada.%d@gmail.com" % number, "email_verified": True,
            "name": "Ada Lovelace", **changes}


def query_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True))


def with_query(url, **changes):
    """The URL with parameters changed; None takes one away."""
    parts = urllib.parse.urlsplit(url)
    fields = {**query_of(url), **changes}
    fields = {name: value for name, value in fields.items() if value is not None}
    return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(fields)))


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def rows_of(stores, email):
    """Everything about one account owner -> rows, the user's record, account id"""
    rows = stores.rows()
    (user_key, user), = [(key, row) for key, row in rows.items()
                         if key[1] == "DETAILS" and key[0].startswith("USER#") and row["email"] == email]
    sub = user_key[0][5:]
    (account, _), = [(key, row) for key, row in rows.items()
                     if key[0].startswith("ACCOUNT#") and row.get("owner") == sub]
    mine = {key: row for key, row in rows.items()
            if account[0] in key or key == user_key or row.get("sub") == sub}
    return mine, user, account[0][8:]


class Reply:
    def __init__(self, response):
        self.status, self.headers, self.text = response.status, response.headers, response.read().decode()
        self.location = response.headers["Location"]
        self.query = query_of(self.location or "")

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def cookies(self):
        """{name: morsel} of this answer's Set-Cookie."""
        jar = http.cookies.SimpleCookie()
        for line in self.headers.get_all("Set-Cookie") or []:
            jar.load(line)
        return jar


class Browser:
    def __init__(self, ready):
        self.ready, self.jars = ready, {}

    def get(self, url, **headers):
        return self.send("GET", url, None, headers)

    def post(self, url, fields, **headers):
        body = urllib.parse.urlencode(fields)
        return self.send("POST", url, body, {"Content-Type": "application/x-www-form-urlencoded", **headers})

    def send(self, method, url, body, headers):
        parts = urllib.parse.urlsplit(url)
        jar = self.jars.setdefault(parts.netloc, {})
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if jar:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        connection = http.client.HTTPConnection(parts.netloc, timeout=fixture.PATIENCE)
        try:
            connection.request(method, parts.path + ("?" + parts.query if parts.query else ""), body, headers)
            reply = Reply(connection.getresponse())
        finally:
            connection.close()
        for name, morsel in reply.cookies.items():
            if morsel["max-age"] == "0":
                jar.pop(name, None)
            else:
                jar[name] = morsel.value
        return reply

    # --- the steps of a sign-in ---

    def start(self, **query):
        return self.get(self.ready["url"] + START + ("?" + urllib.parse.urlencode(query) if query else ""))

    def at_google(self, leaving, who):
        """From the answer that leads to the hosted UI, to Cognito's answer that leads back to usher."""
        there = self.get(leaving.location)
        chosen = self.get(with_query(there.location, consent="auto", sub=who["sub"], email=who["email"],
                                     name=who["name"], email_verified=str(who["email_verified"]).lower()))
        return self.get(chosen.location)

    def sign_in(self, who, **query):
        """All of it -> usher's answer to the callback"""
        return self.get(self.at_google(self.start(**query), who).location)

    def go_on(self, reply, who):
        """usher's answer, once it does not lead to the hosted UI again -> the answer, how often it did"""
        times = 0
        while times < 5 and reply.location.startswith(self.ready["sandbox"]["cognito"]):
            reply, times = self.get(self.at_google(reply, who).location), times + 1
        return reply, times

    def tokens(self, who):
        """What a console of its own would get from the hosted UI for this person."""
        ready = self.ready
        callback = ready["url"] + CALLBACK
        asking = ready["sandbox"]["cognito"] + "/oauth2/authorize?" + urllib.parse.urlencode({
            "identity_provider": "Google", "response_type": "code", "client_id": ready["client_id"],
            "redirect_uri": callback, "scope": "openid email profile"})
        code = self.at_google(type("Leaving", (), {"location": asking}), who).query["code"]
        return self.post(ready["sandbox"]["cognito"] + "/oauth2/token", {
            "grant_type": "authorization_code", "code": code, "redirect_uri": callback,
            "client_id": ready["client_id"], "client_secret": ready["client_secret"]}).json
