-- SPDX-License-Identifier: MIT
-- One-time passwords by time (RFC 6238: SHA-1, six digits, half a minute), as an authenticator app shows them.
local crypto = require "crypto"

local totp = {}

local STEP <const> = 30
local ALPHABET <const> = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

-- A new secret in Base32, 32 bytes long.
function totp.new_secret()
  return crypto.random_string(52, ALPHABET)
end

local function unbase32(text)
  local bits, count, bytes = 0, 0, {}
  for letter in text:gmatch(".") do
    bits, count = bits << 5 | ALPHABET:find(letter, 1, true) - 1, count + 5
    if count >= 8 then
      count = count - 8
      bytes[#bytes + 1] = string.char(bits >> count & 0xff)
      bits = bits & (1 << count) - 1
    end
  end
  return table.concat(bytes)
end

-- The six digits of a moment.
function totp.code(secret, step)
  local digest = crypto.hmac_sha1(unbase32(secret), (">I8"):pack(step))
  local at = (digest:byte(20) & 0xf) + 1
  return ("%06d"):format(((">I4"):unpack(digest, at) & 0x7fffffff) % 1000000)
end

-- The moment that `code` belongs to: now, or half a minute to either side | nil
function totp.step_of(secret, code, now)
  local current = math.floor(now) // STEP
  for step = current - 1, current + 1 do
    if crypto.equal(totp.code(secret, step), code) then return step end
  end
end

return totp
