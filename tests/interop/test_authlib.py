# SPDX-License-Identifier: MIT
"""Authlib, an OpenID client that nobody here wrote, against the sandbox's hosted UI and against its Google: it reads the
discovery document, goes the code flow with PKCE, and judges the tokens with its own code.
"""
import os
import sys
import unittest
import urllib.parse

import fixture

try:
    from authlib.common.security import generate_token
    from authlib.integrations.requests_client import OAuth2Session
    from authlib.jose import JsonWebKey, JsonWebToken
    from authlib.oidc.core import CodeIDToken
    import requests
except ImportError:
    sys.exit(77)  # a skipped test: Debian's python3-authlib and python3-requests are not here

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the sandbox speaks plain HTTP on loopback
PERSON = {"consent": "auto", "sub": "10435", "email": "grace@gmail.com", "email_verified": "true", "name": "Grace Hopper"}


def follow(url):
    """As a browser: through Google, until something leads back to usher, which is not called."""
    home, agent = fixture.start()["url"], requests.Session()
    while not url.startswith(home):
        if urllib.parse.urlsplit(url).path == "/o/oauth2/v2/auth":
            url += "&" + urllib.parse.urlencode(PERSON)
        answer = agent.get(url, allow_redirects=False, timeout=fixture.PATIENCE)
        if answer.status_code != 302:
            raise AssertionError(f"{url}: {answer.status_code} {answer.text}")
        url = answer.headers["Location"]
    return url


class OpenIdClient(unittest.TestCase):
    def discover(self, base):
        return requests.get(base + "/.well-known/openid-configuration", timeout=fixture.PATIENCE).json()

    def judge(self, token, metadata, client_id, nonce):
        keys = JsonWebKey.import_key_set(requests.get(metadata["jwks_uri"], timeout=fixture.PATIENCE).json())
        claims = JsonWebToken(["RS256"]).decode(token["id_token"], keys, claims_cls=CodeIDToken, claims_options={
            "iss": {"essential": True, "value": metadata["issuer"]}, "aud": {"essential": True, "value": client_id}},
            claims_params={"nonce": nonce, "client_id": client_id, "access_token": token["access_token"]})
        claims.validate()
        return claims

    def sign_in(self, base, client_id, secret, callback, method, **more):
        metadata, nonce, verifier = self.discover(base), generate_token(), generate_token(48)
        session = OAuth2Session(client_id, secret, scope="openid email profile", redirect_uri=callback,
                                code_challenge_method="S256", token_endpoint_auth_method=method)
        self.addCleanup(session.close)
        url, state = session.create_authorization_url(metadata["authorization_endpoint"], nonce=nonce,
                                                      code_verifier=verifier, **more)
        token = session.fetch_token(metadata["token_endpoint"], authorization_response=follow(url), state=state,
                                    code_verifier=verifier)
        claims = self.judge(token, metadata, client_id, nonce)
        self.assertEqual((claims["email"], claims["email_verified"]), (PERSON["email"], True))
        who = session.get(metadata["userinfo_endpoint"]).json()
        self.assertEqual((who["sub"], who["email"]), (claims["sub"], PERSON["email"]))
        return session, metadata, token, claims

    def test_the_hosted_ui(self):
        ready = fixture.start()
        base = ready["sandbox"]["cognito"] + "/" + ready["user_pool_id"]
        for method in ("client_secret_basic", "client_secret_post"):
            with self.subTest(method):
                session, metadata, token, claims = self.sign_in(
                    base, ready["client_id"], ready["client_secret"], ready["url"] + "/api/account/sso/callback", method,
                    identity_provider="Google")
                self.assertEqual(claims["cognito:username"], "google_" + PERSON["sub"])
                again = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
                self.assertNotEqual(again["access_token"], token["access_token"])
                gone = session.revoke_token(metadata["revocation_endpoint"], token["refresh_token"])
                self.assertEqual(gone.status_code, 200)
                self.assertEqual(session.get(metadata["userinfo_endpoint"]).status_code, 401)

    def test_google(self):
        with fixture.Usher() as usher:
            base = usher.ready["sandbox"]["google"]
            client = "123456789012-usher0sandbox.apps.googleusercontent.com"
            callback = fixture.start()["url"] + "/anything"
            for method in ("client_secret_basic", "client_secret_post"):
                with self.subTest(method):
                    _, _, _, claims = self.sign_in(base, client, "GOCSPX-usher-sandbox-0000000001", callback, method)
                    self.assertEqual(claims["sub"], PERSON["sub"])


if __name__ == "__main__":
    unittest.main()
