-- SPDX-License-Identifier: MIT
-- What a sign-up may still lack behind Cognito, made good under the intent's lease: for federated people, at the
-- confirmation, from the outbox and from `usher repair`. Functions yield.
local account, billing, intent = require "lib.account", require "lib.billing", require "lib.intent"
local saga, task = require "lib.saga", require "task"

local completion = {}


-- Steps 3 to 5 of the sign-up, as far as they are not done. there: as account.open takes it, or nil.
function completion.account(signup, there)
  task.all {
    function() signup:step("user", account.put_user) end,
    function() signup:step("stripe", billing.register) end,
  }
  signup:step("account", account.open, there)
end


function completion.card(signup)
  if billing.waits_for_card(signup.intent) then signup:step("attach", billing.attach) end
end


-- The account is open; another card comes in the place of one that was refused.
function completion.another_card(signup)
  billing.register(signup)
  return { card_attached = true }, { "card" }
end


-- Does one of these for the sign-up of an outbox message, if that still is the address's own. -> true | nil, err
function completion.later(about, body)
  local item, err = intent.find(about.form.email)
  if err then return nil, err end
  if not item or item.signup_id ~= about.signup_id then return true end
  local ok, problem = saga.adopt(item, about.method, false, body)
  if ok then return true end
  return nil, type(problem) == "table" and problem or { code = "internal_error" }
end


return completion
