-- SPDX-License-Identifier: MIT
-- The sandbox's Stripe: each test card of the documentation under its two names, and what comes of it.
local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
local call = dofile(here .. "/call.lua")

local function post(target, params)
  return call("POST", target, params)
end

-- {name behind tok_ and pm_card_, brand, funding, country, last4}
local GOOD = {
  { "visa", "visa", "credit", "US", "4242" }, { "us", "visa", "credit", "US", "4242" },
  { "visa_debit", "visa", "debit", "US", "5556" }, { "mastercard", "mastercard", "credit", "US", "4444" },
  { "mastercard_debit", "mastercard", "debit", "US", "8210" },
  { "mastercard_prepaid", "mastercard", "prepaid", "US", "5100" }, { "amex", "amex", "credit", "US", "8431" },
  { "discover", "discover", "credit", "US", "1117" }, { "diners", "diners", "credit", "US", "0004" },
  { "jcb", "jcb", "credit", "US", "0505" }, { "unionpay", "unionpay", "credit", "US", "0005" },
  { "br", "visa", "credit", "BR", "0002" }, { "ca", "visa", "credit", "CA", "0000" },
  { "mx", "visa", "credit", "MX", "8001" }, { "ie", "visa", "credit", "IE", "0005" },
  { "it", "visa", "credit", "IT", "0008" }, { "es", "visa", "credit", "ES", "0007" },
  { "nl", "visa", "credit", "NL", "0002" }, { "ch", "visa", "credit", "CH", "0009" },
  { "gb", "visa", "credit", "GB", "0000" }, { "gb_debit", "visa", "debit", "GB", "0005" },
  { "gb_mastercard", "mastercard", "credit", "GB", "4449" }, { "au", "visa", "credit", "AU", "0006" },
  { "in", "visa", "credit", "IN", "0008" }, { "jp", "visa", "credit", "JP", "0003" },
  { "sg", "visa", "credit", "SG", "0003" }, { "th_credit", "visa", "credit", "TH", "0003" },
  { "createDispute", "visa", "credit", "US", "0259" }, { "pendingRefund", "visa", "credit", "US", "7726" },
  { "bypassPending", "visa", "credit", "US", "0077" }, { "riskLevelElevated", "visa", "credit", "US", "9235" },
  { "threeDSecureOptional", "visa", "credit", "US", "3055" }, { "chargeCustomerFail", "visa", "credit", "US", "0341" },
  { "authenticationRequiredSetupForOffSession", "visa", "credit", "US", "0446" },
}

local MUCH = "Your card was declined for making repeated attempts too frequently or exceeding its amount limit."

-- {name, code, decline_code, message}
local BAD = {
  { "chargeDeclined", "card_declined", "generic_decline", "Your card was declined." },
  { "visa_chargeDeclined", "card_declined", "generic_decline", "Your card was declined." },
  { "visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds",
    "Your card has insufficient funds." },
  { "visa_chargeDeclinedLostCard", "card_declined", "lost_card", "Your card was declined." },
  { "visa_chargeDeclinedStolenCard", "card_declined", "stolen_card", "Your card was declined." },
  { "radarBlock", "card_declined", "fraudulent", "Your card was declined." },
  { "visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded", MUCH },
  { "chargeDeclinedExpiredCard", "expired_card", nil, "Your card has expired." },
  { "chargeDeclinedIncorrectCvc", "incorrect_cvc", nil, "Your card's security code is incorrect." },
  { "chargeDeclinedProcessingError", "processing_error", nil,
    "An error occurred while processing your card. Try again in a little bit." },
}

-- {name, line 1, postal code, CVC as they are found}
local CHECKED = {
  { "visa", "pass", "pass", "pass" }, { "avsFail", "fail", "fail", "pass" }, { "avsLine1Fail", "fail", "pass", "pass" },
  { "avsZipFail", "pass", "fail", "pass" }, { "avsUnchecked", "unavailable", "unavailable", "pass" },
  { "cvcCheckFail", "pass", "pass", "fail" },
}

local function made_of(name)
  return post("/v1/payment_methods", { type = "card", card = { token = "tok_" .. name },
    billing_details = { address = { line1 = "1 Main", postal_code = "10115" } } }).body
end

describe("the test card", function()
  for _, case in ipairs(GOOD) do
    local name = case[1]
    it(name .. " is saved under both names", function()
      local card = made_of(name).card
      assert.same({ case[2], case[3], case[4], case[5] }, { card.brand, card.funding, card.country, card.last4 })
      local owner = post("/v1/customers", {}).body.id
      local twin = post(("/v1/payment_methods/pm_card_%s/attach"):format(name), { customer = owner })
      assert.same({ 200, owner, case[5] }, { twin.status, twin.body.customer, twin.body.card.last4 })
    end)
  end

  for _, case in ipairs(BAD) do
    it(case[1] .. " is declined as a source, a payment method and in a setup intent", function()
      local owner = post("/v1/customers", {}).body.id
      local name = "pm_card_" .. case[1]
      for _, reply in ipairs {
        post("/v1/customers", { source = "tok_" .. case[1] }),
        post(("/v1/payment_methods/%s/attach"):format(name), { customer = owner }),
        post(("/v1/payment_methods/%s/attach"):format(made_of(case[1]).id), { customer = owner }),
      } do
        local e = reply.body.error
        assert.same({ 402, "card_error", case[2], case[3], case[4] },
          { reply.status, e.type, e.code, e.decline_code, e.message })
      end
      local e = post("/v1/setup_intents", { payment_method = name, confirm = true,
        return_url = "https://shop.example/back" }).body.error
      assert.same({ case[2], case[3] or case[2], case[4] }, { e.code, e.decline_code, e.message })
    end)
  end

  for _, case in ipairs(CHECKED) do
    it(case[1] .. " shows how address and CVC were found", function()
      local owner = post("/v1/customers", {}).body.id
      local method = post(("/v1/payment_methods/%s/attach"):format(made_of(case[1]).id), { customer = owner }).body
      assert.same({ address_line1_check = case[2], address_postal_code_check = case[3], cvc_check = case[4] },
        method.card.checks)
    end)
  end

  it("chargeDeclined says what the network and Stripe advise", function()
    local e = post("/v1/customers", { source = "tok_chargeDeclined" }).body.error
    assert.same({ "try_again_later", "01" }, { e.advice_code, e.network_decline_code })
  end)
end)
