-- SPDX-License-Identifier: MIT
-- The sandbox's Stripe payment methods, tokens and legacy cards: made, attached, detached, declined, used up.
local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
local call, post = dofile(here .. "/call.lua")
local json = require "json"

local null = json.null
local YEAR = os.date("!*t").year + 2

local function customer()
  return post("/v1/customers", {}).id
end

local function method(token)
  return post("/v1/payment_methods", { type = "card", card = { token = token or "tok_visa" } }).id
end

local function attach(id, to)
  return call("POST", ("/v1/payment_methods/%s/attach"):format(id), { customer = to })
end

describe("a payment method", function()
  it("has every member", function()
    local made = post("/v1/payment_methods", { type = "card", card = { token = "tok_visa" },
      billing_details = { email = "a@b.c", address = { postal_code = "10115" } }, metadata = { k = "v" } })
    assert.equal(27, #made.id)
    assert.truthy(made.id:find("^pm_%w+$"))
    assert.equal(16, #made.card.fingerprint)
    made.id, made.created, made.card.fingerprint, made.card.exp_month, made.card.exp_year = nil, nil, nil,
      nil, nil
    assert.same({
      object = "payment_method", allow_redisplay = "unspecified", customer = null, customer_account = null,
      livemode = false, type = "card",
      billing_details = { email = "a@b.c", name = null, phone = null, tax_id = null, address = {
        city = null, country = null, line1 = null, line2 = null, postal_code = "10115", state = null } },
      card = {
        brand = "visa", country = "US", display_brand = "visa", funding = "credit", generated_from = null,
        last4 = "4242", networks = { available = { "visa" }, preferred = null }, wallet = null,
        checks = { address_line1_check = null, address_postal_code_check = "unchecked", cvc_check = "unchecked" },
        regulated_status = "unregulated", three_d_secure_usage = { supported = true },
      },
      metadata = { k = "v" },
    }, made)
  end)

  for name, last4 in pairs { tok_visa = "4242", tok_mastercard = "4444", tok_amex = "8431",
    tok_visa_debit = "5556",
    tok_chargeDeclined = "0002", tok_chargeDeclinedExpiredCard = "0069" } do
    it("is made of " .. name, function()
      local made = post("/v1/payment_methods", { type = "card", card = { token = name } })
      assert.equal(last4, made.card.last4)
    end)
  end

  it("is made of a test number", function()
    local made = post("/v1/payment_methods", { type = "card",
      card = { number = "5555 5555 5555 4444", exp_month = 7, exp_year = YEAR, cvc = "123" } })
    assert.equal("mastercard", made.card.brand)
    assert.equal(7, made.card.exp_month)
    assert.equal(YEAR, made.card.exp_year)
  end)

  it("has one fingerprint for one number", function()
    local a = post("/v1/payment_methods", { type = "card", card = { token = "tok_visa" } })
    local b = post("/v1/payment_methods", { type = "card",
      card = { number = "4242424242424242", exp_month = 1, exp_year = YEAR } })
    local c = post("/v1/payment_methods", { type = "card", card = { token = "tok_amex" } })
    assert.equal(a.card.fingerprint, b.card.fingerprint)
    assert.not_equal(a.card.fingerprint, c.card.fingerprint)
  end)
end)

-- {what, params, status, type, code, param, message}
local CARD = { exp_month = 1, exp_year = YEAR, number = "4242424242424242" }
local function card_with(name, value)
  local card = {}
  for key, old in pairs(CARD) do
    card[key] = old
  end
  card[name] = value
  return { type = "card", card = card }
end
local NOT_MADE = {
  { "no type", { card = { token = "tok_visa" } }, 400, "parameter_missing", "type",
    "Missing required param: type." },
  { "no card", { type = "card" }, 400, "parameter_missing", "card", "Missing required param: card." },
  { "another type", { type = "cash" }, 400, nil, "type", "Invalid type: must be one of card" },
  { "an unknown token", { type = "card", card = { token = "tok_nope" } }, 400, "resource_missing",
    "card[token]",
    "No such token: 'tok_nope'" },
  { "a payment method as token", { type = "card", card = { token = "pm_card_visa" } }, 400, nil,
    "card[token]",
    "Invalid token id: pm_card_visa" },
  { "a number that fails the check digit", card_with("number", "4242424242424241"), 402, "incorrect_number",
    "number", "Your card number is incorrect." },
  { "a real-looking number", card_with("number", "4012888888881881"), 402, "card_declined", nil,
    "Your card was declined. Your request was in test mode, but used a non test (live) card. For a list of "
    .. "valid test cards, visit: https://stripe.com/docs/testing." },
  { "a past year", card_with("exp_year", 2020), 402, "invalid_expiry_year", "exp_year",
    "Your card's expiration year is invalid." },
  { "month 13", card_with("exp_month", 13), 402, "invalid_expiry_month", "exp_month",
    "Your card's expiration month is invalid." },
  { "a bad code", card_with("cvc", "12"), 402, "invalid_cvc", "cvc",
    "Your card's security code is invalid." },
  { "no month", { type = "card", card = { number = "4242424242424242", exp_year = YEAR } }, 400,
    "parameter_missing", "card[exp_month]", "Missing required param: card[exp_month]." },
  { "a customer", { type = "card", card = { token = "tok_visa" }, customer = "cus_1" }, 400, nil, nil,
    "You cannot attach a PaymentMethod to a Customer during PaymentMethod creation. Please instead create "
    .. "the PaymentMethod and then attach it using the attachment method of the PaymentMethods API." },
}

describe("a list of payment methods", function()
  it("is of known types, and of a redisplay", function()
    local owner = customer()
    for _, redisplay in ipairs { "always", "limited" } do
      local made = post("/v1/payment_methods", { type = "card", card = { token = "tok_visa" },
        allow_redisplay = redisplay })
      attach(made.id, owner)
    end
    local function ask(more)
      more.customer = owner
      return call("GET", "/v1/payment_methods", more)
    end
    assert.equal(2, #ask({ type = "card" }).body.data)
    assert.equal(0, #ask({ type = "link" }).body.data)
    assert.equal(1, #ask({ allow_redisplay = "always" }).body.data)
    local refused = ask { type = "nonsense" }
    assert.same({ 400, "type" }, { refused.status, refused.body.error.param })
    assert.truthy(refused.body.error.message:find("^Invalid type: must be one of acss_debit, .*, or zip$"))
  end)
end)

describe("no payment method is made of", function()
  for _, case in ipairs(NOT_MADE) do
    it(case[1], function()
      local reply = call("POST", "/v1/payment_methods", case[2])
      assert.equal(case[3], reply.status)
      assert.equal(case[3] == 402 and "card_error" or "invalid_request_error", reply.body.error.type)
      assert.equal(case[4], reply.body.error.code)
      assert.equal(case[5], reply.body.error.param)
      assert.equal(case[6], reply.body.error.message)
    end)
  end
end)

describe("attaching", function()
  it("names the customer, and checks the card", function()
    local owner, id = customer(), method()
    local reply = attach(id, owner)
    assert.equal(200, reply.status)
    assert.equal(owner, reply.body.customer)
    assert.equal("pass", reply.body.card.checks.cvc_check)
    assert.equal(null, call("GET", "/v1/customers/" .. owner).body.invoice_settings.default_payment_method)
  end)

  it("twice to the same customer is once", function()
    local owner, id = customer(), method()
    attach(id, owner)
    assert.equal(200, attach(id, owner).status)
  end)

  it("makes a new one of a pm_card_ name", function()
    local owner = customer()
    local first, second = attach("pm_card_visa", owner).body, attach("pm_card_visa", owner).body
    assert.truthy(first.id:find("^pm_%w+$"))
    assert.not_equal(first.id, second.id)
    assert.equal(owner, second.customer)
  end)

  it("to another customer is refused", function()
    local id = method()
    attach(id, customer())
    local reply = attach(id, customer())
    assert.equal(400, reply.status)
    assert.equal("The payment method you provided has already been attached to a customer.",
      reply.body.error.message)
  end)

  for _, token in ipairs { "tok_chargeDeclined", "tok_chargeDeclinedInsufficientFunds",
    "tok_chargeDeclinedExpiredCard", "tok_chargeDeclinedIncorrectCvc",
      "tok_chargeDeclinedProcessingError" } do
    it(token .. " declines, and it stays unattached", function()
      local id = method(token)
      local reply = attach(id, customer())
      assert.equal(402, reply.status)
      assert.equal("card_error", reply.body.error.type)
      assert.equal(null, call("GET", "/v1/payment_methods/" .. id).body.customer)
    end)
  end

  it("the pm_card_ twin of a declining token declines too", function()
    local reply = attach("pm_card_visa_chargeDeclined", customer())
    assert.equal(402, reply.status)
    assert.equal("generic_decline", reply.body.error.decline_code)
  end)

  it("a card whose charges fail later works", function()
    assert.equal(200, attach("pm_card_chargeCustomerFail", customer()).status)
  end)

  for what, case in pairs {
    ["without a customer"] = { "pm_card_visa", nil, 400, "parameter_missing", "customer",
      "Missing required param: customer." },
    ["to no one"] = { "pm_card_visa", "cus_x", 400, "resource_missing", "customer",
      "No such customer: 'cus_x'" },
    ["nothing"] = { "pm_x", "cus_x", 404, "resource_missing", "payment_method",
      "No such PaymentMethod: 'pm_x'" },
  } do
    it(what .. " is refused", function()
      local reply = attach(case[1], case[2])
      assert.equal(case[3], reply.status)
      assert.equal(case[4], reply.body.error.code)
      assert.equal(case[5], reply.body.error.param)
      assert.equal(case[6], reply.body.error.message)
    end)
  end
end)

describe("detaching", function()
  it("is for ever, and takes the default away", function()
    local owner, id = customer(), method()
    attach(id, owner)
    post("/v1/customers/" .. owner, { invoice_settings = { default_payment_method = id } })
    assert.equal(null, post(("/v1/payment_methods/%s/detach"):format(id)).customer)
    assert.equal(null, call("GET", "/v1/customers/" .. owner).body.invoice_settings.default_payment_method)
    local again = attach(id, owner)
    assert.equal(400, again.status)
    assert.equal("This PaymentMethod was previously used without being attached to a Customer or was "
      .. "detached from a Customer, and may not be used again.", again.body.error.message)
  end)

  it("what is not attached is refused", function()
    local reply = call("POST", ("/v1/payment_methods/%s/detach"):format(method()))
    assert.equal(400, reply.status)
    assert.equal("The payment method you provided is not attached to a customer so detachment is impossible.",
      reply.body.error.message)
  end)
end)

describe("a customer's payment methods", function()
  it("are listed newest first, by both routes", function()
    local owner, other = customer(), customer()
    local first, second = attach("pm_card_visa", owner).body.id, attach("pm_card_amex", owner).body.id
    attach("pm_card_visa", other)
    for _, reply in ipairs {
      call("GET", "/v1/payment_methods", { customer = owner, type = "card" }),
      call("GET", ("/v1/customers/%s/payment_methods"):format(owner)),
    } do
      assert.equal(200, reply.status)
      assert.same({ second, first }, { reply.body.data[1].id, reply.body.data[2].id })
      assert.equal(2, #reply.body.data)
    end
    assert.equal(first, call("GET", ("/v1/customers/%s/payment_methods/%s"):format(owner, first)).body.id)
    assert.equal(404, call("GET", ("/v1/customers/%s/payment_methods/%s"):format(other, first)).status)
  end)

  it("change in details and metadata", function()
    local id = attach("pm_card_visa", customer()).body.id
    local after = post("/v1/payment_methods/" .. id, { billing_details = { name = "N",
      address = { city = "B" } },
      card = { exp_month = 3 }, metadata = { k = "v" } })
    assert.equal("N", after.billing_details.name)
    assert.equal("B", after.billing_details.address.city)
    assert.equal(3, after.card.exp_month)
    assert.same({ k = "v" }, after.metadata)
  end)
end)
