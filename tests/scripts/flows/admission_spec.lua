-- SPDX-License-Identifier: MIT
-- Step 0: who is let in to the flows, and that nothing has happened when somebody is not.
local door = require "tests.scripts.door"
local fakes = require "tests.scripts.fakes"

local world
local tries = 0


-- The limiter outlives each test, as it outlives requests: every test comes from an address of its own.
local function fresh(attempts)
  world = door.fresh { attempts = attempts }
  tries = tries + 1
  fakes.remote_key = "192.0.2." .. tries
  return world
end


local function person(n)
  return { email = ("p%d.%d@example.com"):format(tries, n) }
end


describe("admission", function()
  local limits = {
    { "an address", { per_address = 2 }, function(n) return person(n) end },
    { "an e-mail address", { per_email = 2 }, function() return person(0) end },
    { "everybody together", { overall = 2 }, function(n) return person(n) end },
    { "different cards of an address", { cards_per_address = 2 }, function(n)
      return { email = person(n).email, stripe_token = "tok_" .. n }
    end },
  }
  for _, row in ipairs(limits) do
    it("limits " .. row[1], function()
      fresh(row[2])
      for n = 1, 2 do assert.equal(201, door.sign_up(row[3](n)).status) end
      local calls = #world.calls
      local refused = door.sign_up(row[3](3))
      assert.equal(429, refused.status)
      assert.equal("too_many_attempts", refused.code)
      assert.is_true(refused.retry_after > 0 and refused.retry_after <= 3600)
      assert.equal(calls, #world.calls)
      assert.equal(1, world:count "SIGNUP_FAILURE limits")
    end)
  end

  it("nobody is let in while Stripe does not take our key", function()
    fresh {}
    world.key_refused = true
    local refused = door.sign_up(person(1))
    assert.same({ 503, "try_again", 30 }, { refused.status, refused.code, refused.retry_after })
    assert.same({}, world.calls)
    assert.equal(1, world:count "SIGNUP_ERROR stripe")
    world.key_refused = false
    assert.equal(201, door.sign_up(person(1)).status)
  end)

  it("0 is no limit", function()
    fresh {}
    for n = 1, 50 do assert.equal(201, door.sign_up(person(n)).status) end
  end)

  it("a form that is invalid costs nothing", function()
    fresh { per_address = 1 }
    assert.equal(422, door.sign_up({ email = "no" }).status)
    assert.equal(201, door.sign_up(person(1)).status)
  end)

  it("the same card again is not another one", function()
    fresh { cards_per_address = 1 }
    for n = 1, 5 do assert.equal(201, door.sign_up(person(n)).status) end
  end)

  it("limits confirmations and resends for themselves", function()
    local email = person(1).email
    for flow, step in pairs { confirm_signup = "SIGNUP_CONFIRM", resend_code = "SIGNUP_RESEND" } do
      fresh { per_email = 1 }
      local handler, body = require("flows." .. flow), { email = email, code = "123456" }
      assert.not_equal(429, fakes.call(handler, body).status)
      local refused = fakes.call(handler, body)
      assert.equal(429, refused.status)
      assert.equal("too_many_attempts", refused.code)
      assert.equal(1, world:count(step .. "_FAILURE limits"))
    end
  end)

  describe("asks the operator's hook", function()
    local function hooked(hook)
      fresh {}
      package.loaded["hooks.admission"] = hook
      package.loaded["lib.admission"], package.loaded["flows.signup"] = nil, nil
      local handler = require "flows.signup"
      return function() return fakes.call(handler, door.FORM) end
    end

    it("which sees the clean form and no secret of it", function()
      local seen
      local call = hooked(function(req, form) seen = { req.remote, form } end)
      assert.equal(201, call().status)
      assert.equal("192.0.2.1", seen[1])
      assert.same({ email = "jane@example.com", name = "Jane Doe", country = "DE",
        organization = "Example GmbH", utm = { source = "ads" } }, seen[2])
    end)

    it("which may refuse", function()
      local call = hooked(function() require "fail" (403, "not_here") end)
      local reply = call()
      assert.equal(403, reply.status)
      assert.equal("not_here", reply.code)
      assert.equal(0, #world.calls)
      assert.equal(1, world:count "SIGNUP_FAILURE hook")
    end)

    it("which may break, and that is ours", function()
      local call = hooked(function() error "a bug" end)
      assert.has_error(call)
      assert.equal(0, #world.calls)
      assert.equal(1, world:count "SIGNUP_ERROR hook")
    end)
  end)
end)
