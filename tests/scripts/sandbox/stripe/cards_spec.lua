-- SPDX-License-Identifier: MIT
-- The sandbox's Stripe tokens and legacy cards (/v1/tokens, /v1/customers/{id}/sources).
local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
local call, post = dofile(here .. "/call.lua")
local json = require "json"

local null = json.null
local YEAR = os.date("!*t").year + 2

local function token(number)
  return post("/v1/tokens", { card = { number = number or "4242424242424242", exp_month = 5, exp_year = YEAR,
    cvc = "123", name = "N", address_zip = "10115" } })
end

describe("a token", function()
  it("has every member, and tells the card", function()
    local made = token()
    assert.truthy(made.id:find("^tok_%w+$"))
    assert.equal("token", made.object)
    assert.equal("card", made.type)
    assert.is_false(made.used)
    assert.is_false(made.livemode)
    assert.equal("Visa", made.card.brand)
    assert.equal("4242", made.card.last4)
    assert.equal("unchecked", made.card.cvc_check)
    assert.equal("10115", made.card.address_zip)
    assert.same(made, call("GET", "/v1/tokens/" .. made.id).body)
  end)

  -- Each way to use a token up.
  local USES = {
    ["a payment method"] = function(id) return call("POST", "/v1/payment_methods",
      { type = "card", card = { token = id } }) end,
    ["a customer's source"] = function(id) return call("POST", "/v1/customers", { source = id }) end,
    ["a source added later"] = function(id)
      return call("POST", ("/v1/customers/%s/sources"):format(post("/v1/customers", {}).id), { source = id })
    end,
  }
  for what, use in pairs(USES) do
    it("works once, as " .. what, function()
      local id = token().id
      assert.equal(200, use(id).status)
      assert.is_true(call("GET", "/v1/tokens/" .. id).body.used)
      local again = use(id)
      assert.equal(400, again.status)
      assert.equal("token_already_used", again.body.error.code)
      assert.equal(("You cannot use a Stripe token more than once: %s."):format(id), again.body.error.message)
    end)
  end

  it("that declines is not used up by the refusal", function()
    local id = token("4000000000000002").id
    assert.equal(402, call("POST", "/v1/customers", { source = id }).status)
    assert.is_false(call("GET", "/v1/tokens/" .. id).body.used)
  end)

  it("of well-known name works for ever", function()
    for _ = 1, 2 do
      assert.equal(200, call("POST", "/v1/customers", { source = "tok_visa" }).status)
    end
  end)

  it("that never was is missing", function()
    local reply = call("GET", "/v1/tokens/tok_x")
    assert.equal(404, reply.status)
    assert.equal("No such token: 'tok_x'", reply.body.error.message)
  end)
end)

describe("a customer's cards", function()
  local function customer(source)
    return post("/v1/customers", { source = source })
  end

  it("are added, read, changed, listed and deleted", function()
    local owner = customer()
    local base = ("/v1/customers/%s/sources"):format(owner.id)
    local made = token()
    local card = post(base, { source = made.id, metadata = { k = "v" } })
    assert.equal(made.card.id, card.id)
    assert.equal("card", card.object)
    assert.equal("pass", card.cvc_check)
    assert.same({ k = "v" }, card.metadata)
    assert.equal(card.id, call("GET", "/v1/customers/" .. owner.id).body.default_source)
    assert.equal("M", post(base .. "/" .. card.id, { name = "M" }).name)
    local list = call("GET", base).body
    assert.equal(base, list.url)
    assert.equal(1, #list.data)
    assert.same({ id = card.id, object = "card", deleted = true }, call("DELETE",
      base .. "/" .. card.id).body)
    assert.equal(null, call("GET", "/v1/customers/" .. owner.id).body.default_source)
    assert.equal(404, call("GET", base .. "/" .. card.id).status)
  end)

  it("keep the first as default until it goes", function()
    local owner = customer("tok_visa")
    local base = ("/v1/customers/%s/sources"):format(owner.id)
    local second = post(base, { source = "tok_amex" })
    assert.equal(owner.default_source, call("GET", "/v1/customers/" .. owner.id).body.default_source)
    assert.equal(second.id, post("/v1/customers/" .. owner.id, { default_source = second.id }).default_source)
    call("DELETE", base .. "/" .. second.id)
    assert.equal(owner.default_source, call("GET", "/v1/customers/" .. owner.id).body.default_source)
  end)

  it("are made of card hashes too", function()
    local owner = post("/v1/customers", { source = { object = "card", number = "378282246310005",
      exp_month = 1,
      exp_year = YEAR } })
    assert.truthy(owner.default_source:find("^card_"))
  end)

  it("are reached under their older name", function()
    local owner = post("/v1/customers", { card = "tok_visa" })
    local base = ("/v1/customers/%s/cards"):format(owner.id)
    local card = post(base, { card = { number = "5555555555554444", exp_month = 1, exp_year = YEAR } })
    assert.equal("MasterCard", card.brand)
    local list = call("GET", base).body
    assert.same({ base, 2, card.id }, { list.url, #list.data, list.data[1].id })
    assert.is_true(call("DELETE", base .. "/" .. card.id).body.deleted)
  end)

  it("are no payment methods", function()
    local reply = call("POST", "/v1/customers", { source = "pm_card_visa" })
    assert.equal(400, reply.status)
    assert.equal("source", reply.body.error.param)
  end)

  it("of another customer are missing", function()
    local owner, other = customer("tok_visa"), customer("tok_visa")
    local reply = call("GET", ("/v1/customers/%s/sources/%s"):format(owner.id, other.default_source))
    assert.equal(404, reply.status)
    assert.equal(("No such source: '%s'"):format(other.default_source), reply.body.error.message)
  end)
end)
