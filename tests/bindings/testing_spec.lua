-- SPDX-License-Identifier: MIT
-- Worlds: the scripts and the sandbox in this process, with a time that jumps and randomness from a seed.
local testing = require "testing"
local clock, crypto, metrics = require "clock", require "crypto", require "metrics"
local secret, task = require "secret", require "task"

local FORM <const> = {
  email = "ada@example.com", name = "Ada Lovelace", country = "GB", organization = "Analytical Engines",
  password = "Corr3ct-Horse!", stripe_token = "tok_visa",
}
local SIGNUP <const>, CONFIRM <const> = "/api/account/signup", "/api/account/confirm_signup"

local FAULTS <const> = { -- what is broken, the status of the sign-up, the status of the same again
  { { service = "cognito", operation = "SignUp", kind = "refuse", count = 9 }, 503, 201 },
  { { service = "cognito", operation = "SignUp", kind = "hang" }, 201, 201 },
  { { service = "cognito", operation = "SignUp", kind = "hang_before", count = 9 }, 503, 201 },
  { { service = "dynamodb", operation = "TransactWriteItems", kind = "lost_answer" }, 201, 201 },
  { { service = "stripe", operation = "create_customer", kind = "lost_answer", count = 9 }, 201, 201 },
  { { service = "stripe", operation = "create_customer", kind = "hang_before", count = 9 }, 503, 201 },
}


-- What http.fetch gives for a URL of this world.
local function fetch(world, options)
  return world:require "http".fetch(options)
end


