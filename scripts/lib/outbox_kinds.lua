-- SPDX-License-Identifier: MIT
-- What the outbox may be asked to do: kind -> function(about) -> true | nil, err. Each bears repetition;
-- err.final says that repeating is of no use.
-- about = { signup_id, sub, username, method, form, created_at } of the sign-up. Functions yield.
local account, completion, identity = require "lib.account", require "lib.completion", require "lib.identity"
local slack = require "slack"

return {
  -- Both stores say that the address is confirmed.
  email_verified = function(about)
    local ok, err = identity.set_verified(about)
    if not ok then return nil, err end
    return account.set_verified(about, about.method)
  end,

  -- The account, for somebody whose confirmation could not make it.
  account = function(about) return completion.later(about, completion.account) end,

  -- The card, where it is attached at the confirmation.
  card = function(about) return completion.later(about, completion.card) end,

  -- Slack knows of a new customer. about.text: as lib/notify wrote it.
  slack = function(about)
    local ok, err = slack.post(about.text)
    if err then err.final = not err.retryable end
    return ok, err
  end,
}
