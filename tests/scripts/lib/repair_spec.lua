-- SPDX-License-Identifier: MIT
-- Repair against the fakes: what happens when a store fails in the middle of it, and that the same again does no harm.
local door = require "tests.scripts.door"
local world, repair

local DOWN <const> = { status = 500, type = "api_error", code = "InternalServerError", sent = true }


-- The fakes lack what only people on call ask for.
local function fresh()
  world = door.fresh()
  world.config.cognito.user_pool_id = "pool"
  local cognito, stripe = package.loaded.cognito, package.loaded.stripe
  cognito.filter = function(_, _, value) return value end
  cognito.list_users = function(request)
    local list = {}
    for _, user in ipairs(world.users) do
      if user.attributes.email == request.filter then list[#list + 1] = user end
    end
    return list
  end
  stripe.retrieve_customer = function(id)
    if world.customers[id] then return world.customers[id] end
    return { id = id, deleted = true }
  end
  local list_customers = stripe.list_customers
  stripe.list_customers = function(request)
    for _, customer in pairs(world.customers) do customer.created = customer.created or 0 end
    return list_customers(request)
  end
  repair = require "lib.repair"
end


local function run(options)
  local steps, findings = repair.run("jane@example.com", options or {})
  local said = {}
  for i, step in ipairs(steps) do said[i] = step.action .. (step.ok and "" or ": " .. step.says) end
  return said, findings
end


-- A call of the sign-up that fails, and where that leaves it: what repair does then, and what is left of the person.
local STOPS <const> = {
  { "cognito.sign_up", { "finish" }, 0 },
  { "dynamodb.update", { "finish" }, 1 },
  { "stripe.create_customer", { "finish" }, 1 },
  { "stripe.create_payment_method", { "finish" }, 1 },
  { "stripe.attach_payment_method", { "finish" }, 1 },
  { "stripe.update_customer", { "finish" }, 1 },
  { "dynamodb.transact_write", { "finish" }, 1 },
}


describe("repair", function()
  before_each(fresh)

  for _, after in ipairs { false, true } do
    for _, case in ipairs(STOPS) do
      it(("after a failing %s%s"):format(case[1], after and " that took effect" or ""), function()
        world:fail(case[1], DOWN, { after = after, times = 9 })
        local reply = door.sign_up()
        world.faults, world.now = {}, world.now + 30 -- a lease that could not be given back runs out
        if reply.status == 201 then return door.assert_complete() end
        local said, left = run()
        if case[1] == "cognito.sign_up" and after then
          door.assert_complete()
        elseif case[3] == 0 then
          assert.same({ 0, nil, {} }, { #world.users, world:intent(), world:rows() })
        else
          door.assert_complete()
        end
        assert.same(case[2], said)
        assert.is_true(#left <= 1)
        assert.same({}, (run()))
      end)
    end
  end

  it("says when a service still fails, and goes on the next time", function()
    world:fail("stripe.create_customer", DOWN, { times = 2 })
    assert.equal(503, door.sign_up().status)
    assert.same({ "finish: a service failed (step_failed above): again when it works" }, (run()))
    assert.same({ "finish" }, (run()))
    door.assert_complete()
  end)

  it("tells that the card is refused", function()
    world:fail("stripe.create_customer", DOWN)
    assert.equal(503, door.sign_up({ stripe_token = "tok_chargeDeclined" }).status)
    local said, left = run()
    assert.same({ "finish: card_not_accepted" }, said)
    assert.equal("card_declined", left[1].kind)
    assert.same({ "undo" }, (run { undo = true }))
    assert.same({ 0, nil, {}, nil }, { #world.users, world:intent(), world:rows(), next(world.customers) })
  end)

  it("does not take a lease that has not run out, unless it is forced", function()
    world:fail("stripe.create_customer", DOWN)
    door.sign_up()
    world:intent().lease_until = world.now + 10
    assert.same({}, (run()))
    assert.same({ "undo: a request is working on it: again in a moment, or with --force" }, (run { undo = true }))
    assert.same({ "finish" }, (run { force = true }))
    door.assert_complete()
  end)

  it("takes up the customer whose id was lost, also when Stripe has forgotten the key", function()
    world:fail("stripe.create_payment_method", DOWN)
    door.sign_up()
    local customer = next(world.customers)
    world:intent().stripe_id, world.keys = nil, {}
    assert.same({ "finish" }, (run()))
    door.assert_complete()
    assert.equal(customer, world:intent().stripe_id)
  end)

  it("counts what was repaired, by store", function()
    world:fail("stripe.create_customer", DOWN)
    door.sign_up()
    run()
    assert.equal(1, world:count "INCONSISTENT_REPAIRED signup_stopped")
    assert.equal(1, world:count "SIGNUP_SUCCESS done")
  end)

  it("a dry run writes nothing", function()
    world:fail("stripe.create_customer", DOWN)
    door.sign_up()
    local before = #world.calls
    local steps = repair.plan("jane@example.com", {})
    assert.same({ "finish" }, { steps[1].action })
    for i = before + 1, #world.calls do
      assert.is_truthy(world.calls[i]:find "get" or world.calls[i]:find "query" or world.calls[i]:find "list",
        world.calls[i])
    end
  end)
end)
