-- SPDX-License-Identifier: MIT
-- Sandbox, Google: who sits at the browser. The consent page asks; POST /google/consent on the mailbox's
-- listener answers for it, until it is told otherwise; a query of the page's own address does so once.
local json = require "json"

local identity = {}

local DEFAULT = {
  auto = false, deny = false, sub = "109354484677663308178", email = "ada.lovelace@gmail.com",
  email_verified = true, name = "Ada Lovelace",
}
local chosen = DEFAULT

identity.MEMBERS = DEFAULT

function identity.current()
  return chosen
end

-- fields: those of MEMBERS; what is not said is as at the start. -> identity | nil, message
function identity.choose(fields)
  local new = {}
  for name, default in pairs(DEFAULT) do
    local value = fields[name]
    if value == nil or value == json.null then value = default end
    if type(value) ~= type(default) then return nil, ("%s is a %s"):format(name, type(default)) end
    new[name] = value
  end
  chosen = new
  return new
end

-- What a form or query says, over what was chosen. A box that is not ticked is not sent.
function identity.from_form(fields)
  local given = function(name) return fields[name] ~= "" and fields[name] or nil end
  return {
    sub = given "sub" or chosen.sub, email = given "email" or chosen.email,
    name = given "name" or chosen.name, email_verified = fields.email_verified == "true",
  }
end

return identity
