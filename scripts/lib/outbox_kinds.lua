-- SPDX-License-Identifier: MIT
-- What the outbox may be asked to do: kind -> function(about) -> true | nil, err. Each bears repetition;
-- err.final says that repeating is of no use.
-- about = { signup_id, sub, username, method, form, created_at } of the sign-up. Functions yield.
local account, identity, slack = require "lib.account", require "lib.identity", require "slack"

return {
  -- Both stores say that the address is confirmed.
  email_verified = function(about)
    local ok, err = identity.set_verified(about)
    if not ok then return nil, err end
    return account.set_verified(about, about.method)
  end,

  -- Slack knows of a new customer. about.text: as lib/notify wrote it.
  slack = function(about)
    local ok, err = slack.post(about.text)
    if err then err.final = not err.retryable end
    return ok, err
  end,
}
