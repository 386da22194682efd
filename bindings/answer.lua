-- SPDX-License-Identifier: MIT
-- Wraps a handler (request -> reply table) for request.c: whatever happens inside, there is one answer in FLOW's shape.
-- Returns a function of the request that gives status, { name, value, … }, body. Yields where the handler does.
local config, fail, json, log = require "config", require "fail", require "json", require "log"
require "request_methods"

local function flatten(headers)
  local flat = {}
  for name, value in pairs(headers or {}) do
    for _, one in ipairs(type(value) == "table" and value or { value }) do
      flat[#flat + 1] = name
      flat[#flat + 1] = tostring(one)
    end
  end
  return flat
end

local function answer(reply)
  local flat = flatten(reply.headers)
  if reply.json == nil then return reply.status or 200, flat, reply.body or "" end
  flat[#flat + 1] = "Content-Type"
  flat[#flat + 1] = "application/json"
  return reply.status or 200, flat, json.encode(reply.json, { sorted = true })
end

local function error_reply(failure, request_id)
  local headers = {}
  for name, value in pairs(failure.headers or {}) do headers[name] = value end
  if failure.retry_after then headers["Retry-After"] = math.ceil(failure.retry_after) end
  return {
    status = failure.status,
    headers = headers,
    json = { error = {
      code = failure.code,
      message = failure.message,
      fields = failure.fields and json.array(failure.fields),
      request_id = request_id,
      traceback = failure.traceback,
    } },
  }
end

local function with_traceback(problem)
  if fail.is(problem) then return problem end
  return debug.traceback(type(problem) == "string" and problem or "error: " .. tostring(problem), 2)
end

local function our_fault(problem, request_id)
  log.error("request_failed", { error = problem })
  return error_reply({
    status = 500,
    code = "internal_error",
    message = "Something went wrong on our side. Please try again.",
    traceback = config.show_tracebacks and problem or nil,
  }, request_id)
end

return function(handler)
  return function(request)
    local id = request.id
    local ok, reply = xpcall(handler, with_traceback, request)
    if ok and type(reply) ~= "table" then ok, reply = false, "the handler returned no reply" end
    if not ok then reply = fail.is(reply) and error_reply(reply, id) or our_fault(reply, id) end
    return answer(reply)
  end
end
