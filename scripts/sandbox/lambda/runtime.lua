-- SPDX-License-Identifier: MIT
-- Sandbox, Lambda: the Runtime API, for functions that run out of process. AWS_LAMBDA_RUNTIME_API is this listener's
-- host:port, for whatever function is switched so, or host:port/NAME for one of several. handler(req) -> reply | nil:
-- not ours.
local clock, json, latch = require "clock", require "json", require "latch"
local functions, invoke = require "sandbox.lambda.functions", require "sandbox.lambda.invoke"

local GLANCE <const> = 1 -- seconds between two looks whether the runtime has gone

local running = {} -- id -> invocation that a runtime has fetched


local function refuse(status, kind, message)
  return { status = status, json = { errorType = kind, errorMessage = message } }
end


local function accepted()
  return { status = 202, json = { status = "OK" } }
end


-- The functions that this runtime may serve.
local function served(name)
  local list = {}
  for _, fn in ipairs(name and { functions.find(name) } or functions.all()) do
    if fn.out_of_process then list[#list + 1] = fn end
  end
  return list
end


local function take(list)
  for _, fn in ipairs(list) do
    while fn.waiting[1] do
      local invocation = table.remove(fn.waiting, 1)
      if not invocation.outcome and invocation.deadline > clock.now() then return invocation end
    end
  end
end


local function forget(list, runtime)
  for _, fn in ipairs(list) do
    for i, one in ipairs(fn.runtimes) do
      if one == runtime then table.remove(fn.runtimes, i) break end
    end
  end
end


-- Waits until there is an invocation -> it | nil: the runtime has gone
local function await(name, req)
  while not req:gone() and not req:half_closed() do
    local list = served(name)
    local invocation = take(list)
    if invocation then return invocation end
    local runtime = { req = req, latch = latch.new() }
    for _, fn in ipairs(list) do table.insert(fn.runtimes, runtime) end
    runtime.latch:wait(GLANCE)
    forget(list, runtime)
  end
end


local function next_invocation(name, req)
  local invocation = await(name, req)
  if not invocation then return { status = 410, body = "" } end
  running[invocation.id] = invocation
  return { status = 200, headers = {
    ["Content-Type"] = "application/json",
    ["Lambda-Runtime-Aws-Request-Id"] = invocation.id,
    ["Lambda-Runtime-Deadline-Ms"] = ("%d"):format(invocation.deadline * 1000 // 1),
    ["Lambda-Runtime-Invoked-Function-Arn"] = invocation.fn.arn,
    ["Lambda-Runtime-Trace-Id"] = invocation.trace_id,
    ["Lambda-Runtime-Client-Context"] = invocation.client_context,
  }, body = invocation.payload }
end


-- An answer counts once, and while somebody waits for it.
local function answer(id, outcome)
  local invocation = running[id]
  running[id] = nil
  if not invocation or invocation.outcome then
    return refuse(400, "InvalidRequestID", "Invalid request ID")
  end
  invocation.settle(invocation, outcome)
  return accepted()
end


local function respond(id, req)
  if #req.body > invoke.MAX_RESULT then
    return refuse(413, "RequestEntityTooLarge",
      ("Exceeded maximum allowed payload size (%d bytes)."):format(invoke.MAX_RESULT))
  end
  return answer(id, { body = req.body })
end


local function error_of(req)
  local err = json.decode(req.body)
  if type(err) ~= "table" then err = {} end
  return { failed = true, body = req.body, message = tostring(err.errorMessage) }
end


-- A runtime that could not start: whoever waits for its function hears why.
local function fail_init(name, req)
  for _, fn in ipairs(served(name)) do
    for invocation in function() return take { fn } end do invocation.settle(invocation, error_of(req)) end
  end
  return accepted()
end


return function(req)
  local name, path = req.path:match("^/?([^/]*)/2018%-06%-01/runtime(/.*)$")
  if not path then return nil end
  if name == "" then name = nil end
  if req.method == "GET" and path == "/invocation/next" then return next_invocation(name, req) end
  if req.method ~= "POST" then return refuse(404, "NotFound", "no such resource") end
  if path == "/init/error" then return fail_init(name, req) end
  local id, what = path:match("^/invocation/([^/]+)/(%l+)$")
  if what == "response" then return respond(id, req) end
  if what == "error" then return answer(id, error_of(req)) end
  return refuse(404, "NotFound", "no such resource")
end
