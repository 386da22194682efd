-- SPDX-License-Identifier: MIT
local client = dofile "tests/scripts/sandbox/client.lua"
local identity = require "sandbox.google.identity"
local json = require "json"

local function send(method, path, body)
  local reply = client.send { listener = "mailbox", method = method, path = path,
    body = body and json.encode(body) or "" }
  return reply.status, reply.json
end

describe("the sandbox's switches", function()
  after_each(function()
    client.settings.switches.already_found_on_first_link = true
    identity.choose {}
  end)

  it("are shown and turned", function()
    local status, shown = send("GET", "/switches")
    assert.same({ 200, true }, { status, shown.already_found_on_first_link })
    assert.equal(200, (send("POST", "/switches", { already_found_on_first_link = false })))
    assert.is_false(client.settings.switches.already_found_on_first_link)
  end)

  it("are turned all or none, and only to what they can be", function()
    for _, wrong in ipairs { { unknown = true }, { already_found_on_first_link = "no" },
      { already_found_on_first_link = false, unknown = 1 }, json.array { true } } do
      assert.equal(400, (send("POST", "/switches", wrong)))
      assert.is_true(client.settings.switches.already_found_on_first_link)
    end
    assert.equal(400, client.send { listener = "mailbox", path = "/switches", body = "nonsense" }.status)
  end)

  it("say who is at Google", function()
    assert.equal(200, (send("POST", "/google/consent", { auto = true, sub = "7", email = "x@y.example" })))
    local _, shown = send("GET", "/google/consent")
    assert.same({ true, "7", "x@y.example", "Ada Lovelace" }, { shown.auto, shown.sub, shown.email, shown.name })
    assert.equal(400, (send("POST", "/google/consent", { sub = 7 })))
  end)

  it("give the pool another key", function()
    local path = "/" .. client.settings.user_pool_id .. "/.well-known/jwks.json"
    local function kid()
      return json.decode(client.send { listener = "cognito", method = "GET", path = path }.body).keys[1].kid
    end
    local before = kid()
    assert.equal(204, (send("POST", "/cognito/rotate_keys")))
    assert.not_equal(before, kid())
  end)

  -- path, body, what is said
  local REFUSED = {
    { "/switches", { clock_skwe = 1 }, "there is no clock_skwe; did you mean clock_skew?" },
    { "/switches", { clock_skew = "1" }, "clock_skew is a number" },
    { "/google/consent", { atuo = true }, "there is no atuo; did you mean auto?" },
    { "/clock", { advanced = 1 }, "there is no advanced; did you mean advance?" },
    { "/clock", { advance = "1" }, '{"advance": seconds} is wanted' },
    { "/lambda/usher-dev-PreSignUp", { timeuot = 1 }, "there is no timeuot; did you mean timeout?" },
    { "/lambda/usher-dev-PreSignUp", { timeout = "1" }, "timeout is a number of seconds" },
    { "/lambda/usher-dev-PreSignUp", { timeout = 0 }, "timeout is a number of seconds" },
    { "/lambda/usher-dev-PreSignUp", { out_of_process = 1 }, "out_of_process is true or false" },
    { "/lambda/usher-dev-PreSignUp", { fault = "error" }, "fault is an object" },
    { "/lambda/usher-dev-PreSignUp", { fault = { kind = "error", time = 1 } },
      "there is no fault.time; did you mean fault.times?" },
    { "/lambda/usher-dev-PreSignUp", { fault = { kind = "timout" } },
      "fault.kind is one of bad_output, crash, denied, error, throttled, timeout; did you mean timeout?" },
    { "/faults", { service = "stripe", kind = "refuse", operaton = "*" },
      "there is no operaton; did you mean operation?" },
    { "/faults", { service = "strip", kind = "refuse" }, "service is one of cloudwatch, cognito, dynamodb, metadata, "
      .. "ses, slack, stripe, sts; did you mean stripe?" },
    { "/faults", { service = "stripe", kind = "lost" }, "kind is one of error_after, hang, hang_before, lost_answer, "
      .. "refuse, reset_before" },
    { "/faults", { service = "stripe" },
      "kind is one of error_after, hang, hang_before, lost_answer, refuse, reset_before" },
    { "/faults", { service = "stripe", kind = "refuse", error = { staus = 402 } },
      "there is no error.staus; did you mean error.status?" },
    { "/faults", json.array { 1 }, "the body is a JSON object" },
  }
  for _, case in ipairs(REFUSED) do
    it(("%s is not sent %s"):format(case[1], json.encode(case[2], { sorted = true })), function()
      local status, reply = send("POST", case[1], case[2])
      assert.same({ 400, case[3] }, { status, reply.message })
    end)
  end

  -- method, path, query, what is said
  for _, case in ipairs {
    { "GET", "/mailbox", { email = "a@b.co" }, "there is no email; did you mean to?" },
    { "DELETE", "/mailbox", { To = "a@b.co" }, "there is no To; did you mean to?" },
    { "GET", "/calls", { lats = "1" }, "there is no lats; did you mean last?" },
  } do
    it(("are not asked for %s %s?%s"):format(case[1], case[2], (next(case[3]))), function()
      local reply = client.send { listener = "mailbox", method = case[1], path = case[2], query = case[3] }
      assert.same({ 400, case[4] }, { reply.status, reply.json.message })
    end)
  end

  it("leave a function as it was when one member is wrong", function()
    send("POST", "/lambda/usher-dev-PreSignUp", { fault = { kind = "error" }, timeout = -1 })
    local _, list = send("GET", "/lambda")
    for _, fn in ipairs(list) do assert.is_nil(fn.fault) end
  end)
end)
