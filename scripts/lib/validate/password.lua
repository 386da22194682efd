-- SPDX-License-Identifier: MIT
-- The user pool's password policy (password_rules.lua), mirrored so that all faults show at once. Cognito
-- has the last word (identity.lua). A password is taken as it was typed: never trimmed, folded or
-- normalised.
local rules, text, unicode = require "lib.validate.password_rules", require "lib.validate.text", require "unicode"


return function(value)
  if type(value) ~= "string" then return text.wrong("not_text", "This must be text.") end
  if value == "" then return text.wrong("required", "Please fill this in.") end
  local length = unicode.length(value)
  if not length then return text.wrong("not_text", "This must be text.") end

  local problems = {}
  local function wrong(code, message) problems[#problems + 1] = { code = code, message = message } end
  if length < rules.min then
    wrong("password_too_short", ("At least %d characters, please."):format(rules.min))
  end
  if length > rules.max then wrong("too_long", ("At most %d characters, please."):format(rules.max)) end
  if text.trim(value) ~= value then
    wrong("password_space_at_end", "A password cannot begin or end with a space.")
  end
  if text.has_control(value) then
    wrong("control_characters", "Line breaks and control characters cannot be used here.")
  end
  for _, class in ipairs(rules.classes) do
    if not value:find(class.pattern) then wrong(class.code, ("It needs %s."):format(class.words)) end
  end
  if #problems > 0 then return nil, problems end
  return value
end
