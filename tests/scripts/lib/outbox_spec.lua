-- SPDX-License-Identifier: MIT
-- The outbox: kept, told, told again with longer pauses, put aside; one process at a time.
local door = require "tests.scripts.door"
local fakes = require "tests.scripts.fakes"
local world, outbox

local UNREACHABLE <const> = { code = "InternalErrorException", status = 500, sent = true }


-- A sign-up whose confirmation could not tell `service`; afterwards everything works again.
local function confirm_without(call)
  world = door.fresh()
  outbox = require "lib.outbox"
  local reply = door.sign_up()
  local user = world.users[1]
  world:fail(call, UNREACHABLE)
  local confirm = require "flows.confirm_signup"
  return fakes.call(confirm, { email = "jane@example.com", code = user.code,
    signup_token = reply.json.signup_token })
end


local function row()
  return world:item("USER#sub-1", "DETAILS")
end


describe("the outbox", function()
  it("counts 0 dead messages of each kind from the start, so that alarms have data", function()
    world = fakes.install()
    for kind in pairs(require "lib.outbox_kinds") do assert.equal(0, world.counts["OUTBOX_DEAD " .. kind], kind) end
  end)

  it("keeps what confirm could not tell: it stays confirmed, 200, and the inconsistency counts", function()
    local reply = confirm_without "cognito.admin_update_user_attributes"
    assert.equal(200, reply.status)
    assert.equal("confirmed", reply.json.status)
    assert.equal(1, world:count "INCONSISTENT_USER_STORES attributes")
    assert.equal(1, #world:messages())
    assert.same({ "email_verified", "sub-1", 0 },
      { world:messages()[1].kind, world:messages()[1].about.sub, world:messages()[1].attempts })
  end)

  it("keeps nothing when all was told", function()
    confirm_without "cognito.resend_confirmation_code"
    assert.same({}, world:messages())
  end)

  it("tells when it is due, and forgets", function()
    confirm_without "cognito.admin_update_user_attributes"
    world.users[1].attributes.email_verified, row().email_verified = "false", false
    outbox.run()
    assert.equal("false", world.users[1].attributes.email_verified)
    world.now = world.now + 5
    outbox.run()
    assert.equal("true", world.users[1].attributes.email_verified)
    assert.is_true(row().email_verified)
    assert.same({}, world:messages())
  end)

  it("makes each pause twice the last, then puts it aside", function()
    confirm_without "cognito.admin_update_user_attributes"
    world:fail("cognito.admin_update_user_attributes", UNREACHABLE, { times = 100 })
    for attempt, pause in ipairs { 5, 10, 20 } do
      world.now = world.now + pause - 0.1
      outbox.run()
      assert.equal(attempt - 1, world:messages()[1].attempts)
      world.now = world.now + 0.1
      outbox.run()
      assert.equal(attempt, world:messages()[1].attempts)
      assert.equal("InternalErrorException", world:messages()[1].error_code)
    end
    world.now = world.now + 40
    outbox.run()
    local dead = world:messages()[1]
    assert.same({ "OUTBOX#DEAD", "DEAD", 4 }, { dead.pk, dead.state, dead.attempts })
    assert.equal(1, world:count "OUTBOX_DEAD email_verified")
    world.now = world.now + 100000
    outbox.run()
    assert.equal(1, #world:messages())
  end)

  it("a dead letter can be delivered by hand", function()
    confirm_without "cognito.admin_update_user_attributes"
    world.config.outbox.attempts = 1
    world:fail("cognito.admin_update_user_attributes", UNREACHABLE)
    assert.is_nil(outbox.deliver(outbox.list()[1]))
    assert.equal("DEAD", outbox.list()[1].state)
    assert.is_true(outbox.deliver(outbox.list { ["sub-1"] = true }[1]))
    assert.same({}, outbox.list())
  end)

  it("leaves it to the process that has the lease, until that runs out", function()
    confirm_without "cognito.admin_update_user_attributes"
    world.table["OUTBOX\0LEASE"] = { pk = "OUTBOX", sk = "LEASE", owner = "another", lease_until = world.now + 60 }
    world.now = world.now + 59
    outbox.run()
    assert.equal(1, #world:messages())
    world.now = world.now + 1
    outbox.run()
    assert.same({}, world:messages())
  end)

  it("a kind that this version does not know is told later", function()
    confirm_without "cognito.resend_confirmation_code"
    outbox.put("carrier_pigeon", { sub = "sub-1", signup_id = "s" })
    world.now = world.now + 5
    outbox.run()
    assert.same({ 1, "unknown_kind" }, { world:messages()[1].attempts, world:messages()[1].error_code })
  end)

  it("a fault of a kind's own is one failed try", function()
    confirm_without "cognito.admin_update_user_attributes"
    require "lib.outbox_kinds".email_verified = function() error("a bug") end
    world.now = world.now + 5
    outbox.run()
    assert.same({ 1, "internal_error" }, { world:messages()[1].attempts, world:messages()[1].error_code })
  end)

  it("is about somebody", function()
    confirm_without "cognito.admin_update_user_attributes"
    assert.equal(1, #outbox.list { ["sub-1"] = true })
    assert.equal(0, #outbox.list { ["sub-2"] = true })
  end)

  it("the confirmation answers also when the outbox cannot be written", function()
    world = door.fresh()
    local reply = door.sign_up()
    world:fail("cognito.admin_update_user_attributes", UNREACHABLE)
    world:fail("dynamodb.put", UNREACHABLE)
    local answer = fakes.call(require "flows.confirm_signup", { email = "jane@example.com",
      code = world.users[1].code, signup_token = reply.json.signup_token })
    assert.equal(200, answer.status)
  end)
end)
