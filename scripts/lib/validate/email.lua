-- SPDX-License-Identifier: MIT
-- A validator for an e-mail address that Cognito takes and SES can deliver to, in the one spelling that usher uses
-- everywhere: trimmed, NFC, lower case. Only ASCII, because SES has no SMTPUTF8 and Cognito answers "Invalid
-- email address format."; a domain of another script is written as xn--…. No quoted local part, no address
-- literal. max: without one 254, what SMTP can carry.
local text = require "lib.validate.text"

local ADDRESS_MAX <const>, LOCAL_MAX <const>, LABEL_MAX <const> = 254, 64, 63


local function local_part_is_sane(part)
  return #part >= 1 and #part <= LOCAL_MAX
    and not part:find("[^%w!#$%%&'*+/=?^_`{|}~.-]")
    and not part:find("^%.") and not part:find("%.$") and not part:find("..", 1, true)
end


local function domain_is_sane(domain)
  local labels, last = 0, nil
  for label in (domain .. "."):gmatch("([^.]*)%.") do
    if #label < 1 or #label > LABEL_MAX or label:find("[^%w-]") or label:find("^%-") or label:find("%-$") then
      return false
    end
    labels, last = labels + 1, label
  end
  return labels >= 2 and last:find("%a") ~= nil
end


return function(max)
  local line = text.line(max or ADDRESS_MAX)
  return function(value)
    local s, problems = line(value)
    if not s then return nil, problems end
    if s:find("[\x80-\xff]") then
      return text.wrong("email_not_ascii", "Only plain letters, digits and signs can be used here.")
    end
    s = s:lower()
    local before, domain = s:match("^([^@]*)@([^@]*)$")
    if not before or not local_part_is_sane(before) or not domain_is_sane(domain) then
      return text.wrong("invalid_email", "This is not an e-mail address.")
    end
    return s
  end
end
