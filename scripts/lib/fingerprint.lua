-- SPDX-License-Identifier: MIT
-- Keyed hashes (HMAC-SHA-256 under signup.key): what may be compared later but not be read from the table.
-- The label keeps hashes of different things apart.
local config, crypto, json = require "config", require "crypto", require "json"

local fingerprint = {}


local function keyed(label, value)
  return crypto.hex(crypto.hmac_sha256(config.signup.key, label .. "\0" .. value))
end


-- The clean address: form.lua has folded it.
function fingerprint.email(email)
  return keyed("email", email)
end


-- The whole form but the card, the captcha and the proof, which may be new when the same person tries again.
function fingerprint.request(form)
  local same = {}
  for name, value in pairs(form) do same[name] = value end
  same.stripe_token, same.captcha_token, same.signup_token = nil, nil, nil
  return keyed("request", json.encode(same, { sorted = true }))
end


function fingerprint.card(stripe_token)
  return keyed("card", stripe_token)
end


-- A token that has passed.
function fingerprint.captcha(token)
  return keyed("captcha", token)
end


function fingerprint.idempotency_key(value)
  return keyed("idempotency_key", value)
end


-- The code that one intent sent to Cognito.
function fingerprint.code(signup_id, code)
  return keyed("code", signup_id .. "\0" .. code)
end


-- Not to compare but to have: a secret that is the same each time it is made from one seed.
function fingerprint.secret(label, seed)
  return crypto.hmac_sha256(config.signup.key, "secret:" .. label .. "\0" .. seed)
end


return fingerprint
