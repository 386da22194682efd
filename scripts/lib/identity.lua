-- SPDX-License-Identifier: MIT
-- What Cognito knows of a person: signing up, confirming, and what its refusals mean, a name that
-- exists already above all. Functions take the saga; what a step returns is stored in the intent.
local cognito = require "cognito"
local account, conceal, fingerprint = require "lib.account", require "lib.conceal", require "lib.fingerprint"
local refusal, supersede, trouble = require "lib.refusal", require "lib.supersede", require "lib.trouble"

local identity = {}

local CLOCK_SKEW <const> = 5      -- seconds that Cognito's clock may be behind ours


-- Could the call have had an effect although no answer says so?
local function is_ambiguous(err)
  return err.ambiguous or err.sent and (err.status == nil or err.status >= 500)
end


-- -> "absent" | "unconfirmed" | "disabled" (unconfirmed, and an operator does not want it) | "confirmed" | "external",
-- and the user
function identity.user_state(signup, email)
  local user, err = cognito.admin_get_user(email)
  if user then
    if user.status == "UNCONFIRMED" then return user.enabled == false and "disabled" or "unconfirmed", user end
    return user.status == "EXTERNAL_PROVIDER" and "external" or "confirmed", user
  end
  if err.code ~= "UserNotFoundException" then trouble.stop(signup, "cognito", err) end
  return "absent"
end


-- Does Cognito say that there is nobody of this name? Without an answer nothing is said.
function identity.is_gone(username)
  local user, err = cognito.admin_get_user(username)
  return not user and err.code == "UserNotFoundException"
end


-- Raises. By the settings nobody gets to see it.
function identity.refuse_taken(signup, step, message)
  conceal.claim(signup)
  trouble.refuse(signup, step, 409, "account_exists", nil, { message = message })
end


-- A confirmed user without an account may complete it with the password; anybody else is told that the
-- address is taken. Returns only for the first. Of a disabled user Cognito takes no password.
function identity.prove_or_refuse(signup, form, state, user)
  if state == "external" then
    signup.external = true
    identity.refuse_taken(signup, "cognito", "This address signs in with Google. Please use “Sign in with Google”.")
  end
  if not account.exists(signup, user.username) then
    local session, err = cognito.initiate_auth { username = form.email, password = form.password }
    if session then return end
    if err.retryable or is_ambiguous(err) then trouble.stop(signup, "cognito", err) end
  end
  identity.refuse_taken(signup, "cognito")
end


local function known(user, fields)
  fields.sub, fields.username = user.sub, user.username
  fields.step = "COGNITO"
  return fields
end


-- A user whom the password has proven: nobody waits for a code. The address may not be proven at all (unverified), as
-- where an administrator has confirmed the user.
function identity.known_by_password(user)
  return known(user, { code_sent = false, confirmed = true, code_accepted = true,
    unverified = user.attributes.email_verified ~= "true" or nil })
end


-- An UNCONFIRMED user is our own when an answer of this intent may have been lost and the user is not older.
local function is_our_own(signup, user, ambiguous)
  if signup.fresh and not ambiguous then return false end
  return (user.created_at or 0) >= signup.intent.started - CLOCK_SKEW
end


-- The address is known to Cognito. -> fields for the intent | nil: try again, nothing is in the way any more.
local function meet_existing(signup, form, ambiguous, mailed)
  local state, user = identity.user_state(signup, form.email)
  if state == "absent" then return nil end
  if state == "unconfirmed" then
    if is_our_own(signup, user, ambiguous) then return known(user, { code_sent = mailed }) end
    -- Whose lease ran out meanwhile must not remove what another sign-up has made.
    signup:remember({ sign_ups = signup.intent.sign_ups + 1 }, nil, "cognito")
    supersede.remove(signup, supersede.stranger(user))
    return nil
  end
  signup.discard_intent = signup.fresh
  identity.prove_or_refuse(signup, form, state, user)
  signup.discard_intent = false
  return identity.known_by_password(user)
end


-- Cognito made the user but could not send the mail.
local UNSENT <const> = { LimitExceededException = true, CodeDeliveryFailureException = true }

