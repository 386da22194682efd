-- SPDX-License-Identifier: MIT
-- Repair: what happens when a store fails in the middle of a sign-up, and that the same again does no harm.
local testing = require "testing"

local EMAIL <const> = "jane@example.com"
local FORM <const> = { email = EMAIL, name = "Jane Doe", country = "DE", organization = "Example GmbH",
  password = "Corr3ct-Horse!", stripe_token = "tok_visa" }

local world, repair


local function sign_up(changes)
  local form = setmetatable(changes or {}, { __index = FORM })
  local body = {}
  for name in pairs(FORM) do body[name] = form[name] end
  return world:browser():post("/api/account/signup", body)
end


-- From now on this call fails, until world:mend.
local function breaks(call, kind)
  local service, operation = call:match "^(%w+) (.+)$"
  world:fault { service = service, operation = operation, kind = kind or "refuse", count = 99,
    error = service ~= "stripe" and { code = "InternalServerError", status = 500 } or nil }
end


-- A sign-up that stopped at this call; then all works again, and its lease is over.
local function stopped_at(call, kind, changes)
  breaks(call, kind)
  local reply = sign_up(changes)
  world:mend()
  world.clock.advance(31)
  return reply
end


local function run(options)
  local steps, findings = repair.run(EMAIL, options or {})
  local said = {}
  for i, step in ipairs(steps) do said[i] = step.action .. (step.ok and "" or ": " .. step.says) end
  return said, findings
end


-- The intent, and how many rows there are besides it.
local function rows()
  local intent, others = nil, 0
  for _, item in ipairs(world:items()) do
    if item.sk == "INTENT" then intent = item end
    if item.pk:find "^USER#" or item.pk:find "^ACCOUNT#" then others = others + 1 end
  end
  return intent, others
end


local function assert_complete()
  local intent, others = rows()
  assert.same({ "DONE", 0, 5 }, { intent.step, intent.lease_until, others })
  assert.same({ 1, 1 }, { #world:users(), #world:customers() })
  assert.equal(intent.stripe_id, world:customers()[1].id)
end


local function assert_empty()
  local intent, others = rows()
  assert.same({ nil, 0, 0, 0 }, { intent, others, #world:users(), #world:customers() })
end


local CALLS <const> = { "cognito SignUp", "dynamodb UpdateItem", "stripe create_customer",
  "stripe create_payment_method", "stripe attach_payment_method", "stripe update_customer",
  "dynamodb TransactWriteItems" }


describe("repair", function()
  before_each(function()
    world = testing.world()
    repair = world:require "lib.repair"
  end)

  for _, kind in ipairs { "refuse", "error_after" } do
    for _, call in ipairs(CALLS) do
      it(("after a failing %s, %s"):format(call, kind), function()
        if stopped_at(call, kind).status == 201 then return assert_complete() end
        local said, left = run()
        assert.same({ "finish" }, said)
        assert.is_true(#left <= 1)
        if call == "cognito SignUp" and kind == "refuse" then assert_empty() else assert_complete() end
        assert.same({}, (run()))
      end)
    end
  end

  it("says when a service still fails, and goes on the next time", function()
    assert.equal(503, stopped_at("stripe create_customer").status)
    breaks "stripe create_customer"
    assert.same({ "finish: a service failed (step_failed above): again when it works" }, (run()))
    world:mend()
    assert.same({ "finish" }, (run()))
    assert_complete()
  end)

  it("tells that the card is refused", function()
    assert.equal(503, stopped_at("stripe create_customer", nil, { stripe_token = "tok_chargeDeclined" }).status)
    local said, left = run()
    assert.same({ "finish: card_not_accepted" }, said)
    assert.equal("card_declined", left[1].kind)
    assert.same({ "undo" }, (run { undo = true }))
    assert_empty()
  end)

  it("does not take a lease that has not run out, unless it is forced", function()
    stopped_at "stripe create_customer"
    local intent = rows()
    assert(world:require "lib.intent".claim(intent, "somebody"))
    assert.same({}, (run()))
    assert.same({ "undo: a request is working on it: again in a moment, or with --force" }, (run { undo = true }))
    assert.same({ "finish" }, (run { force = true }))
    assert_complete()
  end)

  it("takes up the customer whose id was lost, also when Stripe has forgotten the key", function()
    stopped_at "stripe create_payment_method"
    local customer = world:customers()[1].id
    world.clock.advance(86401)
    local intent = rows()
    assert(world:require "dynamodb".update { key = { pk = intent.pk, sk = intent.sk }, remove = { "stripe_id" },
      set = { started = world.clock.now() } })
    assert.same({ "finish" }, (run()))
    assert_complete()
    assert.equal(customer, rows().stripe_id)
  end)

  it("counts the sign-up that it has finished, once", function()
    stopped_at "stripe create_customer"
    run()
    assert.equal(1, world:metric("SIGNUP_SUCCESS", { step = "done" }))
  end)

  it("a dry run writes nothing", function()
    stopped_at "stripe create_customer"
    local before = world:items()
    local steps = repair.plan(EMAIL, {})
    assert.equal("finish", steps[1].action)
    assert.same({ before, 1, 0 }, { world:items(), #world:users(), #world:customers() })
  end)
end)
