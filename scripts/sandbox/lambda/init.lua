-- SPDX-License-Identifier: MIT
-- Sandbox, Lambda: Runtime API and Lambda API on one listener; and, on the mailbox's, what a drill may turn:
--   GET /lambda                 the functions, how often each was invoked, what is switched
--   POST /lambda/NAME {timeout, out_of_process, fault = {kind, times, message, output} | null}
--     kind: error, timeout, crash, bad_output, throttled, denied
local json = require "json"
local api, functions = require "sandbox.lambda.api", require "sandbox.lambda.functions"
local invoke, runtime = require "sandbox.lambda.invoke", require "sandbox.lambda.runtime"
local members = require "sandbox.members"

local lambda = {}

local MEMBERS = { timeout = true, out_of_process = true, fault = true }
local FAULT = { kind = true, times = true, message = true, output = true }


local function describe(fn)
  return { name = fn.name, module = fn.module, arn = fn.arn, timeout = fn.timeout, invocations = fn.invocations,
    out_of_process = fn.out_of_process, fault = fn.fault }
end


local function list()
  local shown = json.array {}
  for i, fn in ipairs(functions.all()) do shown[i] = describe(fn) end
  return { status = 200, json = shown }
end


-- -> fault | nil | nil, what is wrong
local function fault_of(given)
  if given == json.null then return nil end
  if type(given) ~= "table" then return nil, "fault is an object" end
  local wrong = members.problem(given, FAULT, "fault.") or members.choice("fault.kind", given.kind, invoke.KINDS)
  if wrong then return nil, wrong end
  return { kind = given.kind, times = tonumber(given.times), message = given.message, output = given.output }
end


local function turn(fn, req)
  local given, refused = members.of(req, MEMBERS)
  if refused then return refused end
  local seconds, outside = given.timeout or fn.timeout, given.out_of_process
  if type(seconds) ~= "number" or seconds <= 0 then return members.refuse "timeout is a number of seconds" end
  if outside ~= nil and type(outside) ~= "boolean" then return members.refuse "out_of_process is true or false" end
  if given.fault ~= nil then
    local fault, wrong = fault_of(given.fault)
    if wrong then return members.refuse(wrong) end
    fn.fault = fault
  end
  fn.timeout = seconds
  if outside ~= nil then fn.out_of_process = outside end
  return { status = 200, json = describe(fn) }
end


-- On the mailbox's listener. -> reply | nil: not ours
function lambda.switches(req)
  if req.path == "/lambda" and req.method == "GET" then return list() end
  local name = req.path:match("^/lambda/([^/]+)$")
  if not name or req.method ~= "POST" then return nil end
  local fn = functions.find(name)
  return fn and turn(fn, req) or { status = 404, json = { message = "no such function" } }
end


function lambda.handler(req)
  return runtime(req) or api(req)
end


return lambda