-- One SignUp. -> fields for the intent | nil, err: worth another try
local function attempt(signup, form)
  local made, err = cognito.sign_up {
    username = form.email, password = form.password, attributes = { email = form.email, name = form.name },
  }
  if made then
    return { step = "COGNITO", sub = made.sub, username = made.sub, code_sent = not made.confirmed,
      confirmed = made.confirmed or nil }
  end
  local fields = refusal.of_sign_up(err)
  if fields then
    signup.refused = true
    trouble.refuse(signup, "cognito", 422, "invalid_input", fields)
  end
  local unsent, exists = UNSENT[err.code], err.code == "UsernameExistsException"
  if not unsent and not exists and not is_ambiguous(err) then trouble.stop(signup, "cognito", err) end
  local known_now = meet_existing(signup, form, not exists or err.ambiguous, not unsent)
  if unsent and not known_now then trouble.stop(signup, "cognito", err) end -- a limit is not asked twice
  return known_now, err
end


-- Step: Cognito knows the person and mails the code. What stood in the way is gone after the first attempt.
function identity.sign_up(signup, form)
  local fields, err = attempt(signup, form)
  if not fields then fields, err = attempt(signup, form) end
  return fields or trouble.stop(signup, "cognito", err)
end


local WRONG_CODE <const> = {
  CodeMismatchException = true, ExpiredCodeException = true, UserNotFoundException = true,
  InvalidParameterException = true, AliasExistsException = true,
}
local TOO_MANY <const> = { LimitExceededException = true, TooManyFailedAttemptsException = true }


-- Cognito says that the user is confirmed already, or gave no clear answer. It was this code if the same one
-- was sent before without an answer, or if Cognito failed in what it does after taking the code.
local function is_confirmed_now(signup, err)
  if cognito.is_already_confirmed(err) then return signup.code_in_doubt end
  local state = identity.user_state(signup, signup.intent.form.email)
  return state == "confirmed"
end


local LAMBDA_FAILED <const> = {
  UserLambdaValidationException = true, UnexpectedLambdaException = true,
  InvalidLambdaResponseException = true,
}

local function accepted(signup, code)
  return { code_accepted = true, accepted_code = fingerprint.code(signup.intent.signup_id, code) },
    { "confirming" }
end


-- An operator has disabled the user. The browser that signed up is told; whoever has not shown that it is that one
-- hears what a wrong code hears. The code is not spent: it is good once the user is enabled.
local function refuse_disabled(signup)
  if signup.brought_proof then trouble.refuse(signup, "code", 403, "account_disabled") end
  trouble.refuse(signup, "code", 422, "code_invalid_or_expired")
end


-- Step: ConfirmSignUp.
function identity.confirm(signup, code)
  local ok, err = cognito.confirm_sign_up { username = signup.intent.form.email, code = code }
  if ok then return accepted(signup, code) end

  if WRONG_CODE[err.code] then
    signup.refused = true
    trouble.refuse(signup, "code", 422, "code_invalid_or_expired")
  end
  if cognito.is_disabled(err) then refuse_disabled(signup) end
  if TOO_MANY[err.code] then
    trouble.refuse(signup, "code", 429, "too_many_attempts", nil, { retry_after = trouble.CODE_PAUSE })
  end
  local already = cognito.is_already_confirmed(err)
  if already or LAMBDA_FAILED[err.code] or is_ambiguous(err) then
    if is_confirmed_now(signup, err) then return accepted(signup, code) end
    if already then trouble.refuse(signup, "code", 422, "code_invalid_or_expired") end
  end
  trouble.stop(signup, "code", err)
end


-- Cognito usually has done so with the code: the same again does no harm. -> true | nil, err
function identity.set_verified(intent)
  return cognito.admin_update_user_attributes(intent.username, { email_verified = "true" })
end


-- Step: the same.
function identity.mark_verified(signup)
  local ok, err = identity.set_verified(signup.intent)
  if not ok then trouble.stop(signup, "attributes", err, "USER") end
end


-- Step, without the form: the user that a lost answer of this intent has left in Cognito. -> fields | nil:
-- there is none
function identity.recover(signup)
  local state, user = identity.user_state(signup, signup.intent.form.email)
  if state ~= "unconfirmed" or not is_our_own(signup, user, true) then return nil end
  return known(user, { code_sent = true })
end


-- A new code by mail. -> true | false, err: not now, by Cognito's limits, or nobody waits for one any more | nil, err
function identity.resend_code(email)
  local sent, err = cognito.resend_confirmation_code { username = email }
  if sent then return true end
  local is_over = WRONG_CODE[err.code] or cognito.is_disabled(err)
  if TOO_MANY[err.code] or is_over then return false, err end
  return nil, err
end


return identity
