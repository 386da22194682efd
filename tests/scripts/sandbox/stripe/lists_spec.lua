-- SPDX-License-Identifier: MIT
-- The sandbox's Stripe: pages of a list, expand[], and the events that a change leaves behind.
local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
local call, post = dofile(here .. "/call.lua")
local json = require "json"

local null = json.null

local function ids_of(list)
  local out = {}
  for i, object in ipairs(list) do
    out[i] = object.id
  end
  return out
end

describe("a list of customers", function()
  local EMAIL = "list" .. os.time() .. "@b.c"
  local made = {}

  setup(function()
    for i = 1, 5 do
      made[6 - i] = post("/v1/customers", { email = EMAIL }).id -- made[1] is the newest
    end
    post("/v1/customers", { email = EMAIL:upper() })
  end)

  -- {what, params, places in `made`, has_more}
  local PAGES = {
    { "is newest first, and exact about the case of the e-mail", function() return {} end, { 1, 2, 3, 4, 5 },
      false },
    { "stops at the limit", function() return { limit = 2 } end, { 1, 2 }, true },
    { "goes on after an id", function() return { limit = 2, starting_after = made[2] } end, { 3, 4 }, true },
    { "ends", function() return { limit = 2, starting_after = made[4] } end, { 5 }, false },
    { "goes back before an id", function() return { limit = 2, ending_before = made[4] } end, { 2, 3 },
      true },
    { "begins", function() return { limit = 3, ending_before = made[3] } end, { 1, 2 }, false },
    { "keeps to a time", function() return { created = { gte = 1700000000 } } end, { 1, 2, 3, 4, 5 }, false },
    { "keeps to another time", function() return { created = { lt = 1700000000 } } end, {}, false },
  }
  for _, case in ipairs(PAGES) do
    it(case[1], function()
      local params, expected = case[2](), {}
      params.email = EMAIL
      for i, place in ipairs(case[3]) do
        expected[i] = made[place]
      end
      local body = call("GET", "/v1/customers", params).body
      assert.same(expected, ids_of(body.data))
      assert.equal(case[4], body.has_more)
      assert.equal("list", body.object)
      assert.equal("/v1/customers", body.url)
    end)
  end

  it("that is empty is still a list", function()
    assert.truthy(call("GET", "/v1/customers", { email = "nobody@b.c" }).text:find('"data": []', 1, true))
  end)

  it("refuses a cursor that leads nowhere", function()
    local problem = call("GET", "/v1/customers", { starting_after = "cus_x" }).body.error
    assert.equal("resource_missing", problem.code)
    assert.equal("starting_after", problem.param)
    assert.equal("No such customer: 'cus_x'", problem.message)
  end)

  it("refuses both cursors at once", function()
    assert.equal(400, call("GET", "/v1/customers", { starting_after = made[1],
      ending_before = made[2] }).status)
  end)
end)

