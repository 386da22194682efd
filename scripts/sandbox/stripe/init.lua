-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: the frame round every operation: who asks, which route, which parameters, the
-- Idempotency-Key, the transaction, and the bytes of the answer. Called by the sandbox's door with a
-- request of listener "stripe". ctx = {params=, path=, now=, request_id=, version=, idempotency_key=,
-- remote=, req=, sent_path=, public= is it a page that asks?, made= events to send}: what an operation is given.
local form, log, time = require "form", require "log", require "sandbox.time"
local auth, errors, expand = require "sandbox.stripe.auth", require "sandbox.stripe.errors",
  require "sandbox.stripe.expand"
local idempotency, ids = require "sandbox.stripe.idempotency", require "sandbox.stripe.ids"
local params, routes = require "sandbox.stripe.params", require "sandbox.stripe.routes"
local faults, store = require "sandbox.faults", require "sandbox.store"
local switches, text_of = require "sandbox.stripe.switches", require "sandbox.stripe.text"
local webhooks = require "sandbox.stripe.webhooks"

local DEFAULT_VERSION = "2026-10-28.endive"
-- Before this version a customer showed these lists without being asked.
local LISTS_UNTIL = "2020-08-27"

local function version_of(req)
  local version = req:header "stripe-version" or DEFAULT_VERSION
  local dated = version:match "^[^;]*" -- names of previews may follow: "; x_beta=v1"
  if not (dated .. "."):find("^%d%d%d%d%-%d%d%-%d%d%.[%a]*%.?$") then
    errors.early("Invalid Stripe API version: " .. version)
  end
  return version
end

local function check_media_type(req)
  local media_type = (req:header "content-type" or ""):lower()
  if req.method == "POST" and req.body ~= "" and media_type ~= ""
      and not media_type:find("application/x-www-form-urlencoded", 1, true) then
    errors.early("Invalid request (check that your POST content type is application/x-www-form-urlencoded). "
      .. "If you have any questions, we can help at https://support.stripe.com/.")
  end
end

-- Query and body together, as sent.
local function raw_params(req, query)
  check_media_type(req)
  local text = query
  if req.body and req.body ~= "" then
    text = text == "" and req.body or text .. "&" .. req.body
  end
  local raw, message, name = form.decode(text)
  if not raw then
    errors.early(("Invalid request: %s"):format(message), name)
  end
  return raw
end

-- Runs fn in one transaction; a refusal with `keep` is raised after it is committed, and events are sent then.
local function in_transaction(ctx, fn)
  local result, kept
  store:transaction(function()
    local ok, value = pcall(fn)
    if ok then
      result = value
    elseif errors.is(value) and value.keep then
      kept = value
    else
      error(value, 0)
    end
  end)
  webhooks.deliver(ctx.made)
  if kept then
    error(kept, 0)
  end
  return result
end

local function operate(route, ctx)
  return in_transaction(ctx, function()
    local object = route.run(ctx)
    local paths = ctx.params.expand
    if ctx.version < LISTS_UNTIL and object.object == "customer" and not object.deleted then
      paths = { "sources", "subscriptions", "tax_ids", table.unpack(paths or {}) }
    end
    return expand(object, paths)
  end)
end

local function error_body(e, request_id)
  local body = e.body
  if e.status ~= 401 then
    body.request_log_url = "https://dashboard.stripe.com/test/logs/" .. request_id
  end
  return text_of { error = body }
end

-- fn() -> {status=, headers=, body=, early=}: what it returns, or the refusal it raised, or our own fault.
local function settled(fn, request_id)
  local ok, value = xpcall(fn, function(e)
    return errors.is(e) and e or { traceback = debug.traceback(tostring(e), 2) }
  end)
  if ok then
    return value
  elseif errors.is(value) then
    return { status = value.status, headers = value.headers, early = value.early,
      body = error_body(value, request_id) }
  end
  log.error("sandbox_stripe_failed", { request_id = request_id, traceback = value.traceback })
  local message = "An unknown error occurred. Please see https://stripe.com/docs or contact support."
  local body = text_of { error = { type = "api_error", message = message } }
  return { status = 500, early = true, body = body }
