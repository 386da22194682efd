-- SPDX-License-Identifier: MIT
-- PostConfirmation: who Slack is told of, how, how often, and that nothing stops a confirmation.
local fakes = require "tests.scripts.fakes"
local events = dofile "tests/scripts/triggers/events.lua"
local json = require "json"

local world, trigger


local function event(text, changes)
  local value = json.decode(text)
  for name, change in pairs(changes or {}) do value.request.userAttributes[name] = change end
  return value
end


-- Runs it; the event comes back as it went.
local function run(text, changes)
  local value = event(text, changes)
  local before = json.encode(value, { sorted = true })
  assert.equal(before, json.encode(trigger(value), { sorted = true }))
end


local function begin()
  world = fakes.install()
  trigger = require "triggers.post_confirmation"
end


describe("post_confirmation", function()
  before_each(begin)

  it("tells Slack of a new customer, and keeps nothing to tell later", function()
    run(events.confirmed)
    assert.same({ "New customer: Jane (jane@example.com), test" }, world.told)
    assert.same({}, world:messages())
    assert.equal(1, world:count "SLACK_NOTICE sent")
  end)

  it("tells it once for each sub", function()
    run(events.confirmed)
    run(events.confirmed)
    assert.equal(1, #world.told)
    run(events.confirmed, { sub = "another" })
    assert.equal(2, #world.told)
  end)

  it("is silent about a password that was set anew", function()
    run(events.forgot)
    assert.same({}, world.told)
    assert.same({}, world.calls)
  end)

  for address, told in pairs {
    ["jane@marqo.ai"] = 0, ["jane@s2search.io"] = 0, ["jane@mailinator.com"] = 0, ["jane@MARQO.AI"] = 0,
    ["jane@notmarqo.ai"] = 1, ["jane@marqo.ai.example.com"] = 1, ["jane@sub.marqo.ai"] = 1,
    ["marqo.ai@example.com"] = 1, ['"jane@example.com"@marqo.ai'] = 0, ['"jane@marqo.ai"@example.com'] = 1,
  } do
    it(("%s is told %d times"):format(address, told), function()
      run(events.confirmed, { email = address })
      assert.equal(told, #world.told)
    end)
  end

  it("escapes what people typed, and keeps it on one line", function()
    run(events.confirmed, { name = "<!channel> & <b>\r\nJane\27", email = "a&b<c>@example.com" })
    assert.same({ "New customer: &lt;!channel&gt; &amp; &lt;b&gt; Jane (a&amp;b&lt;c&gt;@example.com), test" },
      { (world.told[1]:gsub("Jane ", "Jane")) })
  end)

  it("cuts a long name between characters", function()
    run(events.confirmed, { name = ("é"):rep(200) })
    assert.equal("New customer: " .. ("é"):rep(128) .. "… (jane@example.com), test", world.told[1])
  end)

  it("leaves it to the outbox when Slack does not answer, and never fails", function()
    world:fail("slack.post", { code = "timeout", retryable = true })
    run(events.confirmed)
    assert.same({}, world.told)
    local list = world:messages()
    assert.equal(1, #list)
    assert.equal("slack", list[1].kind)
    world.now = world.now + 60
    require "lib.outbox".run()
    assert.same({ "New customer: Jane (jane@example.com), test" }, world.told)
    assert.same({}, world:messages())
  end)

  it("has the outbox put aside at once what Slack will never take", function()
    world:fail("slack.post", { code = "no_service", status = 404, retryable = false }, { times = 2 })
    run(events.confirmed)
    world.now = world.now + 60
    require "lib.outbox".run()
    assert.equal("OUTBOX#DEAD", world:messages()[1].pk)
    assert.equal(2, world:called "slack.post")
  end)

  it("does not let the outbox tell what is being told right now", function()
    local before = world.now
    package.loaded.slack.post = function()
      world.now = before + world.config.slack.timeout
      require "lib.outbox".run()
      return true
    end
    trigger = nil
    package.loaded["lib.notify"], package.loaded["triggers.post_confirmation"] = nil, nil
    trigger = require "triggers.post_confirmation"
    world.config.outbox.first_delay = 0.05
    run(events.confirmed)
    assert.same({}, world:messages())
  end)

  it("tells it all the same when the table cannot be asked", function()
    world:fail("dynamodb.put", { code = "InternalServerError", status = 500 }, { times = 2 })
    run(events.confirmed)
    assert.equal(1, #world.told)
  end)

  it("knows its own mark when the answer to it was lost", function()
    local put, n = package.loaded.dynamodb.put, 0
    package.loaded.dynamodb.put = function(request)
      n = n + 1
      if n == 2 then put(request) end
      return put(request)
    end
    run(events.confirmed)
    assert.equal(1, #world.told)
    assert.same({}, world:messages())
  end)

  it("asks nobody without a webhook", function()
    world.config.slack.webhook = nil
    run(events.confirmed)
    assert.same({}, world.told)
    assert.same({}, world.table)
  end)

  it("survives an event that lacks everything", function()
    local value = { triggerSource = "PostConfirmation_ConfirmSignUp" }
    assert.equal(value, trigger(value))
    assert.equal("error", world.logs[#world.logs].level)
  end)
end)
