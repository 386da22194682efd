-- SPDX-License-Identifier: MIT
-- What config.password asks of a password, as data: password.lua judges by it, and the sign-up page shows it.
local config = require "config"

-- { setting, one of these characters, code, in words }; the symbols are those that Cognito counts.
local CLASSES <const> = {
  { "require_lowercase", "abcdefghijklmnopqrstuvwxyz", "password_needs_lowercase", "a small letter" },
  { "require_uppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "password_needs_uppercase", "a capital letter" },
  { "require_numbers", "0123456789", "password_needs_number", "a digit" },
  { "require_symbols", "^$*.[]{}()?\"!@#%&/\\,><':;|_~`+=- ", "password_needs_symbol", "a symbol" },
}

local rules = { min = config.password.min_length, max = 256, classes = {} }

for _, class in ipairs(CLASSES) do
  if config.password[class[1]] then
    rules.classes[#rules.classes + 1] = { characters = class[2], code = class[3], words = class[4],
      pattern = "[" .. class[2]:gsub("%p", "%%%0") .. "]" }
  end
end

return rules
