-- SPDX-License-Identifier: MIT
-- POST /api/account/resend_code: always the same answer, whether a mail goes out or not.
local admission, clock, conceal = require "lib.admission", require "clock", require "lib.conceal"
local form, identity, intent = require "lib.form", require "lib.identity", require "lib.intent"
local log, metrics, proof = require "log", require "metrics", require "lib.proof"


local function count(outcome, step)
  metrics.count("SIGNUP_RESEND_" .. outcome, 1, { method = "email", step = step })
end


return function(req)
  local clean = form.resend(req:json())
  admission.resend(req, clean)
  local started, given = clock.monotonic(), proof.given(req, clean)

  -- 1. Only the browser that signed up, and only while the code is still wanted.
  local found, err = intent.find(clean.email)
  local wanted = found and found.sub and not found.code_accepted
    and intent.may_confirm(found, given)

  -- 2. One per minute and intent, five per hour.
  local allowed
  if wanted then allowed, err = intent.count_mail(found) end

  -- 3. Cognito mails a new code; the one before it no longer counts.
  local sent
  if allowed then sent, err = identity.resend_code(clean.email) end

  if sent then
    count("SUCCESS", "done")
    conceal.even_out_resend(started)
  end
  if not wanted then conceal.resend(clean.email, given, started) end
  if allowed == false or sent == false then
    count("FAILURE", sent == false and "cognito" or "limits")
  elseif err then
    count("ERROR", allowed and "cognito" or "intent")
    log.error("resend_failed", {
      signup_id = found and found.signup_id, error_code = err.code, status = err.status,
    })
  end

  -- 4. Always 202.
  return { status = 202, json = { status = "accepted" } }
end
