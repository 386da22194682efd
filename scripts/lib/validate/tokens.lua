-- SPDX-License-Identifier: MIT
-- Short texts that programs made: a country's code, Stripe's token, the code from the mail, our own proof.
local countries, text = require "lib.countries", require "lib.validate.text"

local tokens = {}

local line = text.line(255)


-- ISO 3166-1 alpha-2; "de" is read as "DE".
function tokens.country(value)
  local s, problems = line(value)
  if not s then return nil, problems end
  s = s:upper()
  if not countries[s] then return text.wrong("unknown_country", "This is not a country's code.") end
  return s
end


-- tok_… (a token of Stripe.js) or pm_… (a payment method).
function tokens.card(value)
  local s, problems = line(value)
  if not s then return nil, problems end
  if not s:find("^tok_[%w_]+$") and not s:find("^pm_[%w_]+$") then
    return text.wrong("invalid_card_token", "The card could not be read. Please enter it again.")
  end
  return s
end


-- Six digits, as they stand in the mail.
function tokens.code(value)
  local s, problems = line(value)
  if not s then return nil, problems end
  if not s:find("^%d%d%d%d%d%d$") then return text.wrong("invalid_code", "The code has six digits.") end
  return s
end


return tokens
