-- SPDX-License-Identifier: MIT
-- bindings: the Stripe client that flows call. Form bodies out, JSON back, over http.fetch; calls yield.
-- Each gives the object, or nil and err {type, code, decline_code, message, param, status, sent, request_id,
-- retryable, attempts, key_spent}. type "connection_error" means that no answer came: kind (as of http.fetch) says why,
-- sent whether Stripe may have acted; "breaker_open": Stripe does not take our key (breaker.lua), nothing was sent.
-- key_spent: Stripe keeps a failure of its own under this Idempotency-Key, and only says it again.
-- opts = {idempotency_key=, timeout= seconds for all tries, retries=}.
-- The secret key goes to C inside a list and never becomes a Lua string. Bodies are never logged.
local breaker, crypto, form, json = require "breaker", require "crypto", require "form", require "json"

local RETRIES = 2
local TIMEOUT = 80
local MAX_RESPONSE = 1024 * 1024
local FIRST_DELAY, MAX_DELAY = 0.5, 5
-- Failures of the connection that another try may cure; a refused certificate or a cancelled task is none.
local CURABLE = { dns = true, connect = true, timeout = true, reset = true, protocol = true }

-- Whom a look must not change: there is no such customer, and no such card.
local NOBODY, NOTHING = "cus_nobody", "pm_nothing"

-- What Stripe may permit a key -> a call that needs just this and has no effect.
local LOOKS = {
  key = function(client, opts) return client.list_customers({ limit = 1 }, opts) end,
  customers_read = function(client, opts) return client.list_customers({ limit = 1 }, opts) end,
  customers_write = function(client, opts) return client.update_customer(NOBODY, {}, opts) end,
  payment_methods_read = function(client, opts) return client.retrieve_payment_method(NOTHING, {}, opts) end,
  payment_methods_write = function(client, opts)
    return client.attach_payment_method(NOTHING, { customer = NOBODY }, opts)
  end,
  setup_intents_read = function(client, opts) return client.retrieve_setup_intent("seti_nothing", {}, opts) end,
  setup_intents_write = function(client, opts) return client.confirm_setup_intent("seti_nothing", {}, opts) end,
}

-- name = {method, path, bare}: {id} is the function's first argument, then come params and opts;
-- a bare operation has no params: f(id, opts).
local OPERATIONS = {
  create_customer = { "POST", "/v1/customers" },
  retrieve_customer = { "GET", "/v1/customers/{id}" },
  update_customer = { "POST", "/v1/customers/{id}" },
  delete_customer = { "DELETE", "/v1/customers/{id}", "bare" },
  list_customers = { "GET", "/v1/customers" },
  list_customer_payment_methods = { "GET", "/v1/customers/{id}/payment_methods" },
  create_payment_method = { "POST", "/v1/payment_methods" },
  retrieve_payment_method = { "GET", "/v1/payment_methods/{id}" },
  update_payment_method = { "POST", "/v1/payment_methods/{id}" },
  list_payment_methods = { "GET", "/v1/payment_methods" },
  attach_payment_method = { "POST", "/v1/payment_methods/{id}/attach" },
  detach_payment_method = { "POST", "/v1/payment_methods/{id}/detach", "bare" },
  create_setup_intent = { "POST", "/v1/setup_intents" },
  retrieve_setup_intent = { "GET", "/v1/setup_intents/{id}" },
  confirm_setup_intent = { "POST", "/v1/setup_intents/{id}/confirm" },
  cancel_setup_intent = { "POST", "/v1/setup_intents/{id}/cancel" },
}

