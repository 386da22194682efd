-- SPDX-License-Identifier: MIT
-- bindings/stripe.lua over a scripted transport and a clock that only sleep and the transport move.
local breaker, form, json, stripe = require "breaker", require "form", require "json", require "stripe"
local fake_parts = require "tests.bindings.breaker_parts"

local KEY = { "stands for the secret" }

-- world{answers...}: each answer is {status=, body=, headers=} or {kind=, sent=}; took = seconds it lasts.
local function world(answers, overrides)
  local w = { now = 100.0, requests = {}, slept = {}, observed = {}, logged = {} }
  w.breaker_parts = fake_parts()
  w.client = stripe.new {
    config = { stripe = { url = "http://stripe.test/", key = KEY, version = "2026-10-28.endive",
      timeout = overrides and overrides.timeout or 30 } },
    clock = {
      monotonic = function() return w.now end,
      sleep = function(seconds)
        w.slept[#w.slept + 1] = seconds
        w.now = w.now + seconds + (overrides and overrides.late or 0)
      end,
    },
    http = {
      fetch = function(request)
        local copy = {}
        for name, value in pairs(request) do
          copy[name] = value
        end
        w.requests[#w.requests + 1] = copy
        local answer = assert(answers[#w.requests], "one exchange too many")
        w.now = w.now + (answer.took or 0.1)
        if answer.kind then
          return nil, { kind = answer.kind, message = answer.kind .. " happened", sent = answer.sent }
        end
        return { status = answer.status, headers = answer.headers or {}, body = answer.body or "{}" }
      end,
    },
    metrics = {
      observe = function(name, seconds, dims)
        w.observed[#w.observed + 1] = { name = name, seconds = seconds, dims = dims }
      end,
    },
    log = { warn = function(event, fields) w.logged[#w.logged + 1] = { event = event, fields = fields } end },
    random = overrides and overrides.random or function() return 1 end,
    breaker = breaker.new(w.breaker_parts),
  }
  return w
end

local OK = { status = 200, body = '{"id":"cus_1","object":"customer"}' }
local FAILED = { status = 500, body = '{"error":{"type":"api_error"}}' }

local function times(answer, n)
  local list = {}
  for i = 1, n do
    list[i] = answer
  end
  return list
end

local REQUESTS = {
  { "create_customer", { { email = "a@b.c", metadata = { sub = "u" } } }, "POST", "/v1/customers",
    "email=a%40b.c&metadata[sub]=u" },
  { "update_customer", { "cus_1", { name = "N" } }, "POST", "/v1/customers/cus_1", "name=N" },
  { "retrieve_customer", { "cus_1" }, "GET", "/v1/customers/cus_1" },
  { "retrieve_customer", { "cus_1", { expand = { "sources" } } }, "GET",
    "/v1/customers/cus_1?expand[0]=sources" },
  { "delete_customer", { "cus_1" }, "DELETE", "/v1/customers/cus_1" },
  { "list_customers", { { email = "a@b.c", limit = 3 } }, "GET", "/v1/customers?email=a%40b.c&limit=3" },
  { "search_customers", { "email:'a@b.c'" }, "GET", "/v1/customers/search?query=email%3A%27a%40b.c%27" },
  { "search_customers", { { query = "name~'abc'", limit = 1 } }, "GET",
    "/v1/customers/search?limit=1&query=name~%27abc%27" },
  { "list_customer_payment_methods", { "cus_1", { type = "card" } }, "GET",
    "/v1/customers/cus_1/payment_methods?type=card" },
  { "create_payment_method", { { type = "card", card = { token = "tok_visa" } } },
    "POST", "/v1/payment_methods", "card[token]=tok_visa&type=card" },
  { "retrieve_payment_method", { "pm_1" }, "GET", "/v1/payment_methods/pm_1" },
  { "attach_payment_method", { "pm_1", { customer = "cus_1" } }, "POST", "/v1/payment_methods/pm_1/attach",
    "customer=cus_1" },
  { "detach_payment_method", { "pm_1", { idempotency_key = "k" } }, "POST",
    "/v1/payment_methods/pm_1/detach", "" },
  { "create_setup_intent", { { customer = "cus_1", confirm = true } }, "POST", "/v1/setup_intents",
    "confirm=true&customer=cus_1" },
  { "confirm_setup_intent", { "seti_1" }, "POST", "/v1/setup_intents/seti_1/confirm", "" },
  { "retrieve_customer", { "../tokens?x#y" }, "GET", "/v1/customers/..%2Ftokens%3Fx%23y" },
}

describe("a request", function()
  for _, case in ipairs(REQUESTS) do
    local name, arguments, method, target, body = case[1], case[2], case[3], case[4], case[5]
    it(("%s sends %s %s"):format(name, method, target), function()
      local w = world { OK }
      assert.same({ id = "cus_1", object = "customer" }, w.client[name](table.unpack(arguments)))
      local sent = w.requests[1]
      assert.equal(method, sent.method)
      assert.equal("http://stripe.test" .. target, sent.url)
      assert.equal(body, sent.body)
      assert.is_true(sent.repeatable)
      assert.equal("2026-10-28.endive", sent.headers["stripe-version"])
    end)
  end

  it("hands the key over as it is, never as a string", function()
    local w = world { OK }
    w.client.retrieve_customer("cus_1")
    assert.same({ "Bearer ", KEY }, w.requests[1].headers.authorization)
    assert.equal(KEY, w.requests[1].headers.authorization[2])
  end)

  it("carries the caller's idempotency key", function()
    local w = world { OK }
    w.client.create_customer({ email = "a@b.c" }, { idempotency_key = "usher:dev:1:customer:1" })
    assert.equal("usher:dev:1:customer:1", w.requests[1].headers["idempotency-key"])
    assert.equal("application/x-www-form-urlencoded", w.requests[1].headers["content-type"])
  end)

  it("makes a key for a POST without one, and none for other methods", function()
    local w = world { OK, OK, OK }
    w.client.create_customer {}
    w.client.create_customer {}
    w.client.retrieve_customer("cus_1")
    local first, second = w.requests[1].headers["idempotency-key"], w.requests[2].headers["idempotency-key"]
    assert.truthy(first)
    assert.not_equal(first, second)
    assert.is_nil(w.requests[3].headers["idempotency-key"])
  end)

  for _, case in ipairs {
    { "an empty id", function(c) c.retrieve_customer("") end },
    { "a missing id", function(c) c.delete_customer() end },
    { "a dot segment", function(c) c.delete_customer("..") end },
    { "an empty key", function(c) c.create_customer({}, { idempotency_key = "" }) end },
    { "a long key", function(c) c.create_customer({}, { idempotency_key = ("k"):rep(256) }) end },
    { "a key among the params", function(c) c.create_customer { idempotency_key = "k" } end },
  } do
    it("raises on " .. case[1], function()
      local w = world {}
      assert.has_error(function() case[2](w.client) end)
      assert.equal(0, #w.requests)
    end)
  end
end)

-- {what, answer, tried again?}
local RETRIED = {
  { "500", { status = 500 }, true },
  { "502 with HTML", { status = 502, body = "<html>" }, true },
  { "409", { status = 409 }, true },
  { "400", { status = 400 }, false },
  { "401", { status = 401 }, false },
  { "402", { status = 402 }, false },
  { "429", { status = 429 }, true },
  { "429 that says no", { status = 429, headers = { ["stripe-should-retry"] = "false" } }, false },
  { "400 that says so", { status = 400, headers = { ["stripe-should-retry"] = "true" } }, true },
  { "500 that says not", { status = 500, headers = { ["stripe-should-retry"] = "false" } }, false },
  { "500 that is kept under the key", { status = 500, headers = { ["idempotent-replayed"] = "true" } }, false },
  { "409 that says not", { status = 409, headers = { ["stripe-should-retry"] = "false" } }, false },
  { "a timeout", { kind = "timeout", sent = true }, true },
  { "a reset", { kind = "reset", sent = true }, true },
  { "a refused connection", { kind = "connect" }, true },
  { "no such host", { kind = "dns" }, true },
  { "a bad certificate", { kind = "tls" }, false },
  { "a cancelled task", { kind = "canceled" }, false },
  { "an answer that is too large", { kind = "too_large", sent = true }, false },
}

describe("a failure", function()
  for _, case in ipairs(RETRIED) do
    it(("%s is %stried again"):format(case[1], case[3] and "" or "not "), function()
      local w = world(times(case[2], 3))
      local object, err = w.client.create_customer({ email = "a@b.c" }, { idempotency_key = "k" })
      assert.is_nil(object)
      assert.equal(case[3] and 3 or 1, #w.requests)
      assert.equal(case[3] and 3 or 1, err.attempts)
      assert.equal(case[3], err.retryable)
    end)
  end

  it("is tried again for GET and DELETE too", function()
    for _, name in ipairs { "retrieve_customer", "delete_customer" } do
      local w = world { FAILED, OK }
      assert.truthy(w.client[name]("cus_1"))
      assert.equal(2, #w.requests)
    end
  end)

  it("is repeated in the same bytes under the same key", function()
    local w = world { FAILED, { kind = "reset", sent = true }, OK }
    assert.truthy(w.client.create_customer { email = "a@b.c" })
    for i = 2, 3 do
      assert.equal(w.requests[1].body, w.requests[i].body)
      assert.equal(w.requests[1].headers["idempotency-key"], w.requests[i].headers["idempotency-key"])
    end
  end)

  for _, case in ipairs {
    { "at the top of the jitter", 1, { 0.5, 1, 2, 4, 5 } },
    { "at its bottom", 0, { 0.5, 0.5, 1, 2, 2.5 } },
    { "in its middle", 0.5, { 0.5, 0.75, 1.5, 3, 3.75 } },
  } do
    it("waits longer each time, " .. case[1], function()
      local w = world(times(FAILED, 6), { random = function() return case[2] end })
      w.client.create_customer({}, { retries = 5 })
      assert.same(case[3], w.slept)
    end)
  end

  it("is not tried again past the deadline, and each try gets what is left", function()
    local w = world({ { status = 500, took = 4 }, { status = 500, took = 5 } }, { timeout = 10 })
    local _, err = w.client.create_customer {}
    assert.equal(2, #w.requests)
    assert.equal(2, err.attempts)
    assert.equal(10, w.requests[1].timeout)
    assert.equal(5.5, w.requests[2].timeout)
    assert.same({ 0.5 }, w.slept)
  end)

  it("has no time, and not less, when it slept over the deadline", function()
    local w = world({ { status = 500 }, { kind = "timeout", took = 0 } }, { timeout = 10, late = 60 })
    local _, err = w.client.create_customer {}
    assert.same({ "timeout", 2, 0 }, { err.kind, err.attempts, w.requests[2].timeout })
  end)

  it("leaves a log line without the body, and one observation for each try", function()
    local w = world { { status = 500, body = '{"error":{"type":"api_error","message":"a@b.c"}}' }, OK }
    w.client.create_customer { email = "a@b.c" }
    assert.equal(1, #w.logged)
    assert.is_nil(json.encode(w.logged[1].fields):find("a@b.c", 1, true))
    assert.equal(2, #w.observed)
    assert.equal("usher_upstream_seconds", w.observed[1].name)
    assert.same({ service = "stripe", operation = "create_customer", status = "500" }, w.observed[1].dims)
    assert.equal("200", w.observed[2].dims.status)
  end)

  it("without an answer is observed by its kind", function()
    local w = world { { kind = "tls" } }
    w.client.create_customer {}
    assert.equal("tls", w.observed[1].dims.status)
  end)
end)

local ERRORS = {
  { "a declined card", { status = 402, headers = { ["request-id"] = "req_1" }, body = json.encode {
    error = { type = "card_error", code = "card_declined", decline_code = "insufficient_funds",
      message = "Your card has insufficient funds.", param = "" } } },
    { type = "card_error", code = "card_declined", decline_code = "insufficient_funds", status = 402,
      message = "Your card has insufficient funds.", param = "", request_id = "req_1", retryable = false,
      sent = true, attempts = 1 } },
  { "a missing customer", { status = 404, body = json.encode {
    error = { type = "invalid_request_error", code = "resource_missing", param = "id",
      message = "No such customer: 'cus_x'" } } },
    { type = "invalid_request_error", code = "resource_missing", message = "No such customer: 'cus_x'",
      param = "id", status = 404, sent = true, retryable = false, attempts = 1 } },
  { "an answer that is no JSON", { status = 404, body = "<html>" },
    { type = "api_error", status = 404, sent = true, retryable = false, attempts = 1,
      message = "Stripe answered 404 without saying why" } },
  { "nulls in the error", { status = 400, body = '{"error":{"type":"invalid_request_error","code":null}}' },
    { type = "invalid_request_error", status = 400, sent = true, retryable = false, attempts = 1,
      message = "Stripe answered 400 without saying why" } },
  { "a success that is no JSON", { status = 200, body = "ok" },
    { type = "api_error", status = 200, sent = true, retryable = false, attempts = 1,
      message = "Stripe's answer is not a JSON object" } },
  { "a connection that was refused", { kind = "tls" },
    { type = "connection_error", kind = "tls", message = "tls happened", sent = false, retryable = false,
      attempts = 1 } },
  { "a cancelled call that may have arrived", { kind = "canceled", sent = true },
    { type = "connection_error", kind = "canceled", message = "canceled happened", sent = true,
      retryable = false, attempts = 1 } },
}

describe("an error tells", function()
  for _, case in ipairs(ERRORS) do
    it(case[1], function()
      local w = world { case[2] }
      local object, err = w.client.create_customer {}
      assert.is_nil(object)
      assert.same(case[3], err)
    end)
  end
end)

describe("what is sent", function()
  it("is what the sandbox reads", function()
    local w = world { OK }
    local params = { email = "zoë@b.c", address = { country = "US" }, preferred_locales = { "en", "fr" } }
    w.client.create_customer(params)
    assert.same(params, form.decode(w.requests[1].body))
  end)
end)

local UNKNOWN_KEY = { status = 401, body = '{"error":{"type":"invalid_request_error","message":"Invalid API Key"}}' }
local NO_RIGHT = { status = 403, body = '{"error":{"type":"invalid_request_error"}}' }
local NOT_THERE = { status = 404, body = '{"error":{"type":"invalid_request_error","code":"resource_missing"}}' }

-- A call that the key may not make -> what is asked to see whether it may again.
local LOOKS = {
  { "create_customer", { {} }, "POST", "/v1/customers/cus_nobody" },
  { "update_customer", { "cus_1", {} }, "POST", "/v1/customers/cus_nobody" },
  { "delete_customer", { "cus_1" }, "POST", "/v1/customers/cus_nobody" },
  { "list_customers", { {} }, "GET", "/v1/customers?limit=1" },
  { "search_customers", { "email:'a@b.c'" }, "GET", "/v1/customers?limit=1" },
  { "create_payment_method", { {} }, "POST", "/v1/payment_methods/pm_nothing/attach" },
  { "attach_payment_method", { "pm_1", {} }, "POST", "/v1/payment_methods/pm_nothing/attach" },
  { "retrieve_payment_method", { "pm_1" }, "GET", "/v1/payment_methods/pm_nothing" },
  { "create_setup_intent", { {} }, "POST", "/v1/setup_intents/seti_nothing/confirm" },
  { "retrieve_setup_intent", { "seti_1" }, "GET", "/v1/setup_intents/seti_nothing" },
}

describe("a key that Stripe does not take", function()
  it("is told by one answer, without a retry, and then nothing is asked", function()
    local w = world { UNKNOWN_KEY }
    assert.is_true(w.client.is_taken())
    local _, err = w.client.create_customer {}
    assert.same({ 401, 1 }, { err.status, err.attempts })
    assert.is_false(w.client.is_taken())
    _, err = w.client.create_customer {}
    assert.same({ "breaker_open", false, false }, { err.type, err.sent, err.retryable })
    assert.equal(1, #w.requests)
  end)

  it("lets one call through in each pause", function()
    local w = world { UNKNOWN_KEY, UNKNOWN_KEY, OK, OK }
    w.client.create_customer {}
    w.breaker_parts.now = w.breaker_parts.now + 31
    assert.equal(401, select(2, w.client.create_customer {}).status)
    assert.equal("breaker_open", select(2, w.client.create_customer {}).type)
    w.breaker_parts.now = w.breaker_parts.now + 31
    assert.is_table(w.client.create_customer {})
    assert.is_true(w.client.is_taken())
    assert.is_table(w.client.create_customer {})
  end)

  for _, row in ipairs(LOOKS) do
    it("is looked at with what " .. row[1] .. " needs, without effect", function()
      local w = world { NO_RIGHT, NO_RIGHT, row[3] == "GET" and OK or NOT_THERE }
      w.client[row[1]](table.unpack(row[2]))
      w.client.look()
      assert.is_false(w.client.is_taken())
      assert.same({ row[3], "http://stripe.test" .. row[4] }, { w.requests[2].method, w.requests[2].url })
      w.client.look()
      assert.is_true(w.client.is_taken())
      w.client.look()
      assert.equal(3, #w.requests)
    end)
  end

  it("is not excused by a failure of Stripe's", function()
    local w = world { UNKNOWN_KEY, FAILED, { status = 429 }, { kind = "timeout" } }
    w.client.list_customers {}
    for _ = 1, 3 do w.client.look() end
    assert.is_false(w.client.is_taken())
  end)
end)
