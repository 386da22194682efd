-- SPDX-License-Identifier: MIT
-- The service's half of USER_SRP_AUTH: RFC 5054's arithmetic with the 3072-bit group, the service's own
-- way of writing numbers into hashes, and its HKDF. The verifier is also all that the sandbox keeps of a
-- password (passwords.lua); challenges.lua keeps the exchange.
local bignum = require "bignum"
local crypto = require "crypto"

local srp = {}

local N = bignum.prime_3072()
local G = "\2"
local INFO = "Caldera Derived Key\1"

-- A positive number's bytes: none in front, but a zero where the first bit would read as a sign.
local function padded(number)
  local bytes = number:gsub("^\0+", "")
  if bytes == "" or bytes:byte() >= 0x80 then return "\0" .. bytes end
  return bytes
end

local K = crypto.sha256(padded(N) .. padded(G))

local function pool_name(pool_id)
  return pool_id:match("_(.+)$")
end

-- A salt that reads the same as a number and as bytes.
function srp.salt()
  return string.char(crypto.random(1):byte() % 0x7f + 1) .. crypto.random(15)
end

function srp.verifier(pool_id, username, salt, password)
  local inner = crypto.sha256(("%s%s:%s"):format(pool_name(pool_id), username, password))
  return bignum.mod_exp(G, crypto.sha256(padded(salt) .. inner), N)
end

-- The client's public number (hex) -> what must be kept, all hex; its `server` is the public number for the
-- client. nil when the client's is none that may be used.
function srp.begin(verifier, client_hex)
  local public = crypto.unhex(#client_hex % 2 == 0 and client_hex or "0" .. client_hex)
  if not public or #public > #N + 1 or bignum.mod_mul(public, "\1", N) == "" then return nil end
  local secret = crypto.random(32)
  local server = bignum.mod_add(bignum.mod_mul(K, verifier, N), bignum.mod_exp(G, secret, N), N)
  return { client = crypto.hex(public), secret = crypto.hex(secret), server = crypto.hex(server) }
end

local function shared_key(verifier, exchange)
  local client, server = crypto.unhex(exchange.client), crypto.unhex(exchange.server)
  local mix = crypto.sha256(padded(client) .. padded(server))
  local base = bignum.mod_mul(client, bignum.mod_exp(verifier, mix, N), N)
  local shared = bignum.mod_exp(base, crypto.unhex(exchange.secret), N)
  local extracted = crypto.hmac_sha256(padded(mix), padded(shared))
  return crypto.hmac_sha256(extracted, INFO):sub(1, 16)
end

-- What somebody who knows the password signs, in base64. `block` are the bytes of the secret block.
function srp.signature(user, verifier, exchange, block, timestamp)
  local message = pool_name(user.pool) .. user.username .. block .. timestamp
  return crypto.base64(crypto.hmac_sha256(shared_key(verifier, exchange), message))
end

return srp
