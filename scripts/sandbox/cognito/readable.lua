-- SPDX-License-Identifier: MIT
-- Which of a user's attributes a client is shown: those that it may read, narrowed by the scopes of a sign-in through
-- the hosted UI. openid alone opens all of them.
local set_of = require "sandbox.set_of"

local readable = {}

local SCOPES = {
  email = { email = true, email_verified = true },
  phone = { phone_number = true, phone_number_verified = true },
  profile = { identities = true },
}
for _, name in ipairs { "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile",
  "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at" } do
  SCOPES.profile[name] = true
end

local function opens(scope, name)
  local narrow = false
  for word in (scope or ""):gmatch("%S+") do
    local set = SCOPES[word]
    if set and (set[name] or word == "profile" and name:find("^custom:")) then return true end
    narrow = narrow or set ~= nil
  end
  return not narrow
end

-- user's attributes -> those shown; scope: nil where the sign-in has none
function readable.of(client, scope, values)
  local names = client.settings.ReadAttributes
  local allowed = names and set_of(names)
  local shown = {}
  for name, value in pairs(values) do
    local may = (name == "sub" or not allowed or allowed[name]) and not name:find("^dev:")
    if may and (name == "sub" or opens(scope, name)) then shown[name] = value end
  end
  return shown
end

return readable
