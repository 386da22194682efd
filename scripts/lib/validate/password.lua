-- SPDX-License-Identifier: MIT
-- The user pool's password policy, mirrored from config.password, so that all faults show at once. Cognito
-- has the last word (identity.lua). A password is taken as it was typed: never trimmed, folded or
-- normalised.
local config, text, unicode = require "config", require "lib.validate.text", require "unicode"

local MAX <const> = 256
local SYMBOLS <const> = "[%^$*.%[%]{}()?\"!@#%%&/\\,><':;|_~`+=%- ]"

-- { setting, what it must hold, code, in words }
local classes = {
  { "require_lowercase", "[a-z]", "password_needs_lowercase", "a small letter" },
  { "require_uppercase", "[A-Z]", "password_needs_uppercase", "a capital letter" },
  { "require_numbers", "[0-9]", "password_needs_number", "a digit" },
  { "require_symbols", SYMBOLS, "password_needs_symbol", "a symbol" },
}


return function(value)
  if type(value) ~= "string" then return text.wrong("not_text", "This must be text.") end
  if value == "" then return text.wrong("required", "Please fill this in.") end
  local length = unicode.length(value)
  if not length then return text.wrong("not_text", "This must be text.") end

  local problems = {}
  local function wrong(code, message) problems[#problems + 1] = { code = code, message = message } end
  if length < config.password.min_length then
    wrong("password_too_short", ("At least %d characters, please."):format(config.password.min_length))
  end
  if length > MAX then wrong("too_long", ("At most %d characters, please."):format(MAX)) end
  if text.trim(value) ~= value then
    wrong("password_space_at_end", "A password cannot begin or end with a space.")
  end
  if text.has_control(value) then
    wrong("control_characters", "Line breaks and control characters cannot be used here.")
  end
  for _, class in ipairs(classes) do
    if config.password[class[1]] and not value:find(class[2]) then
      wrong(class[3], ("It needs %s."):format(class[4]))
    end
  end
  if #problems > 0 then return nil, problems end
  return value
end
