-- SPDX-License-Identifier: MIT
-- The sandbox's Stripe setup intents: states, what a confirm does to the payment method, refusals.
local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
local call, checked = dofile(here .. "/call.lua")
local json = require "json"

local null = json.null

-- Intents are for cards alone here, unless they say what else.
local function post(target, params)
  if target == "/v1/setup_intents" and not params.automatic_payment_methods then
    params.payment_method_types = { "card" }
  end
  return checked(target, params)
end

local function customer()
  return post("/v1/customers", {}).id
end

local function method(token)
  return post("/v1/payment_methods", { type = "card", card = { token = token } }).id
end

-- {what, params (a function may make them), status then}
local CREATED = {
  { "bare", function() return {} end, "requires_payment_method" },
  { "with a payment method", function() return { payment_method = "pm_card_visa" } end,
    "requires_confirmation" },
  { "confirmed at once", function()
    return { customer = customer(), payment_method = "pm_card_visa", confirm = true, usage = "on_session",
      ["automatic_payment_methods"] = { enabled = true, allow_redirects = "never" } }
  end, "succeeded" },
  { "that asks for authentication", function()
    return { payment_method = "pm_card_authenticationRequired", confirm = true }
  end, "requires_action" },
}

describe("a setup intent", function()
  it("has the newest members, too", function()
    local made = post("/v1/setup_intents", {})
    for _, name in ipairs { "allowed_payment_method_types", "application", "automatic_payment_methods",
      "customer_account", "excluded_payment_method_types", "flow_directions", "on_behalf_of",
      "payment_method_configuration_details", "single_use_mandate" } do
      assert.equal(null, made[name], name)
    end
    assert.same({ enabled = false }, made.managed_payments)
  end)

  -- version, params, automatic_payment_methods, status of a confirm without return_url, with one
  local ALWAYS <const>, NEVER <const> = { enabled = true, allow_redirects = "always" },
    { enabled = true, allow_redirects = "never" }
  local AUTOMATIC = {
    { "2026-10-28.endive", {}, ALWAYS, 400 }, { "2023-08-16", {}, ALWAYS, 400 }, { "2022-11-15", {}, null, 200 },
    { "2026-10-28.endive", { automatic_payment_methods = { enabled = true } }, ALWAYS, 400 },
    { "2026-10-28.endive", { automatic_payment_methods = NEVER }, NEVER, 200 },
    { "2026-10-28.endive", { automatic_payment_methods = { enabled = false } }, null, 200 },
    { "2026-10-28.endive", { payment_method_types = { "card" } }, null, 200 },
  }
  for i, case in ipairs(AUTOMATIC) do
    it(("takes what the Dashboard allows by default, since %s: %d"):format(case[1], i), function()
      local version = { ["Stripe-Version"] = case[1] }
      local made = call("POST", "/v1/setup_intents", case[2], version).body
      assert.same(case[3], made.automatic_payment_methods)
      local path, params = ("/v1/setup_intents/%s/confirm"):format(made.id), { payment_method = "pm_card_visa" }
      local reply = call("POST", path, params, version)
      assert.equal(case[4], reply.status)
      if case[4] == 200 then return end
      assert.truthy(reply.body.error.message:find("you must provide a `return_url`", 1, true))
      params.return_url = "https://shop.example/back"
      assert.equal(200, call("POST", path, params, version).status)
    end)
  end

  it("asks for no way back where Stripe's script confirms", function()
    local made = call("POST", "/v1/setup_intents", { use_stripe_sdk = true, confirm = true,
      payment_method = "pm_card_visa" })
    assert.equal("succeeded", made.body.status)
  end)

  it("remembers each try", function()
    local billing = { address = { postal_code = "10115" } }
    local id = post("/v1/payment_methods", { type = "card", card = { token = "tok_chargeDeclined" },
      billing_details = billing }).id
    local made = post("/v1/setup_intents", { customer = customer() })
    local path = ("/v1/setup_intents/%s/confirm"):format(made.id)
    local declined = call("POST", path, { payment_method = id }).body.error
    assert.equal("pass", declined.payment_method.card.checks.address_postal_code_check)
    local done = post(path, { payment_method = "pm_card_visa", expand = { "latest_attempt" } })
    assert.same({ "setup_attempt", "succeeded", made.id },
      { done.latest_attempt.object, done.latest_attempt.status, done.latest_attempt.setup_intent })
    local tries = call("GET", "/v1/setup_attempts", { setup_intent = made.id, expand = { "data.payment_method" } }).body
    assert.same({ 2, "succeeded", "failed", "card_declined", id }, { #tries.data, tries.data[1].status,
      tries.data[2].status, tries.data[2].setup_error.code, tries.data[2].payment_method.id })
    assert.equal("setup_intent", call("GET", "/v1/setup_attempts").body.error.param)
  end)

  it("is listed by its payment method", function()
    local made = post("/v1/setup_intents", { payment_method = method "tok_visa" })
    local list = call("GET", "/v1/setup_intents", { payment_method = made.payment_method }).body.data
    assert.same({ made.id, 1 }, { list[1].id, #list })
  end)

  it("takes the card that a call describes, and the customer's consent", function()
    local owner = customer()
    local data = { type = "card", card = { token = "tok_visa" }, billing_details = { name = "N" } }
    local made = post("/v1/setup_intents", { customer = owner, payment_method_data = data, confirm = true,
      mandate_data = { customer_acceptance = { type = "online",
        online = { ip_address = "192.0.2.1", user_agent = "x" } } } })
    local saved = call("GET", "/v1/payment_methods/" .. made.payment_method).body
    assert.same({ "succeeded", owner, "N" }, { made.status, saved.customer, saved.billing_details.name })
    local both = call("POST", "/v1/setup_intents", { payment_method_data = data, payment_method = "pm_card_visa" })
    assert.equal("parameters_exclusive", both.body.error.code)
  end)

  it("has every member", function()
    local made = post("/v1/setup_intents", { metadata = { k = "v" } })
    assert.truthy(made.id:find("^seti_%w+$"))
    assert.equal(29, #made.id)
    assert.truthy(made.client_secret:find("^" .. made.id .. "_secret_%w+$"))
    assert.equal(#made.id + 8 + 25, #made.client_secret)
    for _, name in ipairs { "customer", "last_setup_error", "latest_attempt", "mandate", "next_action",
      "payment_method", "description", "cancellation_reason" } do
      assert.equal(null, made[name], name)
    end
    assert.equal("setup_intent", made.object)
    assert.equal("off_session", made.usage)
    assert.same({ "card" }, made.payment_method_types)
    assert.same({ k = "v" }, made.metadata)
    assert.is_false(made.livemode)
    assert.same(made, call("GET", "/v1/setup_intents/" .. made.id).body)
  end)

  for _, case in ipairs(CREATED) do
    it(("%s is in %s"):format(case[1], case[3]), function()
      assert.equal(case[3], post("/v1/setup_intents", case[2]()).status)
    end)
  end

  it("that succeeds attaches the payment method", function()
    local owner = customer()
    local made = post("/v1/setup_intents", { customer = owner, payment_method = "pm_card_visa",
      confirm = true })
    assert.equal(owner, call("GET", "/v1/payment_methods/" .. made.payment_method).body.customer)
    assert.truthy(made.latest_attempt:find("^setatt_"))
  end)

  it("is confirmed later with a method of its own", function()
    local owner = customer()
    local made = post("/v1/setup_intents", { customer = owner })
    local done = post(("/v1/setup_intents/%s/confirm"):format(made.id), { payment_method = "pm_card_visa" })
    assert.equal("succeeded", done.status)
  end)

  it("without a customer uses the payment method up", function()
    local id = method("tok_visa")
    post("/v1/setup_intents", { payment_method = id, confirm = true })
    assert.equal(400, call("POST", ("/v1/payment_methods/%s/attach"):format(id),
      { customer = customer() }).status)
  end)

  it("sends the browser away when it has a return_url", function()
    local made = post("/v1/setup_intents", { payment_method = "pm_card_authenticationRequired",
      confirm = true,
      return_url = "https://console.test/back" })
    assert.equal("redirect_to_url", made.next_action.type)
    assert.equal("https://console.test/back", made.next_action.redirect_to_url.return_url)
  end)
end)

describe("a declined confirm", function()
  it("answers 402 and leaves the intent open, with the error", function()
    local owner = customer()
    local made = post("/v1/setup_intents", { customer = owner, payment_method = method "tok_chargeDeclined" })
    local reply = call("POST", ("/v1/setup_intents/%s/confirm"):format(made.id))
    local problem = reply.body.error
    assert.equal(402, reply.status)
    assert.equal("card_declined", problem.code)
    assert.equal("generic_decline", problem.decline_code)
    assert.equal(made.id, problem.setup_intent.id)
    assert.equal("requires_payment_method", problem.setup_intent.status)
    local after = call("GET", "/v1/setup_intents/" .. made.id).body
    assert.equal("requires_payment_method", after.status)
    assert.equal("card_declined", after.last_setup_error.code)
    assert.equal(null, after.payment_method)
  end)

  it("may be tried again with another card", function()
    local made = post("/v1/setup_intents", { customer = customer() })
    local confirm = ("/v1/setup_intents/%s/confirm"):format(made.id)
    local id = method "tok_chargeDeclinedExpiredCard"
    local declined = call("POST", confirm, { payment_method = id }).body.error
    assert.equal("expired_card", declined.code)
    assert.equal("exp_month", declined.param)
    local done = post(confirm, { payment_method = "pm_card_visa" })
    assert.equal("succeeded", done.status)
    assert.equal(null, done.last_setup_error)
  end)
end)

local function succeeded()
  return post("/v1/setup_intents", { customer = customer(), payment_method = "pm_card_visa",
    confirm = true }).id
end

local function canceled()
  local id = post("/v1/setup_intents", { payment_method = "pm_card_visa" }).id
  post(("/v1/setup_intents/%s/cancel"):format(id), { cancellation_reason = "abandoned" })
  return id
end

-- {what, make the intent, verb, code, message}
local STATES = {
  { "confirming without a method", function() return post("/v1/setup_intents", {}).id end, "confirm",
    "You cannot confirm this SetupIntent because it's missing a payment method. You can either update the "
    .. "SetupIntent with a payment method and then confirm it again, or confirm it again directly with a "
    .. "payment method or ConfirmationToken." },
  { "confirming twice", succeeded, "confirm",
    "You cannot confirm this SetupIntent because it has already succeeded." },
  { "confirming what is canceled", canceled, "confirm",
    "You cannot confirm this SetupIntent because it has been canceled." },
  { "canceling what succeeded", succeeded, "cancel",
    "You cannot cancel this SetupIntent because it has a status of succeeded. Only a SetupIntent with one of "
    .. "the following statuses may be canceled: `requires_payment_method`, `requires_confirmation`, or "
    .. "`requires_action`." },
  { "canceling twice", canceled, "cancel",
    "You cannot cancel this SetupIntent because it is already canceled." },
}

describe("refused:", function()
  for _, case in ipairs(STATES) do
    it(case[1], function()
      local id = case[2]()
      local reply = call("POST", ("/v1/setup_intents/%s/%s"):format(id, case[3]))
      assert.equal(400, reply.status)
      assert.equal("setup_intent_unexpected_state", reply.body.error.code)
      assert.equal(case[4], reply.body.error.message)
      assert.equal(id, reply.body.error.setup_intent.id)
    end)
  end

  it("another customer's payment method", function()
    local owner, other = customer(), customer()
    local id = call("POST", "/v1/payment_methods/pm_card_visa/attach", { customer = other }).body.id
    assert.equal(("The PaymentMethod %s does not belong to the Customer you supplied %s. Please use this "
      .. "PaymentMethod with the Customer that it belongs to instead."):format(id, owner),
      call("POST", "/v1/setup_intents", { customer = owner, payment_method = id }).body.error.message)
    assert.truthy(call("POST", "/v1/setup_intents", { payment_method = id }).body.error.message
      :find("Please include the Customer in the `customer` parameter", 1, true))
  end)

  it("an intent that never was", function()
    local reply = call("GET", "/v1/setup_intents/seti_x")
    assert.equal(404, reply.status)
    assert.equal("intent", reply.body.error.param)
  end)

  it("a customer that never was", function()
    local reply = call("POST", "/v1/setup_intents", { customer = "cus_x" })
    assert.equal(400, reply.status)
    assert.equal("No such customer: 'cus_x'", reply.body.error.message)
  end)
end)

describe("a cancel", function()
  it("keeps its reason", function()
    local body = call("GET", "/v1/setup_intents/" .. canceled()).body
    assert.equal("canceled", body.status)
    assert.equal("abandoned", body.cancellation_reason)
  end)
end)

describe("an update", function()
  it("places a payment method", function()
    local id = post("/v1/setup_intents", {}).id
    local after = post("/v1/setup_intents/" .. id, { payment_method = "pm_card_visa", description = "d" })
    assert.equal("requires_confirmation", after.status)
    assert.equal("d", after.description)
  end)
end)