describe("expand", function()
  local customer, method

  setup(function()
    customer = post("/v1/customers", { source = "tok_visa", email = "expand" .. os.time() .. "@b.c" })
    method = post("/v1/payment_methods/pm_card_visa/attach", { customer = customer.id }).id
    post("/v1/customers/" .. customer.id, { invoice_settings = { default_payment_method = method } })
  end)

  local function expanded(...)
    return call("GET", "/v1/customers/" .. customer.id, { expand = { ... } }).body
  end

  it("turns an id into its object", function()
    local body = expanded "default_source"
    assert.equal("card", body.default_source.object)
    assert.equal(customer.default_source, body.default_source.id)
  end)

  it("reaches into nested members", function()
    assert.equal(method, expanded "invoice_settings.default_payment_method"
      .invoice_settings.default_payment_method.id)
  end)

  it("shows the lists that are left out", function()
    local body = expanded("sources", "subscriptions", "tax_ids")
    assert.equal(customer.default_source, body.sources.data[1].id)
    assert.same({}, body.subscriptions.data)
    assert.same({}, body.tax_ids.data)
    assert.is_nil(call("GET", "/v1/customers/" .. customer.id).body.sources)
  end)

  it("goes several levels down", function()
    local body = expanded("default_source", "default_source.customer")
    assert.equal(customer.id, body.default_source.customer.id)
  end)

  it("reaches into lists", function()
    local body = call("GET", "/v1/customers", { email = customer.email,
      expand = { "data.default_source" } }).body
    assert.equal(customer.default_source, body.data[1].default_source.id)
  end)

  it("leaves null as it is", function()
    assert.equal(null, post("/v1/customers", { expand = { "default_source" } }).default_source)
  end)

  for path, message in pairs {
    foo = "This property cannot be expanded (foo).",
    metadata = "This property cannot be expanded (metadata).",
    ["a.b.c.d.e"] = "You cannot expand more than 4 levels of a property. Property: a.b.c.d.e",
  } do
    it("refuses " .. path, function()
      local reply = call("GET", "/v1/customers/" .. customer.id, { expand = { path } })
      assert.equal(400, reply.status)
      assert.equal(message, reply.body.error.message)
    end)
  end

  it("asks for data in a list", function()
    local reply = call("GET", "/v1/customers", { expand = { "default_source" } })
    assert.equal("This property cannot be expanded (default_source). You may want to try expanding "
      .. "'data.default_source' instead.", reply.body.error.message)
  end)

  it("is a list", function()
    assert.equal("Invalid array", call("GET", "/v1/customers", "expand=sources").body.error.message)
  end)

  it("that is refused leaves nothing behind", function()
    local email = "refused" .. os.time() .. "@b.c"
    assert.equal(400, call("POST", "/v1/customers", { email = email, expand = { "foo" } }).status)
    assert.same({}, call("GET", "/v1/customers", { email = email }).body.data)
  end)
end)

describe("events", function()
  local function newest(kind)
    return call("GET", "/v1/events", { type = kind, limit = 1 }).body.data[1]
  end

  it("tell of a creation, by whom, in full", function()
    local reply = call("POST", "/v1/customers", { name = "N" },
      { ["Idempotency-Key"] = "event-" .. os.time() })
    local event = newest "customer.created"
    assert.truthy(event.id:find("^evt_%w+$"))
    assert.equal("event", event.object)
    assert.same(reply.body, event.data.object)
    assert.is_nil(event.data.previous_attributes)
    assert.same({ id = reply.headers["Request-Id"], idempotency_key = "event-" .. os.time() }, event.request)
    assert.equal("2026-10-28.endive", event.api_version)
    assert.same(event, call("GET", "/v1/events/" .. event.id).body)
  end)

  it("tell what an update changed", function()
    local id = post("/v1/customers", { name = "A", metadata = { k = "v", same = "s" } }).id
    post("/v1/customers/" .. id, { name = "B", metadata = { k = "w", new = "n" } })
    assert.same({ name = "A", metadata = { k = "v", new = null } },
      newest("customer.updated").data.previous_attributes)
  end)

  it("tell of payment methods", function()
    local id = post("/v1/customers", {}).id
    local method = post("/v1/payment_methods/pm_card_visa/attach", { customer = id }).id
    assert.equal(method, newest("payment_method.attached").data.object.id)
    post(("/v1/payment_methods/%s/detach"):format(method))
    local event = newest "payment_method.detached"
    assert.same({ customer = id }, event.data.previous_attributes)
    assert.equal(null, event.data.object.customer)
  end)

  it("tell of a deletion, with the object as it was", function()
    local id = post("/v1/customers", { name = "Last" }).id
    call("DELETE", "/v1/customers/" .. id)
    assert.equal("Last", newest("customer.deleted").data.object.name)
  end)

  it("are filtered by kind, with stars too", function()
    for _, event in ipairs(call("GET", "/v1/events", { type = "customer.*", limit = 100 }).body.data) do
      assert.truthy(event.type:find("^customer%."))
    end
    assert.same({}, call("GET", "/v1/events", { types = { "no.such", "neither.this" } }).body.data)
  end)

  it("do not tell of what was refused", function()
    local before = newest("customer.created").id
    call("POST", "/v1/customers", { source = "tok_chargeDeclined" })
    assert.equal(before, newest("customer.created").id)
  end)
end)