end

local function run(route, ctx, raw)
  return settled(function()
    ctx.params = params.check(route.fields, raw)
    auth.permit(route.name)
    local object = switches.around(route, ctx, function() return operate(route, ctx) end)
    return { status = 200, body = text_of(object) }
  end, ctx.request_id)
end

-- The answer, or what a fault has put in its place, if Stripe would keep that.
local function sent_of(answer, ctx)
  if type(ctx.instead) ~= "function" then return answer end
  local instead = settled(ctx.instead, ctx.request_id)
  if instead.early then return answer end
  ctx.instead = nil
  return instead
end

-- The answer, kept or made, and what its headers say about that.
local function run_once(route, ctx, raw, request)
  local kept = idempotency.begin(request)
  if kept then
    return { status = kept.status, body = kept.body, headers = {
      ["Idempotent-Replayed"] = "true", ["Original-Request"] = kept.request_id } }
  end
  local answer = sent_of(run(route, ctx, raw), ctx)
  local keep = not answer.early and answer.status ~= 401 and answer.status ~= 429
  idempotency.finish(request, keep and answer or nil, ctx.request_id)
  answer.headers = answer.headers or {}
  if keep then
    answer.headers["Original-Request"] = ctx.request_id
  end
  return answer
end

local function respond(req, ctx)
  local path, query = req.target:match("^([^?]*)%??(.*)$")
  local route, found = routes.find(req.method, path)
  if not route then
    errors.unrecognized(req.method, path)
  end
  local raw = not req:header "authorization" and raw_params(req, query) or nil
  ctx.public = auth.check(req, route, raw and raw.key)
  ctx.version, ctx.path, ctx.sent_path = version_of(req), found, path
  raw = raw or raw_params(req, query)
  if ctx.public then raw.key = nil end
  if req.method == "POST" and ctx.idempotency_key then
    local request = { key = ctx.idempotency_key, method = "POST", path = path, params = raw }
    return run_once(route, ctx, raw, request)
  end
  return run(route, ctx, raw)
end

-- Pages call Stripe too.
local function cors_headers()
  return {
    ["Access-Control-Allow-Credentials"] = "true",
    ["Access-Control-Allow-Methods"] = "GET, HEAD, PUT, PATCH, POST, DELETE",
    ["Access-Control-Allow-Origin"] = "*",
    ["Access-Control-Expose-Headers"] = "Request-Id, Stripe-Manage-Version, Stripe-Should-Retry, "
      .. "X-Stripe-External-Auth-Required, X-Stripe-Privileged-Session-Required",
    ["Access-Control-Max-Age"] = "300",
    Vary = "Origin",
  }
end

local function preflight(req)
  local headers = cors_headers()
  headers["Access-Control-Allow-Headers"] = req:header "access-control-request-headers"
  return { status = 200, headers = headers, body = "" }
end

local function handler(req)
  if req.method == "OPTIONS" then return preflight(req) end
  local key = req:header "idempotency-key"
  local ctx = {
    request_id = ids.new "req", now = time.now() // 1 | 0, version = DEFAULT_VERSION, remote = req.remote, req = req,
    idempotency_key = key ~= "" and key or nil, made = {},
  }
  local answer = settled(function() return respond(req, ctx) end, ctx.request_id)
  if ctx.instead == faults.NO_ANSWER then return { abort = true } end
  if ctx.instead then answer = settled(ctx.instead, ctx.request_id) end
  local headers = cors_headers()
  headers["Content-Type"], headers["Cache-Control"] = "application/json", "no-cache, no-store"
  headers["Request-Id"], headers["Stripe-Version"] = ctx.request_id, ctx.version
  headers["Idempotency-Key"] = req.method == "POST" and ctx.idempotency_key or nil
  if answer.status >= 400 and answer.status ~= 409 and answer.status < 429 then
    headers["Stripe-Should-Retry"] = "false"
  end
  for name, value in pairs(answer.headers or {}) do
    headers[name] = value
  end
  return { status = answer.status, headers = headers, body = answer.body }
end

return { handler = handler }
