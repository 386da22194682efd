-- SPDX-License-Identifier: MIT
-- The frame of the sandbox's Stripe: keys, routes, versions, media types, parameters, Idempotency-Key.
local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
local call = dofile(here .. "/call.lua")
local crypto, form = require "crypto", require "form"
local faults = require "sandbox.faults"
local settings, switches = require "sandbox.settings", require "sandbox.stripe.switches"

local NO_KEY = "You did not provide an API key. You need to provide your API key in the Authorization "
  .. "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
  .. "https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/."

local function unique(what)
  return what .. "-" .. crypto.uuid()
end

describe("a key", function()
  local KEYS = {
    { "Bearer", "Bearer " .. settings.stripe_key, 200 },
    { "bearer in lower case", "bearer " .. settings.stripe_key, 200 },
    { "the user of Basic", "Basic " .. crypto.base64(settings.stripe_key .. ":"), 200 },
    { "none", false, 401, NO_KEY },
    { "an empty Bearer", "Bearer ", 401, NO_KEY },
    { "another scheme", "Digest x", 401, NO_KEY },
    { "a wrong one", "Bearer sk_test_your_stripe_secret_key_here", 401,
      "Invalid API Key provided: sk_test_***********************here" },
    { "a live one", "Bearer sk_live_abcdef1234", 401, "Invalid API Key provided: sk_live_******1234" },
    { "a short one", "Bearer secret", 401, "Invalid API Key provided: ******" },
  }
  for _, case in ipairs(KEYS) do
    it(("%s answers %d"):format(case[1], case[3]), function()
      local reply = call("GET", "/v1/customers", {}, { Authorization = case[2] })
      assert.equal(case[3], reply.status)
      if case[4] then
        assert.same({ error = { type = "invalid_request_error", message = case[4] } }, reply.body)
        assert.equal('Bearer realm="Stripe"', reply.headers["WWW-Authenticate"])
      end
    end)
  end

  it("without the permission answers 403", function()
    switches.restricted.create_customer = true
    local reply = call("POST", "/v1/customers", {})
    switches.restricted.create_customer = nil
    assert.equal(403, reply.status)
    assert.equal("invalid_request_error", reply.body.error.type)
  end)
end)

describe("a page's key", function()
  local PAGE = { Authorization = "Bearer pk_test_anyone" }
  local CARD = { number = "4242424242424242", exp_month = 1, exp_year = os.date("!*t").year + 1 }

  it("makes tokens and payment methods, in a header or as a parameter", function()
    assert.equal(200, call("POST", "/v1/tokens", { card = CARD }, PAGE).status)
    assert.equal(200, call("POST", "/v1/payment_methods", { type = "card", card = CARD }, PAGE).status)
    local params = { card = CARD, key = "pk_test_anyone" }
    assert.equal(200, call("POST", "/v1/tokens", params, { Authorization = false }).status)
  end)

  it("does nothing else", function()
    for _, case in ipairs { { "POST", "/v1/customers" }, { "GET", "/v1/customers" }, { "GET", "/v1/events" } } do
      local reply = call(case[1], case[2], {}, PAGE)
      assert.same({ 401, "secret_key_required" }, { reply.status, reply.body.error.code })
    end
    local secret = { key = settings.stripe_key }
    assert.equal(401, call("POST", "/v1/tokens", secret, { Authorization = false }).status)
    assert.equal(401, call("POST", "/v1/tokens", {}, { Authorization = "Bearer pk_live_1" }).status)
  end)

  it("sees a setup intent with its secret only", function()
    local made = call("POST", "/v1/setup_intents", { payment_method_types = { "card" } }).body
    local path = "/v1/setup_intents/" .. made.id
    assert.equal("client_secret", call("GET", path, {}, PAGE).body.error.param)
    assert.equal("setup_intent_invalid_parameter",
      call("GET", path, { client_secret = made.id .. "_secret_x" }, PAGE).body.error.code)
    local params = { client_secret = made.client_secret }
    assert.equal(made.id, call("GET", path, params, PAGE).body.id)
    params.payment_method = "pm_card_visa"
    assert.equal("succeeded", call("POST", path .. "/confirm", params, PAGE).body.status)
  end)
end)

