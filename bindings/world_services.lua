-- SPDX-License-Identifier: MIT
-- bindings: what answers a world's http.fetch, in this process: the sandbox, and what a spec serves itself. Calls are
-- signed with the sandbox's keys and checked by it, and yield as real ones do; only the sockets are missing.
local clock, crypto, sigv4, task = require "clock", require "crypto", require "sigv4", require "task"
local testing_request, virtual = require "testing_request", require "virtual"

local services = {}

local LATENCY <const> = 0.001 -- seconds of the world's time, each way
local TIMEOUT <const> = 30


local function failed(kind, message, sent)
  return nil, { kind = kind, message = message, sent = sent }
end


-- "http://stripe.world/v1/customers?a=b" -> "http://stripe.world", "/v1/customers?a=b"
local function split(url)
  local base, target = url:match "^(https?://[^/?#]+)([^#]*)"
  if not base then error("http.fetch: url: http:// or https://, without spaces or control characters", 3) end
  if target:sub(1, 1) ~= "/" then target = "/" .. target end
  return base, target
end


-- -> handler, listener | nil. The longest URL that a spec serves wins.
local function find(world, inside, url, base)
  local best
  for served in pairs(world.served) do
    if url:sub(1, #served) == served and (not best or #served > #best) then best = served end
  end
  if best then return world.served[best], "outside" end
  local name = base:match "^http://(%l+)%.world$"
  if name == "usher" then return inside "router", "public" end
  if name then return inside "sandbox", name end
end


local function request_of(options, listener, target, base, deadline)
  local headers = { host = base:match "//(.*)$" }
  for name, value in pairs(options.headers or {}) do headers[name] = virtual.text(value) end
  return {
    listener = listener, method = options.method or "GET", target = target, headers = headers, deadline = deadline,
    body = options.body and virtual.text(options.body), remote = "127.0.0.1",
  }
end


local function fetch(world, inside, options)
  local url = virtual.text(options.url)
  local base, target = split(url)
  local deadline = clock.monotonic() + (options.timeout or TIMEOUT)
  deadline = math.min(deadline, task.deadline() or deadline)
  local handler, listener = find(world, inside, url, base)
  if not handler then return failed("dns", ("nobody serves %s in this world: world:serve"):format(base), false) end
  clock.sleep(LATENCY)
  local request = testing_request.new(request_of(options, listener, target, base, deadline),
    inside "request_methods")
  local status, flat, body = inside "answer"(handler)(request)
  if request:gone() then return failed("timeout", "no answer in time", true) end
  if not status then return failed("reset", "the connection was closed", true) end
  clock.sleep(LATENCY)
  if options.max_response and #body > options.max_response then return failed("too_large", "too large", true) end
  local reply = testing_request.reply(status, flat, body)
  return { status = reply.status, headers = reply.headers, body = reply.body }
end


-- The signatures are the sandbox's own keys', whatever credentials this process has.
local function signing(inside)
  local function with_keys(fn)
    return function(request)
      local facts = inside "sandbox.settings"
      request.credentials = request.credentials
        or { access_key_id = facts.access_key_id, secret_access_key = facts.secret_access_key }
      request.time = request.time or math.floor(clock.now())
      return fn(request)
    end
  end
  return { sign = with_keys(sigv4.sign), presign = with_keys(sigv4.presign), canonical = with_keys(sigv4.canonical),
    verify = sigv4.verify }
end


local function nothing() return nil end

-- Puts the modules by which a world reaches others among the given ones. inside(name) -> any module of the world.
function services.add(world, given, inside)
  world.served = {}
  given.http = { fetch = function(options) return fetch(world, inside, options) end }
  given.sigv4 = signing(inside)
  given.aws_credentials = { await = function() return true end, renew = function() return false end }
  given.aws_env = { region = nothing, endpoint_url = nothing, setting = nothing,
    credentials_source = function() return "testing" end }
  given.crypto = crypto
end


function services.serve(world, url, handler)
  world.served[url] = handler
end


return services
