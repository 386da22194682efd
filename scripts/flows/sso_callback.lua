-- SPDX-License-Identifier: MIT
-- GET /api/account/sso/callback: back from Google. A stranger becomes a customer; a customer goes on into the console.
local answer, begin = require "lib.sso.answer", require "lib.sso.begin"
local console, federated, form = require "lib.sso.console", require "lib.federated", require "lib.form"
local hosted_ui, saga, state = require "lib.sso.hosted_ui", require "lib.saga", require "lib.sso.state"

return console.guard(saga.flow("SIGNUP", function(req, signup)
  -- 1. The state: this browser's, not older than ten minutes, never used before.
  local visit = state.finish(signup, req)

  -- 2. "Already found an entry for username …": once more, by itself, once.
  if answer.is_worth_another_try(req.query, visit) then
    return begin { form = visit.form, return_to = visit.return_to, callback = visit.callback, tries = visit.tries + 1 }
  end
  answer.check(signup, req.query)

  -- 3. The code becomes tokens. 4. The ID token is the pool's, for us, now, and of this very visit.
  local tokens = hosted_ui.redeem(signup, visit, req.query.code)
  local person = answer.person(signup, hosted_ui.identify(signup, visit, tokens), form)

  -- 5. The account is there, or is made now: the saga from step 3.
  federated.ensure(signup, req, person, visit.form)

  -- 6. Into the console. The tokens go nowhere.
  return console.open(visit.return_to, state.END, { status = "signed_in" })
end, nil, "google"), state.end_of_error)
