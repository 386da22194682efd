-- SPDX-License-Identifier: MIT
-- Decoys: proofs of sign-ups that never were. A decoy says by itself whom and what it was given for, so nothing of it
-- is stored. Which of several for one address is the last, and which card a key came with, the process remembers for a
-- while (the limiter's memory), as the table would for a sign-up that is real. Used by conceal.lua.
local config, crypto, limiter = require "config", require "crypto", require "limiter"
local fingerprint, intent = require "lib.fingerprint", require "lib.intent"

local decoy = {}

-- NONCE, the number among those of its address (masked), a tag of the address and a tag of the whole form: 32 bytes,
-- like any proof.
local NONCE <const>, HEAD <const>, EMAIL_TAG <const>, FORM_TAG <const> = 8, 10, 12, 10
local LAST <const> = 65535


-- --- what the process remembers ---

local function rate()
  return math.max(1 / config.signup.ttl, 1e-6)
end

local function remember(what, key)
  return (limiter.take("decoy." .. what, key, rate(), 1))
end

-- A cost of nothing changes nothing; only an allowance that has been taken is over so small a burst.
local function is_remembered(what, key)
  return not limiter.take("decoy." .. what, key, rate(), 0.001, 0)
end

local function nth(email, number)
  return fingerprint.email(email) .. " " .. number
end


-- How many decoys this address has been given; 0 where nobody remembers one.
function decoy.count(email)
  local low, high = 0, 1
  while high < LAST and is_remembered("number", nth(email, high)) do low, high = high, 2 * high end
  while high - low > 1 do -- low is remembered, high is not
    local middle = (low + high) // 2
    if is_remembered("number", nth(email, middle)) then low = middle else high = middle end
  end
  return low
end


local function next_number(email)
  local number = decoy.count(email)
  repeat number = number + 1 until number >= LAST or remember("number", nth(email, number))
  return math.min(number, LAST)
end


-- --- what a decoy is made of ---

local function tag(label, head, value, size)
  return fingerprint.secret("decoy " .. label, head .. "\0" .. value):sub(1, size)
end


local function masked(nonce, number)
  return number ~ string.unpack("<I2", fingerprint.secret("decoy number", nonce))
end


local function make(nonce, number, item)
  local head = nonce .. string.pack("<I2", masked(nonce, number))
  return crypto.base64url(head .. tag("email", head, item.form.email, EMAIL_TAG)
    .. tag("form", head, item.fingerprint, FORM_TAG))
end


-- The decoy for this address among the given proofs -> { text =, nonce =, number = } | nil
function decoy.find(email, given)
  for i = 1, 2 do
    local bytes = given[i] and crypto.unbase64url(given[i])
    if bytes and #bytes == HEAD + EMAIL_TAG + FORM_TAG then
      local nonce, head = bytes:sub(1, NONCE), bytes:sub(1, HEAD)
      if crypto.equal(bytes:sub(HEAD + 1, HEAD + EMAIL_TAG), tag("email", head, email, EMAIL_TAG)) then
        return { text = given[i], nonce = nonce, number = masked(nonce, string.unpack("<I2", head, NONCE + 1)) }
      end
    end
  end
end


-- Has nobody got another one since?
function decoy.is_current(email, found)
  return not is_remembered("number", nth(email, found.number + 1))
end


local function of_key(item, number)
  return make(fingerprint.secret("decoy key", item.idempotency .. item.fingerprint .. number):sub(1, NONCE), number,
    item)
end


-- What this request has been answered before: the same proof, or the same Idempotency-Key, with the same form.
-- repeats: the key came with this form before. -> decoy | nil
function decoy.again(item, given, repeats)
  local email = item.form.email
  local found = decoy.find(email, given)
  if found and decoy.is_current(email, found) and crypto.equal(found.text, make(found.nonce, found.number, item)) then
    return found.text
  end
  if not (repeats and item.idempotency) then return nil end
  local number = decoy.count(email)
  if number == 0 then -- another process gave it
    number = next_number(email)
    remember("key", item.idempotency .. " " .. number)
  end
  return is_remembered("key", item.idempotency .. " " .. number) and of_key(item, number) or nil
end


-- A new one -> decoy, how many this address has had
function decoy.new(item)
  local number = next_number(item.form.email)
  if not item.idempotency then return make(crypto.random(NONCE), number, item), number end
  remember("key", item.idempotency .. " " .. number)
  return of_key(item, number), number
end


-- Looks like any other account's id, and is the same each time for one decoy.
function decoy.account_id(text)
  return intent.visible_id(fingerprint.secret("decoy account", text))
end


-- A captcha's token that has passed once, with an address that has an account.
local function captcha_key(email, token)
  return fingerprint.email(email) .. fingerprint.captcha(token)
end

function decoy.remember_captcha(email, token)
  remember("captcha", captcha_key(email, token))
end

function decoy.knows_captcha(email, token)
  return is_remembered("captcha", captcha_key(email, token))
end


return decoy