local function request_of(stripe, method, path, params, opts)
  local encoded = form.encode(params)
  local request = {
    method = method,
    url = stripe.url:gsub("/+$", "") .. path,
    headers = {
      accept = "application/json",
      authorization = { "Bearer ", stripe.key },
      ["stripe-version"] = stripe.version,
    },
    max_response = MAX_RESPONSE,
    repeatable = true, -- a POST carries its key, and GET and DELETE are idempotent
  }
  if method == "POST" then
    request.body = encoded
    request.headers["content-type"] = "application/x-www-form-urlencoded"
    request.headers["idempotency-key"] = opts.idempotency_key or "usher-" .. crypto.uuid()
  elseif encoded ~= "" then
    request.url = request.url .. "?" .. encoded
  end
  return request
end

-- No answer came.
local function connection_error(failure)
  return {
    type = "connection_error",
    kind = failure.kind,
    message = failure.message,
    sent = failure.sent and true or false,
    retryable = CURABLE[failure.kind] or false,
  }
end

-- Stripe has kept a failure of its own under this Idempotency-Key, and will say the same again.
local function is_kept_failure(reply)
  return reply.status >= 500 and reply.headers["idempotent-replayed"] == "true"
end

-- Stripe's own word goes first. Else 409, 429 and 5xx are worth another try, after a pause.
local function worth_retrying(reply)
  if is_kept_failure(reply) then return false end
  local word = reply.headers["stripe-should-retry"]
  if word == "true" or word == "false" then
    return word == "true"
  end
  return reply.status == 409 or reply.status == 429 or reply.status >= 500
end

local function text_or_nil(value)
  return type(value) == "string" and value or nil
end

local function status_error(reply, decoded)
  local said = type(decoded) == "table" and type(decoded.error) == "table" and decoded.error or {}
  return {
    type = text_or_nil(said.type) or "api_error",
    code = text_or_nil(said.code),
    decline_code = text_or_nil(said.decline_code),
    message = text_or_nil(said.message) or ("Stripe answered %d without saying why"):format(reply.status),
    param = text_or_nil(said.param),
    status = reply.status,
    sent = true,
    request_id = reply.headers["request-id"],
    retryable = worth_retrying(reply),
    key_spent = is_kept_failure(reply) or nil,
  }
end

-- One exchange read: the object, or nil and the error.
local function outcome_of(reply, failure)
  if not reply then
    return nil, connection_error(failure)
  end
  local decoded = json.decode(reply.body or "")
  if reply.status < 200 or reply.status > 299 then
    return nil, status_error(reply, decoded)
  end
  if type(decoded) ~= "table" or decoded == json.null then
    local err = status_error(reply, nil)
    err.message, err.retryable = "Stripe's answer is not a JSON object", false
    return nil, err
  end
  return decoded
end

-- The pause before try n + 1.
local function delay_after(n, random)
  local step = math.min(FIRST_DELAY * 2 ^ (n - 1), MAX_DELAY)
  return math.max(FIRST_DELAY, step * (0.5 + 0.5 * random()))
end

local function checked_id(operation, id)
  if type(id) ~= "string" or id == "" or id == "." or id == ".." then
    error(("stripe.%s: an id is wanted"):format(operation), 0)
  end
  return form.escape(id)
end

