-- SPDX-License-Identifier: MIT
-- For the specs beside it: one request to the sandbox's Stripe, as its listener would hand it over.
-- call(method, target, params or raw text, headers) -> {status=, headers=, body= decoded JSON, text=}
-- post(target, params) -> the body of a POST that must be good
local form, json = require "form", require "json"
local handler, settings = require "sandbox.stripe.init".handler, require "sandbox.settings"

local function request(method, target, body, headers)
  local lower = { authorization = "Bearer " .. settings.stripe_key }
  if method == "POST" then
    lower["content-type"] = "application/x-www-form-urlencoded"
  end
  for name, value in pairs(headers or {}) do
    lower[name:lower()] = value or nil
  end
  return {
    method = method, target = target, path = target:match("^[^?]*"), body = body, remote = "127.0.0.1",
    listener = "stripe", header = function(_, name) return lower[name:lower()] end,
    gone = function() return false end, half_closed = function() return false end,
  }
end

local function call(method, target, params, headers)
  local text = type(params) == "string" and params or form.encode(params or {})
  if method ~= "POST" and text ~= "" then
    target, text = target .. "?" .. text, ""
  end
  local reply = handler(request(method, target, text, headers))
  return { status = reply.status, headers = reply.headers, text = reply.body, body = json.decode(reply.body) }
end

local function post(target, params)
  local reply = call("POST", target, params)
  assert(reply.status == 200, reply.text)
  return reply.body
end

return call, post
