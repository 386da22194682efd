# SPDX-License-Identifier: MIT
"""ID tokens made by jwcrypto, judged by usher: what a right one is, and each way in which one can be wrong."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import subprocess
import tempfile
import threading
import time
import unittest

import fixture

try:
    from jwcrypto import jwk, jws, jwt
except ImportError:
    jwk = None

ISSUER, CLIENT, NONCE, ACCESS = "https://issuer.example/pool", "client-1", "n-0S6_WzA2Mj", "access.token.text"
HERE = os.path.dirname(os.path.abspath(__file__))


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def claims(**changes):
    now = int(time.time())
    all_claims = {"iss": ISSUER, "aud": CLIENT, "sub": "jane", "token_use": "id", "nonce": NONCE, "iat": now,
                  "exp": now + 600, "auth_time": now, "email": "jane@example.com", "email_verified": True, **changes}
    return {name: value for name, value in all_claims.items() if value is not None}


def sign(key, body, alg="RS256", **header):
    token = jwt.JWT(header={"alg": alg, "kid": key.get("kid") or "rsa", **header}, claims=body)
    token.make_signed_token(key)
    return token.serialize()


def raw(header, body, signature=b""):
    """A token put together by hand."""
    part = lambda value: base64url(value if isinstance(value, bytes) else json.dumps(value).encode())
    return part(header) + "." + part(body) + "." + base64url(signature)


def hs256(secret, header, body):
    unsigned = raw(header, body).rsplit(".", 1)[0]
    return unsigned + "." + base64url(hmac.new(secret, unsigned.encode(), hashlib.sha256).digest())


def critical(key, body):
    """RFC 7515 §4.1.11: who does not know a critical extension must refuse the token (here RFC 7797's, harmless)."""
    token = jws.JWS(json.dumps(body).encode())
    header = {"alg": "RS256", "kid": "rsa", "b64": True, "crit": ["b64"]}
    token.add_signature(key, alg="RS256", protected=json.dumps(header))
    return token.serialize(compact=True)


class Keys(http.server.BaseHTTPRequestHandler):
    document = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.document)))
        self.end_headers()
        self.wfile.write(self.document)

    def log_message(self, *_):
        pass


