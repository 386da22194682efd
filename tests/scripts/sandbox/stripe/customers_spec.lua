-- SPDX-License-Identifier: MIT
-- The sandbox's Stripe customers: shape, members, metadata, sources and payment methods at creation, the end.
local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
local call = dofile(here .. "/call.lua")
local json = require "json"

local null = json.null

local function create(params)
  local reply = call("POST", "/v1/customers", params)
  assert(reply.status == 200, reply.text)
  return reply.body
end

local function update(id, params)
  local reply = call("POST", "/v1/customers/" .. id, params)
  assert(reply.status == 200, reply.text)
  return reply.body
end

local function problem(reply)
  local e = reply.body.error
  return { status = reply.status, code = e.code, param = e.param, message = e.message }
end

describe("a new customer", function()
  it("has every member", function()
    local customer = create {}
    assert.truthy(customer.id:find("^cus_%w+$"))
    assert.equal(18, #customer.id)
    assert.truthy(customer.invoice_prefix:find("^[0-9A-F]+$"))
    assert.equal(8, #customer.invoice_prefix)
    assert.equal("integer", math.type(customer.created))
    customer.id, customer.invoice_prefix, customer.created = nil, nil, nil
    assert.same({
      object = "customer", address = null, balance = 0, currency = null, default_source = null,
      delinquent = false, description = null, discount = null, email = null, livemode = false, metadata = {},
      invoice_settings = { custom_fields = null, default_payment_method = null, footer = null,
        rendering_options = null },
      name = null, next_invoice_sequence = 1, phone = null, preferred_locales = {}, shipping = null,
      tax_exempt = "none", test_clock = null,
    }, customer)
  end)

  it("writes empty lists and maps as such", function()
    local text = call("POST", "/v1/customers", {}).text
    assert.truthy(text:find('"preferred_locales": []', 1, true))
    assert.truthy(text:find('"metadata": {}', 1, true))
  end)

  it("keeps what it is given", function()
    local customer = create {
      email = "a+b@c.co", name = "Zoë Q", phone = "+46 1", description = "d",
      preferred_locales = { "en", "fr" },
      address = { country = "US", line1 = "1 Main" }, metadata = { utm_source = "x&y", cognito_sub = "u" },
      shipping = { name = "N", address = { city = "B" } }, balance = -5, tax_exempt = "exempt",
      invoice_settings = { footer = "f", custom_fields = { { name = "po", value = "1" } } },
      invoice_prefix = "PREFIX1", next_invoice_sequence = 7,
    }
    assert.equal("Zoë Q", customer.name)
    assert.same({ "en", "fr" }, customer.preferred_locales)
    assert.same({ city = null, country = "US", line1 = "1 Main", line2 = null, postal_code = null,
      state = null },
      customer.address)
    assert.same({ utm_source = "x&y", cognito_sub = "u" }, customer.metadata)
    assert.equal("B", customer.shipping.address.city)
    assert.equal(null, customer.shipping.phone)
    assert.equal("usd", customer.currency)
    assert.same({ { name = "po", value = "1" } }, customer.invoice_settings.custom_fields)
    assert.equal(7, customer.next_invoice_sequence)
    assert.same(customer, call("GET", "/v1/customers/" .. customer.id).body)
  end)

  it("shows a business's and a person's name when they are given", function()
    local customer = create { business_name = "X GmbH", individual_name = "Y", tax = { ip_address = "192.0.2.1" },
      cash_balance = { settings = { reconciliation_mode = "manual" } } }
    assert.same({ "X GmbH", "Y" }, { customer.business_name, customer.individual_name })
    assert.is_nil(update(customer.id, { business_name = "" }).business_name)
    assert.is_nil(create {}.business_name)
  end)

  it("has tax ids from the start, or later", function()
    local customer = create { tax_id_data = { { type = "eu_vat", value = "DE123456789" } },
      expand = { "tax_ids", "tax" } }
    local first = customer.tax_ids.data[1]
    assert.same({ "tax_id", "eu_vat", "DE123456789", "DE", customer.id, "pending" },
      { first.object, first.type, first.value, first.country, first.customer, first.verification.status })
    assert.equal("unrecognized_location", customer.tax.automatic_tax)
    local base = ("/v1/customers/%s/tax_ids"):format(customer.id)
    local second = call("POST", base, { type = "us_ein", value = "12-3456789" }).body
    assert.same({ "US", second }, { second.country, call("GET", base .. "/" .. second.id).body })
    assert.equal(2, #call("GET", base).body.data)
    assert.is_true(call("DELETE", base .. "/" .. first.id).body.deleted)
    assert.equal(404, call("GET", base .. "/" .. first.id).status)
    assert.same({ second }, call("GET", base).body.data)
  end)

  it("has no test clock that nobody made", function()
    assert.same({ status = 400, code = "resource_missing", param = "test_clock",
      message = "No such test clock: 'clock_1'" }, problem(call("POST", "/v1/customers", { test_clock = "clock_1" })))
  end)

  it("keeps metadata whose keys are numbers", function()
    assert.same({ ["0"] = "a", ["1"] = "b" }, create("metadata[0]=a&metadata[1]=b").metadata)
  end)

  it("drops metadata without a value", function()
    assert.same({ kept = "v" }, create("metadata[kept]=v&metadata[gone]=").metadata)
  end)

  it("gets no prefix that is malformed or taken", function()
    local first = create { invoice_prefix = "TAKEN1" }
    assert.equal("This invoice number prefix is taken by customer: " .. first.id
      .. ". Please enter a different prefix.",
      call("POST", "/v1/customers", { invoice_prefix = "TAKEN1" }).body.error.message)
    assert.equal("Invoice number prefix must be 1–12 uppercase letters or numbers.",
      call("POST", "/v1/customers", { invoice_prefix = "lower" }).body.error.message)
  end)
end)

-- {what, params of creation, params of update, member, value then}
local UPDATES = {
  { "sets a text", { name = "A" }, { name = "B" }, "name", "B" },
  { "leaves what is not named", { name = "A", email = "a@b.c" }, { name = "B" }, "email", "a@b.c" },
  { "unsets a text", { name = "A" }, { name = "" }, "name", null },
  { "merges metadata", { metadata = { a = "1", b = "2" } }, { metadata = { b = "3", c = "4" } }, "metadata",
    { a = "1", b = "3", c = "4" } },
  { "deletes one metadata key", { metadata = { a = "1", b = "2" } }, { metadata = { a = "" } }, "metadata",
    { b = "2" } },
  { "clears metadata", { metadata = { a = "1" } }, { metadata = "" }, "metadata", {} },
  { "merges an address", { address = { city = "B", country = "DE" } }, { address = { country = "SE" } },
    "address",
    { city = "B", country = "SE", line1 = null, line2 = null, postal_code = null, state = null } },
  { "unsets an address", { address = { city = "B" } }, { address = "" }, "address", null },
  { "clears the locales", { preferred_locales = { "en" } }, { preferred_locales = "" }, "preferred_locales",
    {} },
  { "unsets shipping", { shipping = { name = "N", address = { city = "B" } } }, { shipping = "" }, "shipping", null },
  { "puts tax_exempt back", { tax_exempt = "exempt" }, { tax_exempt = "" }, "tax_exempt", "none" },
}

describe("an update", function()
  for _, case in ipairs(UPDATES) do
    it(case[1], function()
      local customer = create(case[2])
      assert.same(case[5], update(customer.id, case[3])[case[4]])
      assert.same(case[5], call("GET", "/v1/customers/" .. customer.id).body[case[4]])
    end)
  end

  it("stops at 50 metadata keys in all", function()
    local first, more = {}, {}
    for i = 1, 50 do
      first["a" .. i] = "v"
    end
    more.b = "v"
    local customer = create { metadata = first }
    assert.equal(400, call("POST", "/v1/customers/" .. customer.id, { metadata = more }).status)
    assert.equal(200, call("POST", "/v1/customers/" .. customer.id, { metadata = { a1 = "",
      b = "v" } }).status)
  end)
end)

-- token -> {status, code, decline_code, param, message}
local DECLINES = {
  tok_chargeDeclined = { "card_declined", "generic_decline", nil, "Your card was declined." },
  tok_visa_chargeDeclined = { "card_declined", "generic_decline", nil, "Your card was declined." },
  tok_chargeDeclinedInsufficientFunds = { "card_declined", "insufficient_funds", nil,
    "Your card has insufficient funds." },
  tok_chargeDeclinedFraudulent = { "card_declined", "fraudulent", nil, "Your card was declined." },
  tok_chargeDeclinedIncorrectCvc = { "incorrect_cvc", nil, "cvc", "Your card's security code is incorrect." },
  tok_chargeDeclinedExpiredCard = { "expired_card", nil, "exp_month", "Your card has expired." },
  tok_chargeDeclinedProcessingError = { "processing_error", nil, nil,
    "An error occurred while processing your card. Try again in a little bit." },
}

describe("a source at creation", function()
  local GOOD = { tok_visa = "4242", tok_visa_debit = "5556", tok_mastercard = "4444", tok_amex = "8431",
    tok_chargeCustomerFail = "0341", tok_riskLevelElevated = "9235" }
  for token, last4 in pairs(GOOD) do
    it(token .. " becomes the default card", function()
      local customer = create { source = token }
      assert.truthy(customer.default_source:find("^card_%w+$"))
      local card = call("GET", ("/v1/customers/%s/sources/%s"):format(customer.id,
        customer.default_source)).body
      assert.equal(last4, card.last4)
      assert.equal(customer.id, card.customer)
    end)
  end

  for token, expected in pairs(DECLINES) do
    it(token .. " declines, and there is no customer", function()
      local email = token:lower() .. "@declined.test"
      local reply = call("POST", "/v1/customers", { email = email, source = token })
      local e = reply.body.error
      assert.equal(402, reply.status)
      assert.equal("card_error", e.type)
      assert.equal(expected[1], e.code)
      assert.equal(expected[2], e.decline_code)
      assert.equal(expected[3], e.param)
      assert.equal(expected[4], e.message)
      assert.same({}, call("GET", "/v1/customers", { email = email }).body.data)
    end)
  end

  it("that is no token is refused", function()
    assert.same({ status = 400, code = "resource_missing", param = "source",
      message = "No such token: 'tok_x'" },
      problem(call("POST", "/v1/customers", { source = "tok_x" })))
  end)

  it("replaces the default card on update", function()
    local customer = create { source = "tok_visa" }
    local after = update(customer.id, { source = "tok_amex" })
    assert.not_equal(customer.default_source, after.default_source)
    local cards = call("GET", ("/v1/customers/%s/sources"):format(customer.id)).body
    assert.equal(1, #cards.data)
    assert.equal("American Express", cards.data[1].brand)
  end)
end)

describe("a payment method at creation", function()
  it("is attached, and may be the default", function()
    local customer = create { payment_method = "pm_card_visa",
      invoice_settings = { default_payment_method = "pm_card_visa" } }
    local methods = call("GET", ("/v1/customers/%s/payment_methods"):format(customer.id)).body.data
    assert.equal(1, #methods)
    assert.equal(methods[1].id, customer.invoice_settings.default_payment_method)
  end)

  it("that declines leaves no customer", function()
    local email = "pm@declined.test"
    local reply = call("POST", "/v1/customers", { email = email, payment_method = "pm_card_chargeDeclined" })
    assert.equal(402, reply.status)
    assert.same({}, call("GET", "/v1/customers", { email = email }).body.data)
  end)

  it("that is unknown is refused", function()
    assert.same({ status = 400, code = "resource_missing", param = "payment_method",
      message = "No such PaymentMethod: 'pm_nope'" },
      problem(call("POST", "/v1/customers", { payment_method = "pm_nope" })))
  end)

  it("is no default of another customer", function()
    local id = call("POST", "/v1/payment_methods", { type = "card", card = { token = "tok_visa" } }).body.id
    assert.same({ status = 400, code = "resource_missing", param = "invoice_settings[default_payment_method]",
      message = ("The customer does not have a payment method with the ID %s. The payment method must be "
        .. "attached to the customer."):format(id) },
      problem(call("POST", "/v1/customers/" .. create({}).id,
        { invoice_settings = { default_payment_method = id } })))
  end)
end)

describe("a deleted customer", function()
  local function deleted()
    local customer = create { email = "gone@b.c", payment_method = "pm_card_visa" }
    local method = call("GET", ("/v1/customers/%s/payment_methods"):format(customer.id)).body.data[1].id
    return customer.id, call("DELETE", "/v1/customers/" .. customer.id), method
  end

  it("answers with a stub, then and later", function()
    local id, reply = deleted()
    assert.equal(200, reply.status)
    assert.same({ id = id, object = "customer", deleted = true }, reply.body)
    assert.same(reply.body, call("GET", "/v1/customers/" .. id).body)
  end)

  it("is in no list, and takes nothing more", function()
    local id, _, method = deleted()
    for _, found in ipairs(call("GET", "/v1/customers", { email = "gone@b.c" }).body.data) do
      assert.not_equal(id, found.id)
    end
    local missing = { status = 404, code = "resource_missing", param = "id",
      message = ("No such customer: '%s'"):format(id) }
    assert.same(missing, problem(call("POST", "/v1/customers/" .. id, { name = "x" })))
    assert.same(missing, problem(call("DELETE", "/v1/customers/" .. id)))
    assert.equal(null, call("GET", "/v1/payment_methods/" .. method).body.customer)
    assert.equal(400, call("POST", ("/v1/payment_methods/%s/attach"):format(method),
      { customer = create({}).id }).status)
  end)

  it("that never was is missing", function()
    assert.same({ status = 404, code = "resource_missing", param = "id",
      message = "No such customer: 'cus_x'" },
      problem(call("GET", "/v1/customers/cus_x")))
  end)
end)
