-- SPDX-License-Identifier: MIT
-- The sandbox's fault switches, without sockets: what fires when, what has happened by then, what is sent instead.
local clock, json, task = require "clock", require "json", require "task"
local client = dofile "tests/scripts/sandbox/client.lua"
local stripe = dofile "tests/scripts/sandbox/stripe/call.lua"

local function ask(method, path, fields, query)
  local reply = client.send { listener = "mailbox", method = method, path = path, query = query,
    body = fields and json.encode(fields) or "" }
  return reply.json, reply
end

local function arm(fields)
  local fault, reply = ask("POST", "/faults", fields)
  assert.equal(201, reply.status)
  return fault.id
end

local function look(id, query)
  return (ask("GET", "/faults/" .. id, nil, query))
end

local function get_user(email)
  return client.call("AdminGetUser", client.admin(email))
end

local function sign_up(email)
  return client.call("SignUp", client.named(email, { Password = client.password }))
end

local function exists(email)
  return get_user(email).status == 200
end

local function customers(email)
  return #stripe("GET", "/v1/customers", { email = email }).body.data
end

describe("a fault", function()
  after_each(function() ask("DELETE", "/faults") end)

  -- kind, whether the effect happens, what is sent
  local KINDS = {
    { "refuse", false, { status = 500, type = "InternalErrorException", message = "Something went wrong" } },
    { "error_after", true, { status = 500, type = "InternalErrorException", message = "Something went wrong" } },
    { "reset_before", false, { abort = true } },
    { "lost_answer", true, { abort = true } },
  }
  for _, row in ipairs(KINDS) do
    local kind, effect, wanted = row[1], row[2], row[3]

    it(kind .. " breaks one call of an AWS service", function()
      local email = client.address()
      local id = arm { service = "cognito", operation = "SignUp", kind = kind }
      local reply, output = sign_up(email)
      assert.equal(wanted.abort, reply.abort)
      assert.equal(wanted.status, reply.status)
      assert.equal(wanted.type, output and output.__type)
      assert.equal(wanted.message, output and output.message)
      assert.equal(effect, exists(email))
      assert.equal(effect and 400 or 200, sign_up(email).status)
      local fault = look(id)
      assert.same({ 2, 1, 0, "spent" }, { fault.matched, fault.fired, fault.hanging, fault.state })
    end)

    -- What Stripe itself failed with it says again.
    it(kind .. " breaks one call to Stripe, and the same key again has one effect", function()
      local email, key = client.address(), { ["Idempotency-Key"] = client.address() }
      arm { service = "stripe", operation = "POST /v1/customers", kind = kind }
      local ok, reply = pcall(stripe, "POST", "/v1/customers", { email = email }, key)
      if wanted.abort then
        assert.is_false(ok) -- there is no body to read
      else
        assert.equal(500, reply.status)
        assert.equal("api_error", reply.body.error.type)
      end
      assert.equal(effect and 1 or 0, customers(email))
      local again = stripe("POST", "/v1/customers", { email = email }, key)
      assert.equal(kind == "error_after" and 500 or 200, again.status)
      assert.equal(effect and "true" or nil, again.headers["Idempotent-Replayed"])
      assert.equal(1, customers(email))
    end)
  end

  it("fires from the nth call on, so often as it says, for the bodies that it names", function()
    local email, other = client.address(), client.address()
    local id = arm { service = "cognito", operation = "*", kind = "refuse", nth = 2, count = 2,
      match = { "nobody@", email } }
    sign_up(email)
    local seen = {}
    for i, address in ipairs { email, other, email, email } do seen[i] = get_user(address).status end
    assert.same({ 500, 400, 500, 200 }, seen)
    local fault = look(id)
    assert.same({ 4, 2 }, { fault.matched, fault.fired })
  end)

  it("sends the error that it is given", function()
    arm { service = "cognito", operation = "SignUp", kind = "refuse",
      error = { code = "TooManyRequestsException", status = 429, message = "Rate exceeded" } }
    local reply, output = sign_up(client.address())
    assert.same({ 429, "TooManyRequestsException", "Rate exceeded" },
      { reply.status, output.__type, output.message })

    arm { service = "stripe", operation = "create_customer", kind = "refuse",
      error = { code = "card_declined", status = 402, decline_code = "stolen_card", message = "No." } }
    local key = { ["Idempotency-Key"] = client.address() }
    for _ = 1, 2 do -- a definite refusal is kept under the key
      local answer = stripe("POST", "/v1/customers", {}, key)
      assert.same({ 402, "card_error", "card_declined", "stolen_card" },
        { answer.status, answer.body.error.type, answer.body.error.code, answer.body.error.decline_code })
    end
  end)

  -- status of the fault, what Stripe says of it without being told: type, code, a header and its value
  for _, case in ipairs {
    { 402, "card_error", "card_declined" }, { 409, "idempotency_error", "idempotency_key_in_use", "Stripe-Should-Retry",
      "true" },
    { 429, "invalid_request_error", "rate_limit", "Stripe-Rate-Limited-Reason", "global-rate" },
    { 403, "invalid_request_error" }, { 503, "api_error" },
  } do
    it("lets Stripe speak for itself: " .. case[1], function()
      arm { service = "stripe", operation = "create_customer", kind = "refuse", error = { status = case[1] } }
      local answer = stripe("POST", "/v1/customers", {})
      assert.same({ case[1], case[2], case[3], case[5] }, { answer.status, answer.body.error.type,
        answer.body.error.code, case[4] and answer.headers[case[4]] })
    end)
  end

  it("is not asked where an operation names another service's", function()
    arm { service = "dynamodb", operation = "SignUp", kind = "refuse" }
    assert.equal(200, sign_up(client.address()).status)
  end)

  describe("that hangs", function()
    -- Calls while something else can happen: fn(id) runs as soon as the call hangs.
    local function while_hanging(fields, call, fn)
      local id, result = arm(fields), nil
      task.all {
        function() result = table.pack(call()) end,
        function()
          assert.equal("hanging", look(id, { ["until"] = "hanging" }).state)
          fn(id)
        end,
      }
      return table.unpack(result)
    end

    local function leave(req)
      local left = false
      function req.half_closed() return left end
      return function() left = true end
    end

    for kind, effect in pairs { hang_before = false, hang = true } do
      it(kind .. " answers when it is released", function()
        local email = client.address()
        local reply = while_hanging({ service = "cognito", operation = "SignUp", kind = kind },
          function() return sign_up(email) end,
          function(id)
            assert.equal(effect, exists(email))
            ask("POST", "/faults/" .. id .. "/release")
          end)
        assert.equal(200, reply.status)
        assert.is_true(exists(email))
      end)

      it(kind .. " ends when everything is cleared", function()
        local email = client.address()
        local reply = while_hanging({ service = "cognito", operation = "SignUp", kind = kind },
          function() return sign_up(email) end, function() ask("DELETE", "/faults") end)
        assert.equal(200, reply.status)
        assert.same({}, (ask("GET", "/faults")))
      end)

      it(kind .. " ends without a word when the client goes", function()
        local email = client.address()
        local body = json.encode(client.named(email, { Password = client.password }))
        local req = client.request { listener = "cognito", headers = client.headers("cognito", "SignUp"),
          body = body }
        local go = leave(req)
        local reply = while_hanging({ service = "cognito", operation = "SignUp", kind = kind },
          function() return require "sandbox.init"(req) end, go)
        assert.same({ abort = true }, reply)
        assert.equal(effect, exists(email))
      end)
    end

    it("keeps Stripe's key in use", function()
      local key, email = { ["Idempotency-Key"] = client.address() }, client.address()
      local reply = while_hanging({ service = "stripe", operation = "create_customer", kind = "hang_before" },
        function() return stripe("POST", "/v1/customers", { email = email }, key) end,
        function(id)
          local second = stripe("POST", "/v1/customers", { email = email }, key)
          assert.same({ 409, "idempotency_key_in_use" }, { second.status, second.body.error.code })
          ask("POST", "/faults/" .. id .. "/release")
        end)
      assert.equal(200, reply.status)
      assert.equal(1, customers(email))
    end)

    it("is awaited no longer than was asked for", function()
      local id = arm { service = "cognito", kind = "hang" }
      local started = clock.monotonic()
      assert.equal("armed", look(id, { ["until"] = "hanging", within = "0.02" }).state)
      assert.is_true(clock.monotonic() - started >= 0.02)
    end)
  end)

  describe("is refused", function()
    local ROWS = {
      { { kind = "refuse" }, "service is one of cloudwatch, cognito, dynamodb, metadata, ses, slack, stripe, sts" },
      { { service = "stripe", kind = "burn" },
        "kind is one of error_after, hang, hang_before, lost_answer, refuse, reset_before" },
      { { service = "stripe", kind = "hang", nth = 0 }, "nth and count are whole numbers from 1" },
      { { service = "stripe", kind = "hang", count = 1.5 }, "nth and count are whole numbers from 1" },
      { { service = "stripe", kind = "hang", match = { "" } },
        "match is a text, or a list of texts of which one must be in the body" },
      { { service = "stripe", kind = "hang", error = "no" }, "error is an object" },
      { { service = "stripe", kind = "hang", operation = 1 }, "operation is a name or *" },
      { { "a" }, "the body is a JSON object" },
    }
    for _, row in ipairs(ROWS) do
      it("with: " .. row[2] .. " " .. json.encode(row[1]), function()
        local body, reply = ask("POST", "/faults", row[1])
        assert.same({ 400, row[2] }, { reply.status, body.message })
      end)
    end

    it("when there is none of that number", function()
      local _, reply = ask("GET", "/faults/999999")
      assert.equal(404, reply.status)
    end)
  end)
end)

describe("the journal", function()
  it("tells every call, oldest first", function()
    local before = #(ask("GET", "/calls")) > 0 and (ask("GET", "/calls", nil, { last = "1" }))[1].number or 0
    local email = client.address()
    arm { service = "cognito", operation = "AdminGetUser", kind = "refuse" }
    get_user(email)
    stripe("GET", "/v1/customers", { email = email })
    local list = ask("GET", "/calls", nil, { since = tostring(before) })
    assert.same({ "cognito", "AdminGetUser", "stripe", "list_customers" },
      { list[1].service, list[1].operation, list[2].service, list[2].operation })
    assert.is_number(list[1].fault)
    assert.is_nil(list[2].fault)
    assert.is_true(list[1].at <= list[2].at)
    ask("DELETE", "/faults")
  end)

  it("forgets what is old", function()
    for _ = 1, 1010 do stripe("GET", "/v1/customers", { limit = 1 }) end
    local list = ask("GET", "/calls")
    assert.equal(1000, #list)
    assert.equal(999, list[1000].number - list[1].number)
    assert.equal(3, #ask("GET", "/calls", nil, { last = "3" }))
  end)
end)