@unittest.skipIf(jwk is None, "python3-jwcrypto is not installed")
class Tokens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rsa = jwk.JWK.generate(kty="RSA", size=2048, kid="rsa", use="sig", alg="RS256")
        cls.large = jwk.JWK.generate(kty="RSA", size=3072, kid="large")
        cls.curve = jwk.JWK.generate(kty="EC", crv="P-256", kid="curve", use="sig")
        cls.private = jwk.JWK.generate(kty="RSA", size=2048, kid="private")
        cls.stranger = jwk.JWK.generate(kty="RSA", size=2048, kid="rsa")
        public = [key.export_public(as_dict=True) for key in (cls.rsa, cls.large, cls.curve, cls.private)]
        public[-1]["use"] = "enc"
        Keys.document = json.dumps({"keys": public}).encode()
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keys)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.url = "http://127.0.0.1:%d/jwks" % cls.server.server_port

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def judge(self, cases):
        """{name: token or {"token", …}} -> {name: "problem" or None}"""
        cases = {name: case if isinstance(case, dict) else {"token": case, "nonce": NONCE} for name, case in cases.items()}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(cases, file)
            file.flush()
            done = subprocess.run([fixture.BINARY, "exec", os.path.join(HERE, "verify_tokens.lua"), self.url, ISSUER,
                                   CLIENT, file.name], capture_output=True, text=True, timeout=fixture.PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {name: found.get("problem") for name, found in json.loads(done.stdout).items()}

    def test_right_ones(self):
        at_hash = base64url(hashlib.sha256(ACCESS.encode()).digest()[:16])
        cases = {
            "RS256": sign(self.rsa, claims()),
            "a larger key": sign(self.large, claims()),
            "an audience of one": sign(self.rsa, claims(aud=[CLIENT])),
            "several and our party": sign(self.rsa, claims(aud=["x", CLIENT], azp=CLIENT)),
            "the hash of the access token": {"token": sign(self.rsa, claims(at_hash=at_hash)), "nonce": NONCE,
                                             "access_token": ACCESS},
            "times with a fraction": sign(self.rsa, claims(iat=time.time(), exp=time.time() + 60.5)),
            "more in the header": sign(self.rsa, claims(), typ="JWT", jku="https://evil.example/jwks"),
            "letters of the world": sign(self.rsa, claims(name="Zoë \U0001f600")),
            "an access token": {"token": sign(self.rsa, claims(aud=None, nonce=None, token_use="access",
                                                               client_id=CLIENT)), "use": "access"},
        }
        self.assertEqual(self.judge(cases), {name: None for name in cases})

    def test_wrong_ones(self):
        public = self.rsa.export_to_pem()
        document = Keys.document
        modulus = base64.urlsafe_b64decode(self.rsa.export_public(as_dict=True)["n"] + "==")
        good = sign(self.rsa, claims())
        head, body, signature = good.split(".")
        confused = {"alg": "HS256", "kid": "rsa"}
        now = int(time.time())
        cases = {
            "nothing": ("", "malformed"), "two parts": (head + "." + body, "malformed"),
            "five parts (JWE)": (good + ".x.y", "malformed"), "padding": (head + "=." + body + "." + signature, None),
            "none": (raw({"alg": "none"}, claims()), "unsupported_algorithm"),
            "none with a kid": (raw({"alg": "none", "kid": "rsa"}, claims()), "unsupported_algorithm"),
            "None": (raw({"alg": "None", "kid": "rsa"}, claims()), "unsupported_algorithm"),
            "no alg": (raw({"kid": "rsa"}, claims()), "unsupported_algorithm"),
            "alg as a list": (raw({"alg": ["RS256"], "kid": "rsa"}, claims()), "unsupported_algorithm"),
            "HS256 under the PEM": (hs256(public, confused, claims()), "unsupported_algorithm"),
            "HS256 under the modulus": (hs256(modulus, confused, claims()), "unsupported_algorithm"),
            "HS256 under the document": (hs256(document, confused, claims()), "unsupported_algorithm"),
            "HS256 under nothing": (hs256(b"", confused, claims()), "unsupported_algorithm"),
            "RS512 of the right key": (sign(self.large, claims(), alg="RS512"), "unsupported_algorithm"),
            "PS256 of the right key": (sign(self.large, claims(), alg="PS256"), "unsupported_algorithm"),
            "PS256 called RS256": (self.renamed(self.large, "PS256"), "bad_signature"),
            "ES256": (sign(self.curve, claims(), alg="ES256"), "unsupported_algorithm"),
            "ES256 called RS256": (self.renamed(self.curve, "ES256"), "unknown_key"),
            "a key for encryption": (sign(self.private, claims()), "unknown_key"),
            "an unknown kid": (sign(self.rsa, claims(), kid="other"), "unknown_key"),
            "no kid": (raw({"alg": "RS256"}, claims(), b"x"), "unknown_key"),
            "a stranger's key": (sign(self.stranger, claims()), "bad_signature"),
            "a stranger's key in the header": (sign(self.stranger, claims(), jwk=json.loads(
                self.stranger.export_public())), "bad_signature"),
            "another of our keys": (head + "." + body + "." + sign(self.large, claims()).split(".")[2], "bad_signature"),
            "other claims": (head + "." + base64url(json.dumps(claims(sub="joe")).encode()) + "." + signature,
                             "bad_signature"),
            "no signature": (head + "." + body + ".", "bad_signature"),
            "a byte less": (head + "." + body + "." + base64url(base64.urlsafe_b64decode(signature + "==")[:-1]),
                            "bad_signature"),
            "something critical": (critical(self.rsa, claims()), "unsupported_header"),
            "claims that are a list": (raw({"alg": "RS256", "kid": "rsa"}, b"[]", b"x"), None),
            "another issuer": (sign(self.rsa, claims(iss="https://evil.example")), "wrong_issuer"),
            "no issuer": (sign(self.rsa, claims(iss=None)), "wrong_issuer"),
            "another client": (sign(self.rsa, claims(aud="client-2")), "wrong_audience"),
            "ours among others": (sign(self.rsa, claims(aud=["client-2", CLIENT])), "wrong_audience"),
            "another party": (sign(self.rsa, claims(azp="client-2")), "wrong_audience"),
            "expired": (sign(self.rsa, claims(exp=now - 31)), "expired"),
            "no end": (sign(self.rsa, claims(exp=None)), "no_times"),
            "an end in words": (sign(self.rsa, claims(exp=str(now + 600))), "no_times"),
            "of tomorrow": (sign(self.rsa, claims(iat=now + 86400)), "not_yet_valid"),
            "not before tomorrow": (sign(self.rsa, claims(nbf=now + 86400)), "not_yet_valid"),
            "another nonce": (sign(self.rsa, claims(nonce="other")), "wrong_nonce"),
            "no nonce": (sign(self.rsa, claims(nonce=None)), "wrong_nonce"),
            "an access token": (sign(self.rsa, claims(token_use="access", client_id=CLIENT)), "wrong_use"),
            "nobody": (sign(self.rsa, claims(sub=None)), "no_subject"),
        }
        found = self.judge({name: token for name, (token, _) in cases.items()})
        for name, (_, problem) in cases.items():
            with self.subTest(name):
                if problem:
                    self.assertEqual(found[name], problem)
                else:
                    self.assertIsNotNone(found[name])

    def renamed(self, key, alg):
        """A token whose header says RS256 while another algorithm signs exactly these bytes."""
        unsigned = raw({"alg": "RS256", "kid": key.get("kid")}, claims()).rsplit(".", 1)[0]
        signer = jws.JWSCore(alg, key, {"alg": alg}, b"")
        signature = signer.engine.sign(key, unsigned.encode())
        return unsigned + "." + base64url(signature)


if __name__ == "__main__":
    unittest.main()
