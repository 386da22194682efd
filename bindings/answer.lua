-- SPDX-License-Identifier: MIT
-- Wraps a handler (request -> reply table) for request.c: whatever happens inside, there is one answer; an error has
-- the shape that the README tells.
-- Returns a function of the request that gives status, { name, value, … }, body. Yields where the handler does.
-- { abort = true } is no answer at all: the status is false, and the connection is reset.
local config, fail, json, log = require "config", require "fail", require "json", require "log"
local error_page, reload, scrub = require "error_page", require "reload", require "scrub"
local trail = require "trail"
require "request_methods"

local SORTED <const> = { sorted = true }

local MOST_HEADERS <const> = 62 -- request.c has room for these and for two of ours

local function flatten(headers)
  local flat = {}
  for name, value in pairs(headers or {}) do
    for _, one in ipairs(type(value) == "table" and value or { value }) do
      flat[#flat + 1] = name
      flat[#flat + 1] = tostring(one)
    end
  end
  if #flat > 2 * MOST_HEADERS then error("the handler's reply has more than " .. MOST_HEADERS .. " headers", 0) end
  return flat
end

local function answer(reply)
  if type(reply) ~= "table" then error("the handler returned no reply", 0) end
  if reply.abort then return false, {}, "" end
  local status, body, flat = reply.status or 200, reply.body or "", flatten(reply.headers)
  if math.type(status) ~= "integer" or status < 200 or status > 599 then
    error("the handler's reply has the status " .. tostring(status), 0)
  end
  if reply.json ~= nil then
    flat[#flat + 1] = "Content-Type"
    flat[#flat + 1] = "application/json"
    body = json.encode(reply.json, SORTED)
  elseif type(body) ~= "string" then
    error("the handler's reply has a body that is a " .. type(body), 0)
  end
  return status, flat, body
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
  return trail.traceback(problem, 2)
end

local function our_fault(problem, request)
  local request_id = request.id
  if error_page.wanted(request) then return error_page.failure(problem, request_id) end
  return error_reply({
    status = 500,
    code = "internal_error",
    message = "Something went wrong on our side. Please try again.",
    traceback = config.show_tracebacks and problem or nil,
  }, request_id)
end

local function log_fault(problem, request)
  problem = scrub(problem, request)
  log.error("request_failed", { error = problem })
  return problem
end

local function attempt(handler, request)
  return answer(handler(request))
end

-- fail() at its word; if that cannot be said either, it is our fault like any other error.
local function answer_failure(problem, request)
  if fail.is(problem) then
    local ok, status, headers, body = pcall(answer, error_reply(problem, request.id))
    if ok then return status, headers, body end
    problem = status
  end
  return answer(our_fault(log_fault(problem, request), request))
end

local function attempt_all(handler, request)
  local ok, status, headers, body = xpcall(attempt, with_traceback, handler, request)
  if ok then return status, headers, body end
  return answer_failure(status, request)
end

-- Whoever edits scripts must not take the answers of the version before for those of what was saved last.
local function while_refused(problem, handler, request)
  if request.method == "GET" and error_page.wanted(request) then return answer(error_page.refusal(problem)) end
  local status, headers, body = attempt_all(handler, request)
  table.move({ "X-Usher-Refused", "the newest scripts; the version before has answered" }, 1, 2, #headers + 1, headers)
  return status, headers, body
end

-- stopped: the handler was, by a limit; the log has it, and nothing of it is run again.
return function(handler)
  return function(request, stopped)
    if stopped then return answer(our_fault(stopped, request)) end
    local problem = config.show_tracebacks and reload.refusal()
    if problem then return while_refused(problem, handler, request) end
    return attempt_all(handler, request)
  end
end
