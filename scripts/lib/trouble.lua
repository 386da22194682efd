-- SPDX-License-Identifier: MIT
-- What to do when something goes wrong in a step: say it in the log and the metrics, and either go on or
-- stop. A vendor's own words go nowhere: they may name people. Its code, status and request id tell
-- operations enough.
local fail, log, inconsistent = require "fail", require "log", require "lib.inconsistent"

local trouble = {
  CODE_PAUSE = 900, -- seconds until Cognito listens to more codes of one user
}

local RETRY_AFTER <const> = 2 -- seconds until the same request is worth sending again


-- A dependency failed and the flow goes on. stores: "USER" or "ACCOUNT" when two stores now disagree.
function trouble.note(signup, step, err, stores)
  err = type(err) == "table" and err or { code = tostring(err) }
  log.error("step_failed", {
    signup_id = signup.intent and signup.intent.signup_id, step = step,
    error_code = err.code or err.kind or err.type, status = err.status, upstream_request_id = err.request_id,
    stores = stores,
  })
  if stores then inconsistent.found(signup, step, stores) end
end


-- A dependency failed and the flow cannot go on: what was done is kept, the same request again resumes.
function trouble.stop(signup, step, err, stores)
  trouble.note(signup, step, err, stores)
  signup.blamed = signup.blamed or step
  fail(503, "try_again", nil, { retry_after = RETRY_AFTER })
end


-- What people read. One text for every reason that a code may have.
trouble.MESSAGES = {
  account_disabled = "This account has been disabled. Please contact our support.",
  account_exists = "There is an account with this e-mail address. Please sign in.",
  captcha_failed = "Please show once more that you are a person.",
  card_not_accepted = "The card was not accepted. Please try another one.",
  card_required = "A card is needed. Please start again with one.",
  code_invalid_or_expired = "This code is wrong or too old. Please check it, or ask for a new one.",
  idempotency_key_reused = "This Idempotency-Key came with another request before.",
  email_not_verified = "This e-mail address has not been verified.",
  invalid_token = "Please sign in again.",
  signup_in_progress = "This sign-up is being worked on. Please wait a moment.",
  signup_superseded = "This sign-up is no longer the current one. Please sign up again.",
  sso_denied = "The sign-in was cancelled.",
  sso_failed = "The sign-in did not work. Please try again.",
  sso_refused = "This account cannot be used here.",
  sso_state_invalid = "This sign-in is too old, or began in another browser. Please try again.",
  too_many_attempts = "Too many attempts. Please wait a while.",
}


-- The visitor's fault, found in this step.
function trouble.refuse(signup, step, status, code, fields, extra)
  signup.blamed = signup.blamed or step
  extra = extra or {}
  extra.message = extra.message or trouble.MESSAGES[code]
  fail(status, code, fields, extra)
end


return trouble
