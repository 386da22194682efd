-- SPDX-License-Identifier: MIT
-- POST /api/account/confirm_signup: the code from the mail, from the browser that signed up.
local account, admission, api_key = require "lib.account", require "lib.admission", require "lib.api_key"
local billing, completion, form = require "lib.billing", require "lib.completion", require "lib.form"
local identity, opening, outbox = require "lib.identity", require "lib.opening", require "lib.outbox"
local saga, task = require "lib.saga", require "task"


return saga.flow("SIGNUP_CONFIRM", function(req, signup)
  local clean = form.confirm(req:json())
  admission.confirm(signup, req, clean)

  -- 1. Check the proof.
  opening.confirm(signup, req, clean)

  -- 2. ConfirmSignUp: a wrong, an old and an unknown code get one answer. 3. Store code_accepted.
  if not signup.intent.code_accepted then
    signup:step("code", identity.confirm, clean.code)
    signup:count("SIGNUP_CONFIRM_SUCCESS")
  end

  -- 4. AdminUpdateUserAttributes email_verified=true. 5. User record email_verified=true.
  -- What fails is told later, from the outbox. Where a password was proven and no code, the address is not.
  local told = signup.intent.unverified and { true, true } or task.all {
    function() return signup:settle("attributes", identity.mark_verified) end,
    function() return signup:settle("user", account.mark_verified) end,
  }
  if not (told[1] and told[2]) then outbox.later(signup, "email_verified") end

  -- 6. If the account is missing, resume steps 3–5 of sign-up without holding the confirmation up. What fails is
  -- done later, from the outbox, unless it was the card's fault.
  local intent = signup.intent
  if intent.step ~= "DONE" and not signup:settle("account", completion.account) and not intent.card_declined then
    outbox.later(signup, "account")
  end
  if billing.waits_for_card(intent) and not signup:settle("card", completion.card) and not intent.card_declined then
    outbox.later(signup, "card")
  end

  -- Who learns only here that the card was refused may bring another one with the same sign-up.
  local card_accepted
  if intent.card_declined then card_accepted = false end

  -- 7. Mint the default key's secret, store its hash, show it once.
  local key = intent.step == "DONE" and api_key.reveal(signup) or nil
  return {
    status = 200,
    headers = { ["Cache-Control"] = "no-store" },
    json = { status = "confirmed", visible_account_id = intent.visible_account_id, api_key = key,
      card_accepted = card_accepted },
  }
end)
