-- SPDX-License-Identifier: MIT
-- One-time passwords by time (RFC 6238: SHA-1, six digits, half a minute), as an authenticator app shows them.
local crypto = require "crypto"

local totp = {}

local STEP <const> = 30
local ALPHABET <const> = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
local WORD <const> = 0xffffffff

local function rotate(value, bits)
  return (value << bits | value >> (32 - bits)) & WORD
end

local ROUNDS = {
  { 0x5a827999, function(b, c, d) return b & c | ~b & d end },
  { 0x6ed9eba1, function(b, c, d) return b ~ c ~ d end },
  { 0x8f1bbcdc, function(b, c, d) return b & c | b & d | c & d end },
  { 0xca62c1d6, function(b, c, d) return b ~ c ~ d end },
}

local function mix(state, words)
  for i = 17, 80 do words[i] = rotate(words[i - 3] ~ words[i - 8] ~ words[i - 14] ~ words[i - 16], 1) end
  local a, b, c, d, e = table.unpack(state)
  for i = 1, 80 do
    local constant, choose = table.unpack(ROUNDS[(i - 1) // 20 + 1])
    a, b, c, d, e = (rotate(a, 5) + (choose(b, c, d) & WORD) + e + constant + words[i]) & WORD, a, rotate(b, 30), c, d
  end
  for i, value in ipairs { a, b, c, d, e } do state[i] = (state[i] + value) & WORD end
end

local function sha1(text)
  local padded = text .. "\x80" .. ("\0"):rep((55 - #text) % 64) .. (">I8"):pack(#text * 8)
  local state = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 }
  for at = 1, #padded, 64 do
    local words = table.pack((">" .. ("I4"):rep(16)):unpack(padded, at))
    mix(state, words)
  end
  return (">I4I4I4I4I4"):pack(table.unpack(state))
end

-- A key is shorter than a block here.
local function hmac_sha1(key, text)
  local function pad(byte)
    return ((key .. ("\0"):rep(64 - #key)):gsub(".", function(c) return string.char(c:byte() ~ byte) end))
  end
  return sha1(pad(0x5c) .. sha1(pad(0x36) .. text))
end

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
  local digest = hmac_sha1(unbase32(secret), (">I8"):pack(step))
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
