-- SPDX-License-Identifier: MIT
-- SignUp makes a user; whatever DynamoDB is asked to write is written.
local crypto = require "crypto"

return function(req)
  local is_sign_up = req:header("x-amz-target"):find("SignUp", 1, true)
  return { json = is_sign_up and { UserSub = crypto.uuid(), UserConfirmed = false } or {} }
end
