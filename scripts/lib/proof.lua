-- SPDX-License-Identifier: MIT
-- The proof: the secret that ties a browser to its intent. It is made from the intent's random seed and
-- signup.key, so that an answer that was lost can be given again to the byte; the table holds its hash and
-- cannot give it away.
local crypto, fingerprint = require "crypto", require "lib.fingerprint"

local proof = {}

local COOKIE <const> = "__Host-usher_signup"


function proof.of(seed)
  return crypto.base64url(fingerprint.secret("proof", seed))
end


function proof.hash(secret)
  return crypto.hex(crypto.sha256(secret))
end


-- What this request brings: the token in its body, the cookie, or both (another tab may have signed up
-- since).
function proof.given(req, form)
  return { form.signup_token, req:cookie(COOKIE) }
end


-- Is one of the given proofs the intent's? In constant time.
function proof.holds(intent, given)
  for i = 1, 2 do
    if given[i] and crypto.equal(proof.hash(given[i]), intent.proof_hash) then return true end
  end
  return false
end


-- The value of Set-Cookie. __Host- makes the browser insist on Secure, Path=/ and no Domain.
function proof.cookie(secret)
  return COOKIE .. "=" .. secret .. "; Path=/; Secure; HttpOnly; SameSite=Lax"
end


return proof