describe("the account", function()
  it("is there, and has no money", function()
    assert.equal("account", call("GET", "/v1/account").body.object)
    assert.equal(0, call("GET", "/v1/balance").body.available[1].amount)
  end)
end)

describe("an answer", function()
  it("has Stripe's headers", function()
    local reply = call("POST", "/v1/customers", {}, { ["Idempotency-Key"] = unique "h" })
    assert.truthy(reply.headers["Request-Id"]:find("^req_%w+$"))
    assert.equal(18, #reply.headers["Request-Id"])
    assert.equal("application/json", reply.headers["Content-Type"])
    assert.equal("2026-10-28.endive", reply.headers["Stripe-Version"])
    assert.is_nil(reply.headers["Idempotent-Replayed"])
  end)

  it("may be read by pages", function()
    local reply = call("GET", "/v1/customers", {}, { Origin = "https://shop.example" })
    assert.equal("*", reply.headers["Access-Control-Allow-Origin"])
    assert.truthy(reply.headers["Access-Control-Expose-Headers"]:find("Request-Id", 1, true))
    local asked = { Origin = "https://shop.example", ["Access-Control-Request-Headers"] = "authorization" }
    local preflight = call("OPTIONS", "/v1/tokens", {}, asked)
    assert.same({ 200, "authorization" }, { preflight.status, preflight.headers["Access-Control-Allow-Headers"] })
    assert.truthy(preflight.headers["Access-Control-Allow-Methods"]:find("POST", 1, true))
  end)

  -- What was asked, what the body looks like
  local BODIES = {
    { "POST", "/v1/customers", { name = "Zoë" },
      '^{\n  "id": "cus_%w+",\n  "object": "customer",\n  "address": null,\n' },
    { "POST", "/v1/customers", { name = "Zoë" }, '\n  "metadata": {},\n  "name": "Zoë",\n' },
    { "POST", "/v1/customers", { preferred_locales = { "en" } }, '\n  "preferred_locales": %[\n    "en"\n  %],\n' },
    { "GET", "/v1/customers", { email = "nobody@b.c" },
      '^{\n  "object": "list",\n  "data": %[%],\n  "has_more": false,\n  "url": "/v1/customers"\n}\n$' },
    { "GET", "/v1/customers/cus_x", {}, '^{\n  "error": {\n    "code": "resource_missing",\n    "doc_url": ' },
    { "POST", "/v1/setup_intents", {}, '^{\n  "id": "seti_%w+",\n  "object": "setup_intent",\n' },
  }
  for i, case in ipairs(BODIES) do
    it(("is laid out as Stripe's: %d, %s %s"):format(i, case[1], case[2]), function()
      assert.truthy(call(case[1], case[2], case[3]).text:find(case[4]))
    end)
  end

  local VERSIONS = { ["2026-10-28.endive"] = 200, ["2022-11-15"] = 200,
    ["2020-08-27; checkout_beta=v1;x_beta=v2"] = 200, ["2026-10-28.preview"] = 200, latest = 400, ["2022"] = 400 }
  for version, status in pairs(VERSIONS) do
    it(("to version %s is %d"):format(version, status), function()
      local reply = call("GET", "/v1/customers", {}, { ["Stripe-Version"] = version })
      assert.equal(status, reply.status)
      if status == 200 then
        assert.equal(version, reply.headers["Stripe-Version"])
      else
        assert.equal("Invalid Stripe API version: " .. version, reply.body.error.message)
      end
    end)
  end

  it("shows a customer's lists to old versions unasked", function()
    local old = call("POST", "/v1/customers", {}, { ["Stripe-Version"] = "2020-03-02" }).body
    assert.equal("list", old.sources.object)
    assert.equal("list", old.subscriptions.object)
    assert.is_nil(call("POST", "/v1/customers", {}, { ["Stripe-Version"] = "2020-08-27" }).body.sources)
  end)
end)

describe("a URL", function()
  local PLEASE = "Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
  local SLASH = "If you are trying to list objects, remove the trailing slash. If you are trying to retrieve "
    .. "an object, make sure you passed a valid (non-empty) identifier in your code. "
  local UNKNOWN = {
    { "GET", "/v1/foo", "Unrecognized request URL (GET: /v1/foo). " .. PLEASE },
    { "GET", "/", "Unrecognized request URL (GET: /). " .. SLASH .. PLEASE },
    { "GET", "/v1/customers/", "Unrecognized request URL (GET: /v1/customers/). " .. SLASH .. PLEASE },
    { "POST", "/v1/customers//sources",
      "Unrecognized request URL (POST: /v1/customers//sources). " .. PLEASE },
    { "PUT", "/v1/customers", "Unrecognized request URL (PUT: /v1/customers). " .. PLEASE },
    { "DELETE", "/v1/customers", "Unrecognized request URL (DELETE: /v1/customers). " .. PLEASE },
    { "GET", "/v1/foo?a=b", "Unrecognized request URL (GET: /v1/foo). " .. PLEASE },
  }
  for _, case in ipairs(UNKNOWN) do
    it(("%s %s is not known"):format(case[1], case[2]), function()
      local reply = call(case[1], case[2])
      assert.equal(404, reply.status)
      assert.equal("invalid_request_error", reply.body.error.type)
      assert.equal(case[3], reply.body.error.message)
    end)
  end
end)

local function keys(count)
  local all = {}
  for i = 1, count do all["key" .. i] = "v" end
  return all
end

-- {what, method, target, params, param, code, message}
local REFUSED = {
  { "an unknown parameter", "POST", "/v1/customers", { foo = "x" }, "foo", "parameter_unknown",
    "Received unknown parameter: foo" },
  { "two unknown ones", "POST", "/v1/customers", { foo = "x", bar = "y" }, "bar", "parameter_unknown",
    "Received unknown parameters: bar, foo" },
  { "an unknown member", "POST", "/v1/customers", { address = { planet = "x" } }, "address[planet]",
    "parameter_unknown", "Received unknown parameter: address[planet]" },
  { "an unknown filter", "GET", "/v1/customers", { name = "x" }, "name", "parameter_unknown",
    "Received unknown parameter: name" },
  { "a missing one", "GET", "/v1/customers/search", {}, "query", "parameter_missing",
    "Missing required param: query." },
  { "an integer that is none", "POST", "/v1/customers", { balance = "abc" }, "balance",
    "parameter_invalid_integer", "Invalid integer: abc" },
  { "limit 0", "GET", "/v1/customers", { limit = 0 }, "limit", "parameter_invalid_integer",
    "This value must be greater than or equal to 1." },
  { "limit 101", "GET", "/v1/customers", { limit = 101 }, "limit", "parameter_invalid_integer",
    "This value must be less than or equal to 100 (it currently is '101')." },
  { "a boolean that is none", "POST", "/v1/setup_intents", { confirm = "yes" }, "confirm", nil,
    "Invalid boolean: yes" },
  { "a choice that is none", "POST", "/v1/customers", { tax_exempt = "always" }, "tax_exempt", nil,
    "Invalid tax_exempt: must be one of exempt, none, or reverse" },
  { "a text for an object", "POST", "/v1/customers", { address = "home" }, "address", nil, "Invalid object" },
  { "a text for a list", "POST", "/v1/customers", { preferred_locales = "en" }, "preferred_locales", nil,
    "Invalid array" },
  { "an object for a text", "POST", "/v1/customers", { name = { a = "b" } }, "name", nil,
    'Invalid string: {"a":"b"}' },
  { "an address that is none", "POST", "/v1/customers", { email = "nobody" }, "email", "email_invalid",
    "Invalid email address: nobody" },
  { "an empty text that unsets nothing", "POST", "/v1/customers/cus_1", { default_source = "" },
    "default_source", "parameter_invalid_empty",
    "You passed an empty string for 'default_source'. We assume empty values are an attempt to unset a "
    .. "parameter; however 'default_source' cannot be unset. You should remove 'default_source' from your "
    .. "request or supply a non-empty value." },
  { "a long text", "POST", "/v1/customers", { email = ("a"):rep(512) .. "@b.c" }, "email", nil,
    "Invalid string: aaaaaaaaaa...aaaaaa@b.c; must be at most 512 characters" },
  { "a customer's long name", "POST", "/v1/customers", { name = ("é"):rep(256) .. "x" }, "name", nil,
    "Invalid string: éééééééééé...éééééééééx; must be at most 256 characters" },
  { "a long phone", "POST", "/v1/customers", { phone = "+1 555-555-5555 x 42424" }, "phone", nil,
    "Invalid string: +1 555-555...55 x 42424; must be at most 20 characters" },
  { "a long text elsewhere", "POST", "/v1/customers", { description = ("d"):rep(5001) }, "description", nil,
    "Invalid string: dddddddddd...dddddddddd; must be at most 5000 characters" },
  { "an invoice field's long name", "POST", "/v1/customers",
    { invoice_settings = { custom_fields = { { name = ("n"):rep(41), value = "v" } } } },
    "invoice_settings[custom_fields][0][name]", nil,
    "Invalid string: nnnnnnnnnn...nnnnnnnnnn; must be at most 40 characters" },
  { "51 keys of metadata", "POST", "/v1/customers", { metadata = keys(51) }, "metadata", nil,
    "You can only set up to 50 metadata keys per object" },
  { "a misspelt one", "POST", "/v1/customers", { emial = "a@b.c" }, "emial", "parameter_unknown",
    "Received unknown parameter: emial. Did you mean email?" },
  { "a misspelt member", "POST", "/v1/customers", { invoice_settings = { footr = "x" } },
    "invoice_settings[footr]", "parameter_unknown",
    "Received unknown parameter: invoice_settings[footr]. Did you mean invoice_settings[footer]?" },
  { "shipping to nobody", "POST", "/v1/customers", { shipping = { address = { line1 = "1" } } }, "shipping[name]",
    "parameter_missing", "Missing required param: shipping[name]." },
  { "a metadata value over 500", "POST", "/v1/customers", { metadata = { k = ("é"):rep(501) } }, "metadata",
    nil, "Metadata values can have up to 500 characters, but you passed in a value that is 501 characters. "
    .. "Invalid value: " .. ("é"):rep(501) },
  { "a metadata key over 40", "POST", "/v1/customers", { metadata = { [("k"):rep(41)] = "v" } }, "metadata",
    nil,
    "Metadata keys can have up to 40 characters, but you passed in a key that is 41 characters. Invalid key: "
    .. ("k"):rep(41) },
  { "metadata that is a text", "POST", "/v1/customers", { metadata = "x" }, "metadata", nil,
    "Invalid object" },
}

describe("refused before it begins:", function()
  for _, case in ipairs(REFUSED) do
    it(case[1], function()
      local reply = call(case[2], case[3], case[4])
      local problem = reply.body.error
      assert.equal(400, reply.status)
      assert.equal("invalid_request_error", problem.type)
      assert.equal(case[5], problem.param)
      assert.equal(case[6], problem.code)
      assert.equal(case[7], problem.message)
      assert.equal(case[6] and "https://stripe.com/docs/error-codes/" .. case[6]:gsub("_", "-"),
        problem.doc_url)
      assert.equal("https://dashboard.stripe.com/test/logs/" .. reply.headers["Request-Id"],
        problem.request_log_url)
    end)
  end

  it("a body that is no form", function()
    local reply = call("POST", "/v1/customers", '{"email":"a@b.c"}',
      { ["Content-Type"] = "application/json" })
    assert.equal(400, reply.status)
    assert.truthy(reply.body.error.message:find("check that your POST content type", 1, true))
  end)

  for _, text in ipairs { "email=%ff", "a=1&a[b]=2", "a[b][c][d][e][f][g][h][i]=1" } do
    it("the form " .. text, function()
      assert.equal(400, call("POST", "/v1/customers", text).status)
    end)
  end
end)

describe("Idempotency-Key", function()
  local function create(key, params)
    return call("POST", "/v1/customers", params or { email = "a@b.c" }, { ["Idempotency-Key"] = key })
  end

  it("replays the first answer", function()
    local key = unique "k"
    local first, second = create(key), create(key)
    assert.equal(first.text, second.text)
    assert.equal("true", second.headers["Idempotent-Replayed"])
    assert.equal(first.headers["Request-Id"], second.headers["Original-Request"])
    assert.equal(key, first.headers["Idempotency-Key"])
    assert.not_equal(first.headers["Request-Id"], second.headers["Request-Id"])
  end)

  it("does not care for the order of the parameters", function()
    local key = unique "k"
    local first, second = create(key, "email=a%40b.c&name=x+y"), create(key, "name=x%20y&email=a@b.c")
    assert.equal(first.body.id, second.body.id)
  end)

  it("refuses other parameters", function()
    local key = unique "k"
    create(key)
    local reply = create(key, { email = "other@b.c" })
    assert.equal(400, reply.status)
    assert.equal("idempotency_error", reply.body.error.type)
    assert.equal(("Keys for idempotent requests can only be used with the same parameters they were first "
      .. "used with. Try using a key other than '%s' if you meant to execute a different "
        .. "request."):format(key),
      reply.body.error.message)
  end)

  it("refuses another path", function()
    local key = unique "k"
    create(key)
    local reply = call("POST", "/v1/setup_intents", {}, { ["Idempotency-Key"] = key })
    assert.equal(400, reply.status)
    assert.equal("idempotency_error", reply.body.error.type)
  end)

  it("keeps a 402 of an operation that began", function()
    local key, params = unique "k", { source = "tok_chargeDeclined" }
    local first, second = create(key, params), create(key, params)
    assert.equal(402, first.status)
    assert.equal(402, second.status)
    assert.equal(first.text, second.text)
    assert.equal("true", second.headers["Idempotent-Replayed"])
  end)

  it("keeps its own failure once an operation has run, and none from before", function()
    for kind, kept in pairs { error_after = true, refuse = false } do
      local key, email = unique "k", unique "jane" .. "@example.com"
      faults.arm { service = "stripe", operation = "create_customer", kind = kind, match = form.escape(email) }
      local params = { email = email }
      local first, second = create(key, params), create(key, params)
      assert.equal(500, first.status)
      assert.equal(kept and 500 or 200, second.status)
      assert.equal(kept and "true" or nil, second.headers["Idempotent-Replayed"])
      assert.equal(1, #call("GET", "/v1/customers", params).body.data)
    end
    faults.clear()
  end)

  it("keeps no refusal from before it began", function()
    local key = unique "k"
    assert.equal(400, create(key, { foo = "x" }).status)
    local second = create(key)
    assert.equal(200, second.status)
    assert.is_nil(second.headers["Idempotent-Replayed"])
  end)

  it("keeps no 401", function()
    local key = unique "k"
    local headers = { ["Idempotency-Key"] = key, Authorization = "Bearer sk_x" }
    assert.equal(401, call("POST", "/v1/customers", {}, headers).status)
    headers.Authorization = nil
    assert.is_nil(call("POST", "/v1/customers", {}, headers).headers["Idempotent-Replayed"])
  end)

  it("over 255 characters is refused", function()
    assert.equal(200, create(unique(("k"):rep(200))).status)
    assert.equal(400, create(("k"):rep(256)).status)
  end)

  it("means nothing to a GET", function()
    local headers = { ["Idempotency-Key"] = unique "k" }
    call("GET", "/v1/customers", {}, headers)
    assert.is_nil(call("GET", "/v1/customers", {}, headers).headers["Idempotent-Replayed"])
  end)

  it("in use by a request that still runs answers 409", function()
    local around, key = switches.around, unique "k"
    switches.around = function(_, _, run)
      coroutine.yield()
      return run()
    end
    local running = coroutine.create(function() return create(key) end)
    assert(coroutine.resume(running))
    switches.around = around
    local refused = create(key)
    local _, first = assert(coroutine.resume(running))
    assert.equal(409, refused.status)
    assert.equal("idempotency_error", refused.body.error.type)
    assert.equal("idempotency_key_in_use", refused.body.error.code)
    assert.equal("true", refused.headers["Stripe-Should-Retry"])
    assert.equal(first.text, create(key).text)
  end)
end)

describe("a fault of our own", function()
  it("answers 500 and undoes what was written", function()
    local around = switches.around
    local before = #call("GET", "/v1/customers", { limit = 100 }).body.data
    switches.around = function(_, ctx, run)
      ctx.path, ctx.params = nil, nil
      return run()
    end
    local reply = call("POST", "/v1/customers", {})
    switches.around = around
    assert.equal(500, reply.status)
    assert.equal("api_error", reply.body.error.type)
    assert.equal(before, #call("GET", "/v1/customers", { limit = 100 }).body.data)
  end)
end)
