-- SPDX-License-Identifier: MIT
-- The sandbox's Stripe webhook endpoints: kept, changed, refused. What is sent to them: interop/test_stripe.py.
local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
local call = dofile(here .. "/call.lua")
local webhooks = require "sandbox.stripe.webhooks"

local ALL <const> = "/v1/webhook_endpoints"

local function create(events)
  return call("POST", ALL, { url = "http://127.0.0.1:9/hook", enabled_events = events }).body
end

-- params, param, code, message
local REFUSED = {
  { { enabled_events = { "*" } }, "url", "parameter_missing", "Missing required param: url." },
  { { url = "http://a.b" }, "enabled_events", "parameter_missing", "Missing required param: enabled_events." },
  { { url = "a.b", enabled_events = { "*" } }, "url", "url_invalid", "Not a valid URL" },
  { { url = "http://a b", enabled_events = { "*" } }, "url", "url_invalid", "Not a valid URL" },
}

describe("a webhook endpoint", function()
  for i, case in ipairs(REFUSED) do
    it(("is not made: %d, %s"):format(i, case[4]), function()
      local reply = call("POST", ALL, case[1])
      local e = reply.body.error
      assert.same({ 400, case[2], case[3], case[4] }, { reply.status, e.param, e.code, e.message })
    end)
  end

  it("shows its secret once", function()
    local made = create { "*" }
    assert.truthy(made.id:find "^we_%w+$")
    assert.truthy(made.secret:find "^whsec_%w+$")
    local shown = call("GET", ALL .. "/" .. made.id).body
    assert.same({ "enabled", { "*" } }, { shown.status, shown.enabled_events })
    assert.is_nil(shown.secret)
    call("DELETE", ALL .. "/" .. made.id)
  end)

  it("is changed, listed and deleted", function()
    local made = create { "customer.created" }
    local path = ALL .. "/" .. made.id
    assert.equal("d", call("POST", path, { description = "d", metadata = { k = "v" } }).body.description)
    assert.equal(made.id, call("GET", ALL).body.data[1].id)
    assert.equal("disabled", call("POST", path, { disabled = true }).body.status)
    assert.same({ id = made.id, object = "webhook_endpoint", deleted = true }, call("DELETE", path).body)
    assert.equal(404, call("GET", path).status)
  end)

  -- its events, disabled, what happens, wanted
  local WANTED = {
    { { "*" }, false, "customer.created", 1 }, { { "customer.created", "x.y" }, false, "customer.created", 1 },
    { { "customer.updated" }, false, "customer.created", 0 }, { { "*" }, true, "customer.created", 0 },
  }
  for i, case in ipairs(WANTED) do
    it(("hears what it wants: %d"):format(i), function()
      local made = create(case[1])
      call("POST", ALL .. "/" .. made.id, { disabled = case[2] })
      assert.equal(case[4], #webhooks.for_event(case[3]))
      call("DELETE", ALL .. "/" .. made.id)
      assert.equal(0, #webhooks.for_event(case[3]))
    end)
  end
end)
