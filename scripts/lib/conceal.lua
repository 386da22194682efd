-- SPDX-License-Identifier: MIT
-- signup.conceal_existing: whoever signs up with an address that has an account gets the answer of a success,
-- and the owner a mail. Nothing is written for it and no Stripe called: its proof is a decoy, with which the same
-- request again, a code and the wish for another mail are answered like those of a sign-up that exists. Cards are
-- judged at the confirmation then, and answers take as long as real ones. Called by saga, opening and the flows.
local clock, config, fail = require "clock", require "config", require "fail"
local limiter, marks, task = require "limiter", require "marks", require "task"
local decoy, fingerprint, owner_mail = require "lib.decoy", require "lib.fingerprint", require "lib.owner_mail"
local proof, timing, trouble = require "lib.proof", require "lib.timing", require "lib.trouble"

local conceal = {}

if config.signup.conceal_existing and config.ses.from == "" then
  error("signup.conceal_existing needs ses.from: the owner of an account is told by mail", 0)
end

local CODES_AN_HOUR <const>, HOUR <const> = 15, 3600 -- as Cognito counts them
local FRESH <const>, ANOTHER <const> = "SIGNUP done", "SIGNUP superseded"
local WRONG_CODE <const>, TOO_MANY <const> = "code_invalid_or_expired", "too_many_attempts"


function conceal.is_on()
  return config.signup.conceal_existing == true
end


-- --- one at a time: an address that has an account cannot be locked in the table, as nothing is written ---

local function lock_of(item)
  return "concealing " .. fingerprint.email(item.form.email)
end


-- Raises: what the second of two gets. As long as the lease, for what is left of it would tell one from the other.
function conceal.refuse_second(signup)
  signup.silent = true
  trouble.refuse(signup, "intent", 409, "signup_in_progress", nil, { retry_after = config.signup.lease })
end


-- Is this address being answered at this moment?
function conceal.is_busy(item)
  return conceal.is_on() and marks.count(lock_of(item)) > 0
end


-- The address has an account: this request alone answers for it now, unless it only wants its answer again. The second
-- of two is refused.
function conceal.claim(signup)
  local item = signup.wanted
  if not conceal.is_on() or not item or signup.decoy then return end
  signup.decoy = decoy.again(item, signup.given, signup.key_used)
  if signup.decoy then return end
  if not marks.add(lock_of(item)) then
    if conceal.is_busy(item) then conceal.refuse_second(signup) end
  else
    signup.concealing = lock_of(item)
  end
  signup.decoy, signup.decoys = decoy.new(item)
end


local function release(signup)
  return setmetatable({}, { __close = function()
    if signup.concealing then marks.remove(signup.concealing) end
  end })
end


-- What to do instead of refusing a sign-up: answer(intent, secret) makes the reply of a success.
-- -> function(signup, err) -> reply | nil: it is not to be concealed. Yields.
function conceal.existing(answer)
  return function(signup, err)
    if not conceal.is_on() then return nil end
    local _ <close> = release(signup)
    if not fail.is(err) or err.code ~= "account_exists" or not signup.decoy then return nil end
    local email = signup.wanted.form.email
    if signup.decoys then
      task.spawn(owner_mail.account_exists, email, signup.external)
      if signup.captcha_token then decoy.remember_captcha(email, signup.captcha_token) end
    end
    timing.wait((signup.decoys or 1) > 1 and ANOTHER or FRESH, signup.started)
    return answer({ visible_account_id = decoy.account_id(signup.decoy), code_sent = true }, signup.decoy)
  end
end


local function kind_of(signup)
  return signup.displaces and ANOTHER or FRESH
end


-- A sign-up that is real is about to open the account. While little is known of how long that takes, it takes longer,
-- under its lease: two at once must not show what it is. Yields.
function conceal.hold(signup)
  if conceal.is_on() and signup.fresh then signup.held = timing.hold(kind_of(signup), signup.started) end
end


-- It has ended well: its time is what concealed ones go by. One that did not do all the work takes as long as one that
-- did. Yields.
function conceal.even_out(signup)
  if not conceal.is_on() then return end
  if signup.fresh then
    timing.record(kind_of(signup), clock.monotonic() - signup.started - (signup.held or 0))
  else
    timing.wait(FRESH, signup.started)
  end
end


-- --- what follows a sign-up ---

-- Something real is over that has no lease.
local function even_out(kind, started)
  local seconds = clock.monotonic() - started
  timing.hold(kind, started)
  timing.record(kind, seconds)
end


-- A code was refused, by Cognito or in its place. Yields.
function conceal.even_out_code(signup, err)
  if not conceal.is_on() or signup.conceals or not fail.is(err) then return end
  if signup.at == "code" and (err.code == WRONG_CODE or err.code == TOO_MANY) then
    even_out("SIGNUP_CONFIRM " .. err.code, signup.started)
  end
end


local function refuse_code(signup, code)
  signup.conceals = true
  timing.wait("SIGNUP_CONFIRM " .. code, signup.started)
  if code == WRONG_CODE then trouble.refuse(signup, "code", 422, code) end
  trouble.refuse(signup, "code", 429, code, nil, { retry_after = trouble.CODE_PAUSE })
end


-- A code that comes with a decoy is wrong, as any code is that nobody was sent. Raises then. Yields.
function conceal.check_code(signup, form, given)
  local found = decoy.find(form.email, given)
  if not found then return end
  if not decoy.is_current(form.email, found) then trouble.refuse(signup, "proof", 422, "signup_superseded") end
  local within = limiter.take("decoy.code", proof.hash(found.text), CODES_AN_HOUR / HOUR, CODES_AN_HOUR)
  refuse_code(signup, within and WRONG_CODE or TOO_MANY)
end


-- A code without a proof for an address that nobody signs up with, or that has an account. Raises. Yields.
function conceal.refuse_code(signup, email)
  if not conceal.is_on() then trouble.refuse(signup, "code", 422, WRONG_CODE) end
  if decoy.count(email) > 1 then trouble.refuse(signup, "proof", 422, "signup_superseded") end
  refuse_code(signup, WRONG_CODE)
end


-- A mail has been sent. started: clock.monotonic. Yields.
function conceal.even_out_resend(started)
  if conceal.is_on() then even_out("resend", started) end
end


-- Another mail for a decoy takes as long as one that is sent. started: clock.monotonic. Yields.
function conceal.resend(email, given, started)
  local found = decoy.find(email, given)
  if not found or not decoy.is_current(email, found) then return end
  local key, interval, n = proof.hash(found.text), config.resend.interval, config.resend.per_hour
  local allowed = (interval == 0 or limiter.take("decoy.resend.interval", key, 1 / interval, 1))
    and limiter.take("decoy.resend.hour", key, n / HOUR, n)
  if allowed then timing.wait("resend", started) end
end


return conceal
