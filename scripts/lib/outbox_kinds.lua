-- SPDX-License-Identifier: MIT
-- What the outbox may be asked to do: kind -> function(about) -> true | nil, err. Each bears repetition.
-- about = { signup_id, sub, username, method, form, created_at } of the sign-up. Functions yield.
local account, identity = require "lib.account", require "lib.identity"

return {
  -- Both stores say that the address is confirmed.
  email_verified = function(about)
    local ok, err = identity.set_verified(about)
    if not ok then return nil, err end
    return account.set_verified(about, about.method)
  end,
}