local function checked_opts(operation, params, opts)
  local key = opts.idempotency_key
  if key ~= nil and (type(key) ~= "string" or key == "" or #key > 255) then
    error(("stripe.%s: an idempotency key has 1 to 255 bytes"):format(operation), 0)
  end
  if params.idempotency_key ~= nil then
    error(("stripe.%s: the idempotency key belongs in opts"):format(operation), 0)
  end
end

local function exchange(parts, operation, request, deadline)
  local started = parts.clock.monotonic()
  request.timeout = math.max(0, deadline - started) -- a sleep may last longer than it should
  local reply, failure = parts.http.fetch(request)
  local object, err = outcome_of(reply, failure)
  parts.metrics.observe("usher_upstream_seconds", parts.clock.monotonic() - started, {
    service = "stripe", operation = operation, status = reply and tostring(reply.status) or failure.kind,
  })
  return object, err
end

-- What the key must permit: "payment_methods_write".
local function right_of(method, path)
  return path:match("^/v1/([%l_]+)") .. (method == "GET" and "_read" or "_write")
end

-- Statuses that say: the key is good. Of the others one cannot know.
local LET_IN = { [400] = true, [402] = true, [404] = true, [409] = true }

local function tell_breaker(parts, right, object, err)
  if object or LET_IN[err.status] then
    parts.breaker:accepted(right)
  elseif err.status == 401 or err.status == 403 then
    parts.breaker:refused(right, err)
  end
end

-- While Stripe does not take our key, only a look goes there, and one call in each pause.
local function is_held_back(parts, opts)
  return not opts.look and parts.breaker:is_open() and not parts.breaker:may_try()
end

local function attempts(parts, operation, right, request, opts)
  local clock = parts.clock
  if is_held_back(parts, opts) then
    return nil, { type = "breaker_open", message = "Stripe does not take our key", retryable = false, sent = false,
      attempts = 0 }
  end
  local deadline = clock.monotonic() + (opts.timeout or parts.config.stripe.timeout or TIMEOUT)
  local tries = (opts.retries or RETRIES) + 1
  for n = 1, tries do
    local object, err = exchange(parts, operation, request, deadline)
    tell_breaker(parts, right, object, err)
    if object then
      return object
    end
    err.attempts = n
    local delay = delay_after(n, parts.random)
    if not err.retryable or n == tries or clock.monotonic() + delay >= deadline then
      return nil, err
    end
    parts.log.warn("stripe_retry", {
      operation = operation, attempt = n, status = err.status, kind = err.kind, error_code = err.code,
      stripe_request_id = err.request_id,
    })
    clock.sleep(delay)
  end
end

local function call(parts, operation, method, path, params, opts)
  params, opts = params or {}, opts or {}
  checked_opts(operation, params, opts)
  local request = request_of(parts.config.stripe, method, path, params, opts)
  return attempts(parts, operation, right_of(method, path), request, opts)
end

local function function_of(parts, name, row)
  local method, path, bare = row[1], row[2], row[3]
  if not path:find("{id}", 1, true) then
    return function(params, opts)
      return call(parts, name, method, path, params, opts)
    end
  end
  local function path_of(id)
    return (path:gsub("{id}", { ["{id}"] = checked_id(name, id) }))
  end
  if bare then
    return function(id, opts)
      return call(parts, name, method, path_of(id), nil, opts)
    end
  end
  return function(id, params, opts)
    return call(parts, name, method, path_of(id), params, opts)
  end
end

-- A client over the given parts: config, http, clock, metrics, log, random. Scripts use the module itself.
local function new(parts)
  local client = {}
  for name, row in pairs(OPERATIONS) do
    client[name] = function_of(parts, name, row)
  end

  -- A query string, or {query=, limit=, page=}. The index lags about a minute: never read one's own write.
  function client.search_customers(query, opts)
    local params = type(query) == "table" and query or { query = query }
    return call(parts, "search_customers", "GET", "/v1/customers/search", params, opts)
  end

  -- Does Stripe take our key, as far as we know?
  function client.is_taken()
    return not parts.breaker:is_open()
  end

  -- Looks whether it does so again. A job; yields.
  function client.look()
    for _, refusal in ipairs(parts.breaker:refusals()) do
      LOOKS[refusal](client, { look = true, retries = 0 })
    end
  end

  return client
end

local config, log, metrics = require "config", require "log", require "metrics"

metrics.describe("STRIPE_BREAKER_OPEN", "1 while Stripe does not take our key: sign-ups are refused meanwhile.")

local client = new {
  config = config,
  http = require "http",
  clock = require "clock",
  metrics = metrics,
  log = log,
  random = math.random,
  breaker = breaker.new {
    service = "stripe", look_at = "stripe.key", metric = "STRIPE_BREAKER_OPEN",
    pause = function() return config.stripe.pause end,
    marks = require "marks", limiter = require "limiter", log = log, metrics = metrics,
  },
}
client.new = new
return client
