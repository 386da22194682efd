-- SPDX-License-Identifier: MIT
-- signup.conceal_existing: whoever signs up with an address that has an account gets the answer of a success,
-- and the owner a mail. Nothing is written for it and no Stripe called: its proof is a decoy, which says by
-- itself whom and what it was given for, so that the same request again, a code and the wish for another mail
-- are answered like those of a sign-up that exists. Called by saga and the resend flow.
local config, crypto, fail = require "config", require "crypto", require "fail"
local limiter, task = require "limiter", require "task"
local fingerprint, notice, timing = require "lib.fingerprint", require "lib.notice", require "lib.timing"
local proof, trouble = require "lib.proof", require "lib.trouble"

local conceal = {}

if config.signup.conceal_existing and config.ses.from == "" then
  error("signup.conceal_existing needs ses.from: the owner of an account is told by mail", 0)
end

-- A decoy is NONCE, a tag of the address and a tag of the whole form: 32 bytes, like any proof.
local NONCE <const>, TAG <const> = 8, 12
local CODES_AN_HOUR <const>, HOUR <const> = 15, 3600 -- as Cognito counts them
local ID_ALPHABET <const> = "0123456789abcdefghjkmnpqrstvwxyz"


local function tag(label, nonce, value)
  return fingerprint.secret("decoy " .. label, nonce .. "\0" .. value):sub(1, TAG)
end


local function make(nonce, item)
  return crypto.base64url(nonce .. tag("email", nonce, item.form.email) .. tag("form", nonce, item.fingerprint))
end


-- The nonce of a decoy for this address among the given proofs, and the decoy | nil
local function find(email, given)
  for i = 1, 2 do
    local bytes = given[i] and crypto.unbase64url(given[i])
    if bytes and #bytes == NONCE + 2 * TAG then
      local nonce, mark = bytes:sub(1, NONCE), bytes:sub(NONCE + 1, NONCE + TAG)
      if crypto.equal(mark, tag("email", nonce, email)) then return nonce, given[i] end
    end
  end
end


-- Looks like any other id, and is the same each time for one decoy.
local function account_id(decoy)
  local bytes = fingerprint.secret("decoy account", decoy)
  return (bytes:sub(1, 16):gsub(".", function(byte)
    local i = byte:byte() % #ID_ALPHABET + 1
    return ID_ALPHABET:sub(i, i)
  end))
end


-- The decoy for a form. The same proof or the same Idempotency-Key with the same form gets the same one.
-- -> decoy, was it given before?
local function decoy_for(signup)
  local item = signup.wanted
  local nonce, given = find(item.form.email, signup.given)
  if nonce and crypto.equal(given, make(nonce, item)) then return given, true end
  nonce = item.idempotency and fingerprint.secret("decoy key", item.idempotency .. item.fingerprint):sub(1, NONCE)
    or crypto.random(NONCE)
  return make(nonce, item), signup.repeats == true
end


-- What to do instead of refusing a sign-up: answer(intent, secret) makes the reply of a success.
-- -> function(signup, err) -> reply | nil: it is not to be concealed. Yields.
function conceal.existing(answer)
  return function(signup, err)
    if not config.signup.conceal_existing or not fail.is(err) or err.code ~= "account_exists" then return nil end
    local decoy, again = decoy_for(signup)
    if not again then task.spawn(notice.account_exists, signup.wanted.form.email, signup.external) end
    timing.wait(again and "SIGNUP replay" or "SIGNUP done", signup.started)
    return answer({ visible_account_id = account_id(decoy), code_sent = true }, decoy)
  end
end


-- A code that comes with a decoy is wrong, as any code is that nobody was sent. Raises then. Yields.
function conceal.check_code(signup, form, given)
  local nonce, decoy = find(form.email, given)
  if not nonce then return end
  signup.conceals = true
  local within = limiter.take("decoy.code", proof.hash(decoy), CODES_AN_HOUR / HOUR, CODES_AN_HOUR)
  local code = within and "code_invalid_or_expired" or "too_many_attempts"
  timing.wait("SIGNUP_CONFIRM " .. code, signup.started)
  if within then trouble.refuse(signup, "code", 422, code) end
  trouble.refuse(signup, "code", 429, code, nil, { retry_after = trouble.CODE_PAUSE })
end


-- Another mail for a decoy takes as long as one that is sent. started: clock.monotonic. Yields.
function conceal.resend(email, given, started)
  local nonce, decoy = find(email, given)
  if not nonce then return end
  local key, interval, n = proof.hash(decoy), config.resend.interval, config.resend.per_hour
  local allowed = (interval == 0 or limiter.take("decoy.resend.interval", key, 1 / interval, 1))
    and limiter.take("decoy.resend.hour", key, n / HOUR, n)
  if allowed then timing.wait("resend", started) end
end


return conceal
