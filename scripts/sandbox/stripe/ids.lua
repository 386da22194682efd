-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: ids of the real lengths.
local crypto = require "crypto"

local ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
local LENGTHS = {
  cus = 14, req = 14, pm = 24, card = 24, tok = 24, seti = 24, setatt = 24, evt = 24, txi = 24, we = 24,
}

local ids = {}

function ids.new(prefix)
  return prefix .. "_" .. crypto.random_string(LENGTHS[prefix], ALPHABET)
end

function ids.client_secret(id)
  return id .. "_secret_" .. crypto.random_string(25, ALPHABET)
end

function ids.webhook_secret()
  return "whsec_" .. crypto.random_string(32, ALPHABET)
end

function ids.invoice_prefix()
  return crypto.random_string(8, "0123456789ABCDEF")
end

-- Sixteen characters that depend on the card number alone, as the real fingerprint does in one account.
function ids.fingerprint(number)
  local out = {}
  for i, byte in ipairs { crypto.sha256("card " .. number):byte(1, 16) } do
    local at = byte % #ALPHABET + 1
    out[i] = ALPHABET:sub(at, at)
  end
  return table.concat(out)
end

return ids
