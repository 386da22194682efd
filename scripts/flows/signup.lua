-- SPDX-License-Identifier: MIT
-- POST /api/account/signup: a stranger becomes a customer, or is told exactly what to mend.
local account, admission, billing = require "lib.account", require "lib.admission", require "lib.billing"
local completion, conceal, form = require "lib.completion", require "lib.conceal", require "lib.form"
local identity, opening, proof = require "lib.identity", require "lib.opening", require "lib.proof"
local saga, supersede, task = require "lib.saga", require "lib.supersede", require "task"


local function answer(intent, secret)
  return {
    status = 201,
    headers = { ["Set-Cookie"] = proof.cookie(secret), ["Cache-Control"] = "no-store" },
    json = {
      visible_account_id = intent.visible_account_id,
      signup_token = secret,
      code_sent = intent.code_sent,
      next = intent.confirmed and "sign_in" or "confirm_signup",
    },
  }
end


return saga.flow("SIGNUP", function(req, signup)
  -- 0. Validate everything; rate limits; captcha when configured; the operator's hook. Nothing is written yet.
  local clean = form.signup(req:json())
  admission.sign_up(signup, req, clean)

  -- 1. Put the intent: every id, time and key is made here once. It is also the lock for this e-mail.
  opening.sign_up(signup, req, clean)
  if signup.brings_card then
    signup:step("card", completion.another_card)
    return answer(signup.intent, signup:proof())
  end

  -- 2. Cognito SignUp; Cognito mails the code now. An older sign-up that nobody confirmed gives way first.
  signup:step("supersede", supersede.clean)
  signup:step("cognito", identity.sign_up, clean)

  -- 3. Put the user record. 4. Stripe: customer, payment method, attached and made the default.
  task.all {
    function() signup:step("user", account.put_user) end,
    function() signup:step("stripe", billing.register) end,
  }

  -- 5. One transaction: account, both memberships, API key record, intent DONE.
  conceal.hold(signup)
  signup:step("account", account.open)

  -- 6. Answer. By the settings, also to who has an account already, and after the same time.
  conceal.even_out(signup)
  return answer(signup.intent, signup:proof())
end, conceal.existing(answer))
