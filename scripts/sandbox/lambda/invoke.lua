-- SPDX-License-Identifier: MIT
-- Sandbox, Lambda: one invocation of a function, wherever it runs. Called by the Invoke API (api.lua) and by Cognito
-- (cognito/triggers.lua).
local clock, crypto, json, latch = require "clock", require "crypto", require "json", require "latch"
local fresh_scripts, lambda_error, task = require "fresh_scripts", require "lambda_error", require "task"
local failure = require "sandbox.failure"

local MAX_RESULT <const> = 6291556
local DEPTH <const> = 128


local function errored(err)
  return { failed = true, body = json.encode(err, { sorted = true }), message = err.errorMessage }
end


local function timed_out(invocation, seconds)
  local outcome = errored { errorType = "Sandbox.Timedout",
    errorMessage = ("RequestId: %s Error: Task timed out after %.2f seconds"):format(invocation.id, seconds) }
  outcome.timed_out = ("Task timed out after %.2f seconds"):format(seconds)
  return outcome
end


local function exited(invocation)
  return errored { errorType = "Runtime.ExitError",
    errorMessage = ("RequestId: %s Error: Runtime exited with error: exit status 1"):format(invocation.id) }
end


-- What a fault does in place of the function.
local faults = {
  error = function(_, fault) return errored(lambda_error.new("Error", fault.message or "switched to fail")) end,
  timeout = function(invocation, _, fn)
    clock.sleep(math.min(fn.timeout, invocation.patience))
    return timed_out(invocation, fn.timeout)
  end,
  crash = exited,
  bad_output = function(_, fault) return { body = fault.output or '"nonsense"' } end,
  throttled = function()
    failure("TooManyRequestsException", "Rate Exceeded.",
      { Reason = "ReservedFunctionConcurrentInvocationLimitExceeded" }, 429)
  end,
  denied = function()
    failure("AccessDeniedException", "The role is not authorized to perform: lambda:InvokeFunction", nil, 403)
  end,
}


-- In this process, as the Runtime's loop would: a task with a name and a time.
local function run_here(fn, invocation)
  task.name(invocation.id)
  task.limit(fn.timeout)
  local ok, result = xpcall(function()
    local event = json.decode(invocation.payload, { depth = DEPTH })
    local value = fresh_scripts(fn.module)(event, { request_id = invocation.id, deadline = invocation.deadline,
      function_arn = fn.arn, client_context = invocation.client_context })
    return json.encode(value == nil and json.null or value, { sorted = true })
  end, lambda_error.of)
  if not ok then return errored(result) end
  if #result <= MAX_RESULT then return { body = result } end
  return errored(lambda_error.new("Function.ResponseSizeTooLarge",
    ("Response payload size exceeded maximum allowed payload size (%d bytes)."):format(MAX_RESULT)))
end


-- Gives the invocation to a runtime that waits, or keeps it for the next that asks.
local function hand_over(fn, invocation)
  table.insert(fn.waiting, invocation)
  while fn.runtimes[1] do
    local runtime = table.remove(fn.runtimes, 1)
    if not runtime.req:gone() then return runtime.latch:open() end
  end
end


-- The first fault that is armed, once less.
local function take_fault(fn)
  local fault = fn.fault
  if not fault or not fault.times then return fault end
  fault.times = fault.times - 1
  if fault.times <= 0 then fn.fault = nil end
  return fault
end


local function settle(invocation, outcome)
  if invocation.outcome then return end
  invocation.outcome = outcome
  invocation.latch:open()
end


-- options: {patience= seconds the caller waits, trace_id=, client_context=}
-- -> {body=, failed=, message=, timed_out=, id=} | nil: the caller's patience ended. Raises what the API refuses.
local function invoke(fn, payload, options)
  fn.invocations = fn.invocations + 1
  local invocation = {
    id = crypto.uuid(), fn = fn, payload = payload, patience = options.patience or fn.timeout, latch = latch.new(),
    deadline = clock.now() + fn.timeout, trace_id = options.trace_id, client_context = options.client_context,
  }
  local fault = take_fault(fn)
  if fault then
    local outcome = faults[fault.kind](invocation, fault, fn)
    if outcome.timed_out and fn.timeout > invocation.patience then return nil end
    outcome.id = invocation.id
    return outcome
  end
  invocation.settle = settle
  if fn.out_of_process then
    hand_over(fn, invocation)
  else
    task.spawn(function() settle(invocation, run_here(fn, invocation)) end)
  end
  local ended = invocation.latch:wait(math.min(fn.timeout, invocation.patience))
  if not ended and fn.timeout > invocation.patience then return nil end
  if not ended then settle(invocation, timed_out(invocation, fn.timeout)) end
  invocation.outcome.id = invocation.id
  return invocation.outcome
end


return { run = invoke, errored = errored, MAX_RESULT = MAX_RESULT, KINDS = faults }
