-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: the test cards, their numbers, token names and what they do, as data. Pure. A card =
-- {number=, brand=, funding=, country=, decline=, attach=, authenticate=}: decline = what a 402 says,
-- attach = true where attaching to a customer works although charges fail, authenticate = 3-D Secure asked.
local cards = {}

local GENERIC = "Your card was declined."

cards.declines = {
  generic_decline = { code = "card_declined", decline_code = "generic_decline", message = GENERIC },
  insufficient_funds = { code = "card_declined", decline_code = "insufficient_funds",
    message = "Your card has insufficient funds." },
  fraudulent = { code = "card_declined", decline_code = "fraudulent", message = GENERIC },
  lost_card = { code = "card_declined", decline_code = "lost_card", message = GENERIC },
  stolen_card = { code = "card_declined", decline_code = "stolen_card", message = GENERIC },
  card_velocity_exceeded = { code = "card_declined", decline_code = "card_velocity_exceeded",
    message = GENERIC },
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

-- {name behind tok_ and pm_card_, number, what}
local ROWS = {
  { "visa", "4242424242424242" },
  { "visa_debit", "4000056655665556", { funding = "debit" } },
  { "mastercard", "5555555555554444" },
  { "mastercard_debit", "5200828282828210", { funding = "debit" } },
  { "mastercard_prepaid", "5105105105105100", { funding = "prepaid" } },
  { "amex", "371449635398431" },
  { nil, "378282246310005" },
  { nil, "2223003122003222" },
  { "discover", "6011111111111117" },
  { "diners", "3056930009020004" },
  { "jcb", "3566002020360505" },
  { "unionpay", "6200000000000005" },
  { "gb", "4000008260000000", { country = "GB" } },
  { "de", "4000002760000016", { country = "DE" } },
  { "fr", "4000002500000003", { country = "FR" } },
  { "chargeDeclined", "4000000000000002", { decline = "generic_decline" } },
  { "chargeDeclinedInsufficientFunds", "4000000000009995", { decline = "insufficient_funds" } },
  { "chargeDeclinedFraudulent", "4100000000000019", { decline = "fraudulent" } },
  { "chargeDeclinedLostCard", "4000000000009987", { decline = "lost_card" } },
  { "chargeDeclinedStolenCard", "4000000000009979", { decline = "stolen_card" } },
  { "chargeDeclinedExpiredCard", "4000000000000069", { decline = "expired_card" } },
  { "chargeDeclinedIncorrectCvc", "4000000000000127", { decline = "incorrect_cvc" } },
  { "chargeDeclinedProcessingError", "4000000000000119", { decline = "processing_error" } },
  { "chargeDeclinedVelocityLimitExceeded", "4000000000006975", { decline = "card_velocity_exceeded" } },
  { "chargeCustomerFail", "4000000000000341", { decline = "generic_decline", attach = true } },
  { "riskLevelElevated", "4000000000009235" },
  { "riskLevelHighest", "4000000000004954" },
  { "authenticationRequired", "4000002760003184", { authenticate = true } },
  { "authenticationRequiredOnSetup", "4000002500003155", { authenticate = true } },
  { "threeDSecure2Required", "4000000000003220", { authenticate = true } },
  { "threeDSecureRequired", "4000000000003063", { authenticate = true } },
  { "threeDSecureOptional", "4000000000003055" },
  { "threeDSecureNotSupported", "378282246310005" },
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

for _, row in ipairs(ROWS) do
  local what = row[3] or {}
  local card = by_number[row[2]] or {
    number = row[2], brand = brand_of(row[2]), funding = what.funding or "credit",
    country = what.country or "US",
    decline = what.decline, attach = what.attach, authenticate = what.authenticate,
  }
  by_number[card.number] = card
  if row[1] then
    by_name[row[1]] = card
    if what.decline and not what.attach then
      by_name["visa_" .. row[1]] = card -- newer names of the same cards
    end
  end
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
