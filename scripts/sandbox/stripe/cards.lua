-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: the test cards by name and by number, and what a declined one hears. Pure. A card =
-- {number=, brand=, funding=, country=, decline=, attach=, authenticate=, checks=}: decline = what a 402 says,
-- attach = true where attaching to a customer works although charges fail, authenticate = 3-D Secure asked,
-- checks = what an address or a CVC is found to be, "pass" otherwise.
local cards = {}

local GENERIC = "Your card was declined."

cards.declines = {
  generic_decline = { code = "card_declined", decline_code = "generic_decline", message = GENERIC,
    advice_code = "try_again_later", network_decline_code = "01" },
  insufficient_funds = { code = "card_declined", decline_code = "insufficient_funds",
    message = "Your card has insufficient funds." },
  fraudulent = { code = "card_declined", decline_code = "fraudulent", message = GENERIC },
  lost_card = { code = "card_declined", decline_code = "lost_card", message = GENERIC },
  stolen_card = { code = "card_declined", decline_code = "stolen_card", message = GENERIC },
  card_velocity_exceeded = { code = "card_declined", decline_code = "card_velocity_exceeded",
    message = "Your card was declined for making repeated attempts too frequently or exceeding its amount limit." },
  incorrect_cvc = { code = "incorrect_cvc", param = "cvc",
    message = "Your card's security code is incorrect." },
  expired_card = { code = "expired_card", param = "exp_month", message = "Your card has expired." },
  processing_error = { code = "processing_error",
    message = "An error occurred while processing your card. Try again in a little bit." },
  live_card = { code = "card_declined", decline_code = "test_mode_live_card",
    message = GENERIC .. " Your request was in test mode, but used a non test (live) card. "
      .. "For a list of valid test cards, visit: https://stripe.com/docs/testing." },
  incorrect_number = { code = "incorrect_number", param = "number",
    message = "Your card number is incorrect." },
  exp_month = { code = "invalid_expiry_month", param = "exp_month",
    message = "Your card's expiration month is invalid." },
  exp_year = { code = "invalid_expiry_year", param = "exp_year",
    message = "Your card's expiration year is invalid." },
  cvc = { code = "invalid_cvc", param = "cvc", message = "Your card's security code is invalid." },
}

local BRANDS = {
  { "^4", "visa" }, { "^5", "mastercard" }, { "^2", "mastercard" }, { "^3[47]", "amex" },
  { "^6011", "discover" },
  { "^3[06]", "diners" }, { "^35", "jcb" }, { "^62", "unionpay" },
}

local by_name, by_number = {}, {}

local function brand_of(number)
  for _, row in ipairs(BRANDS) do
    if number:find(row[1]) then
      return row[2]
    end
  end
  return "unknown"
end

for _, row in ipairs(require "sandbox.stripe.test_cards") do
  local names, number, what = row[1], row[2], row[3] or {}
  local card = {
    number = number, brand = brand_of(number), funding = what.funding or "credit", country = what.country or "US",
    decline = what.decline, attach = what.attach, authenticate = what.authenticate, checks = what.checks or {},
  }
  by_number[number] = card
  for name in names:gmatch "%S+" do by_name[name] = card end
end

-- The card that a well-known tok_… name stands for, or nil.
function cards.of_token(id)
  return by_name[id:match("^tok_(.+)$") or ""] or by_name[id:match("^tok_card_(.+)$") or ""]
end

-- The card that a well-known pm_card_… name stands for, or nil.
function cards.of_payment_method(id)
  return by_name[id:match("^pm_card_(.+)$") or ""]
end

function cards.of_number(number)
  return by_number[number]
end

function cards.luhn(number)
  local sum, double = 0, false
  for i = #number, 1, -1 do
    local digit = number:byte(i) - 48
    if double then
      digit = digit * 2 > 9 and digit * 2 - 9 or digit * 2
    end
    sum, double = sum + digit, not double
  end
  return sum % 10 == 0
end

return cards