describe("a world", function()
  local world
  before_each(function() world = testing.world() end)
  after_each(testing.finish)

  it("signs somebody up, whole", function()
    local browser = world:browser()
    assert.equal(201, browser:post(SIGNUP, FORM).status)
    local reply = browser:post(CONFIRM, { email = FORM.email, code = world:code(FORM.email) })
    assert.equal(200, reply.status)
    assert.matches("^usher_test_", reply.json.api_key.secret)
    assert.equal("CONFIRMED", world:users()[1].status)
    assert.equal(FORM.email, world:customers()[1].email)
    assert.equal("tok_visa", FORM.stripe_token)
    local account = world:item("ACCOUNT#" .. reply.json.visible_account_id, "DETAILS")
    assert.equal(FORM.organization, account.organization)
    assert.equal(1, world:metric("SIGNUP_SUCCESS", { method = "email" }))
    assert.matches(FORM.name, world:slack()[1].text, 1, true)
  end)

  it("signs somebody in with Google, over all redirects", function()
    local browser, url = world:browser(), "http://usher.world/api/account/sso/google?stripe_token=tok_visa"
    world:require "sandbox.google.identity".choose { auto = true, sub = "108", email = FORM.email,
      email_verified = true, name = FORM.name }
    repeat
      local here = url:match "^http://usher%.world(.*)$"
      local reply = here and browser:get(here) or assert(fetch(world, { url = url }))
      assert.equal(302, reply.status)
      url = reply.headers.location
    until not url:find "%.world/"
    assert.equal(world.config.sso.console_url .. "/", url)
    assert.equal(FORM.email, world:users()[1].attributes.email)
    assert.equal(1, #world:customers())
  end)

  it("invokes the sandbox's functions", function()
    local lambda, event = world:require "lambda", { triggerSource = "PreSignUp_SignUp", userName = "u", response = {},
      request = { userAttributes = { email = FORM.email } } }
    local result = assert(lambda.invoke { function_name = "usher-dev-PreSignUp", payload = event })
    assert.is_false(result.payload.response.autoConfirmUser)
    event.request.userAttributes.email = "ada@yopmail.com"
    local _, err = lambda.invoke { function_name = "pre_sign_up", payload = event }
    assert.same({ "FunctionError", "PreSignUpRefused" }, { err.code, err.error_type })
  end)

  it("calls a flow without its route", function()
    local reply = world:call("flows.signup", { json = { email = "ada" } })
    assert.equal(422, reply.status)
    assert.equal("invalid_input", reply.json.error.code)
    assert.same({}, world:calls())
  end)

  it("has its own settings, judged as a file's are", function()
    world = testing.world { stripe = { attach = "at_confirm" } }
    assert.equal("at_confirm", world.config.stripe.attach)
    assert.equal("test", world.config.env)
    assert.has_error(function() testing.world { stripe = { atach = "at_confirm" } } end,
      "the world's settings: unknown setting stripe.atach; did you mean stripe.attach?")
  end)

  it("has scripts that can do what flows can, and no more", function()
    local env
    for _, fn in pairs(world:require "lib.account") do
      for i = 1, debug.getinfo(fn, "u").nups do
        local name, value = debug.getupvalue(fn, i)
        if name == "_ENV" then env = value end
      end
    end
    assert.has_error(function() env.x = 1 end)
    assert.has_error(function() return env.io end)
    assert.is_nil(env.os.getenv)
    assert.equal(env, env._G)
    assert.equal(world:require "lib.form", env.require "lib.form")
    for _, use in ipairs { env.require, function(name) return world:require(name) end } do
      local _, problem = pcall(use, "sqlite")
      assert.matches("module 'sqlite' is usher's own, and not for scripts", problem, 1, true)
    end
    local attached, problem = pcall(function() world:require "sandbox.store":exec "ATTACH '/tmp/x' AS x" end)
    assert.is_false(attached)
    assert.matches("too many attached databases", problem, 1, true)
    assert.is_table(world:require "commands.inspect")
  end)

  it("shares nothing with another", function()
    world:post(SIGNUP, FORM)
    local other = testing.world()
    assert.same({}, other:users())
    assert.same({}, other:items())
    assert.same({}, other:mails())
    assert.equal(0, other:metric "SIGNUP_SUCCESS")
    assert.not_equal(world:require "fail", other:require "fail")
  end)

  it("keeps what it logs and counts to itself", function()
    local before = metrics.value("SIGNUP_SUCCESS", { method = "email", step = "done" })
    world:post(SIGNUP, FORM)
    assert.equal(before, metrics.value("SIGNUP_SUCCESS", { method = "email", step = "done" }))
    assert.equal("signup_success", world.logs[1].event)
    world:require "metrics".gauge("g", 1)
    world:require "metrics".gauge("g", 7)
    assert.equal(7, world:metric "g")
    local marks = world:require "marks"
    assert.is_true(marks.add "a" and marks.add "ab" and not marks.add "a" and marks.remove "a")
    assert.same({ "ab" }, marks.list "a")
    assert.equal(1, marks.count "")
    assert.same({}, require "marks".list "ab")
  end)

  it("has limits of its own, which go by its time", function()
    world = testing.world { attempts = { per_address = 2 } }
    local function ask(n)
      local form = { email = n .. "@example.com" }
      for name, value in pairs(FORM) do form[name] = form[name] or value end
      return world:post(SIGNUP, form).status
    end
    assert.same({ 201, 201, 429 }, { ask(1), ask(2), ask(3) })
    world.clock.advance(60)
    assert.equal(201, ask(4))
    world = testing.world { attempts = { per_address = 2 } }
    assert.equal(201, ask(5))
  end)

  for _, case in ipairs(FAULTS) do
    local fault, status, again = table.unpack(case)
    it(("breaks a call: %s %s %s"):format(fault.service, fault.operation, fault.kind), function()
      local armed = world:fault(fault)
      local key = { headers = { ["idempotency-key"] = "one" } }
      assert.equal(status, world:post(SIGNUP, FORM, key).status)
      assert.is_true(armed.fired > 0)
      world:mend()
      world.clock.advance(60)
      assert.equal(again, world:post(SIGNUP, FORM, key).status)
      assert.equal(1, #world:users())
      assert.equal(1, #world:customers())
    end)
  end

  it("refuses a fault or a switch that there is not", function()
    assert.has_error(function() world:fault { service = "cognito", kind = "brake" } end)
    assert.has_error(function() world:switch("clock_skew", "much") end)
    world:switch("clock_skew", 600)
    assert.equal(201, world:post(SIGNUP, FORM).status)
  end)

  it("looks at its stores though all calls are broken, and leaves no trace", function()
    world:post(SIGNUP, FORM)
    local calls = #world:calls()
    for _, service in ipairs { "cognito", "dynamodb", "stripe" } do
      world:fault { service = service, kind = "refuse", count = 1000 }
    end
    assert.equal(1, #world:users())
    assert.equal(1, #world:customers())
    assert.is_true(#world:items() > 4)
    assert.equal(calls, #world:calls())
    assert.is_true(#world:calls "stripe" > 0 and #world:calls "stripe" < calls)
  end)

  it("answers for services that are not of the sandbox", function()
    world:serve("https://api.example/v1", function(request)
      return { status = 202, json = { path = request.path, key = request:header "authorization", got = request.body } }
    end)
    local reply = fetch(world, { method = "POST", url = { "https://api.example", "/v1/x?y=z" }, body = { "a", "b" },
      headers = { Authorization = { "Bearer ", secret.new("key", "k") } } })
    assert.equal(202, reply.status)
    assert.equal('{"got":"ab","key":"Bearer k","path":"/v1/x"}', reply.body)
    local none, problem = fetch(world, { url = "https://other.example/" })
    assert.is_nil(none)
    assert.same({ "dns", false }, { problem.kind, problem.sent })
  end)

  it("is told no secret of the process's", function()
    local handle = assert(secret.open("path", "file:/proc/self/comm"))
    for _, part in ipairs { handle, secret.escaped(handle) } do
      assert.has_error(function() fetch(world, { url = "http://stripe.world/", body = { part } }) end,
        "a world has secrets of its own: it is not told this one")
    end
  end)
end)


describe("a world's time", function()
  local world
  before_each(function() world = testing.world() end)
  after_each(testing.finish)

  it("stands still until it is waited for", function()
    local now, monotonic = clock.now(), clock.monotonic()
    assert.equal("2026-01-01T00:00:00Z", clock.iso8601())
    assert.same({ now, monotonic }, { clock.now(), clock.monotonic() })
    world.clock.advance(86400)
    assert.is_true(math.abs(clock.now() - now - 86400) < 1e-6)
    assert.is_true(math.abs(clock.monotonic() - monotonic - 86400) < 1e-6)
    assert.equal("2026-01-02T00:00:00Z", clock.iso8601())
  end)

  it("wakes who sleeps in order, and what they do meanwhile happens", function()
    local woken = {}
    local function sleeper(seconds)
      return function()
        clock.sleep(seconds)
        woken[#woken + 1] = seconds
      end
    end
    for _, seconds in ipairs { 30, 10, 70, 10.5 } do task.spawn(sleeper(seconds)) end
    world.clock.advance(60)
    assert.same({ 10, 10.5, 30 }, woken)
    world.clock.advance(60)
    assert.same({ 10, 10.5, 30, 70 }, woken)
  end)

  it("moves deadlines along", function()
    task.all { function()
      task.limit(5)
      local reply, problem = world:require "http".fetch { url = "http://cognito.world/", timeout = 1 }
      assert.is_nil(problem)
      assert.is_truthy(reply)
      clock.sleep(4.9999)
      assert.equal("timeout", select(2, fetch(world, { url = "http://cognito.world/" })).kind)
    end }
  end)

  it("is the real one again when the world is over, and nobody waits for the other", function()
    local done = false
    task.spawn(function()
      clock.sleep(1e6)
      done = true
    end)
    clock.sleep(0)
    testing.finish()
    assert.is_true(math.abs(clock.now() - os.time()) < 3600)
    clock.sleep(0)
    assert.is_true(done)
  end)
end)


describe("a world's randomness", function()
  after_each(testing.finish)

  local function drawn(seed)
    local before = testing.seed
    testing.seed = seed
    local world = testing.world()
    testing.seed = before
    local reply = world:post(SIGNUP, FORM)
    return { crypto.uuid(), crypto.random(40), crypto.random_string(12), math.random(), reply.body, world:users() }
  end

  it("is the seed's", function()
    local one = drawn(1)
    assert.same(one, drawn(1))
    assert.not_same(one, drawn(2))
    assert.matches("^%x+-%x+-4%x+-[89ab]%x+-%x+$", one[1])
    assert.equal(40, #one[2])
  end)

  it("is nobody's when the world is over", function()
    testing.world()
    local id = crypto.uuid()
    testing.world()
    assert.equal(id, crypto.uuid())
    testing.world()
    testing.finish()
    assert.not_equal(id, crypto.uuid())
  end)
end)

describe("virtual.text", function()
  it("takes no list whose length Lua only guesses", function()
    local source = { "return { 'x', 'x', 'x', 'x', [5] = 'x'" }
    for bit = 3, 40 do source[#source + 1] = ("[%d] = 'x'"):format(1 << bit) end
    local list = load(table.concat(source, ", ") .. "}")()
    assert.equal(1 << 40, #list)
    assert.error_matches(function() require "virtual".text(list) end, "too many parts")
  end)
end)
