-- SPDX-License-Identifier: MIT
-- `usher lambda MODULE`: AWS Lambda's custom runtime. The module returns function(event, context) -> result; this file
-- fetches events, runs it as a task of its own with the event's deadline, and posts what came of it. lambda_command.c
-- calls it as (module), or as (module, problem) when the settings are wrong. Ends by os.exit: something always waits.
-- Calling other people's functions is lambda.lua.
local clock, interrupt, json, log = require "clock", require "interrupt", require "json", require "log"
local process, task, trace = require "process", require "task", require "trace"
local emf = require "metrics_emf"
local lambda_error, lambda_runtime = require "lambda_error", require "lambda_runtime"

local MARGIN <const> = 0.1 -- seconds before Lambda's deadline in which a failure can still be told
local DEPTH <const> = 128


-- "scripts/triggers/pre_sign_up.lua", "scripts.triggers.pre_sign_up" -> "triggers.pre_sign_up"
local function module_of(name)
  return (name:gsub("%.lua$", ""):gsub("/", "."):gsub("^scripts%.", ""))
end


-- -> function | nil, error
local function load_handler(name)
  local ok, handler = xpcall(require, lambda_error.of, module_of(name))
  if not ok then
    handler.errorType = "Runtime.ImportModuleError"
    return nil, handler
  end
  if type(handler) == "function" then return handler end
  return nil, lambda_error.new("Runtime.NoSuchHandler",
    ("%s returns a %s, not a function of an event"):format(module_of(name), type(handler)))
end


-- -> result | nil, error. Errors of the function are caught here; its calls end at the deadline.
local function run(handler, event, invocation)
  local ok, result
  task.all { function()
    if invocation.deadline > 0 then task.limit(math.max(0, invocation.deadline - clock.now() - MARGIN)) end
    ok, result = xpcall(handler, lambda_error.of, event, {
      request_id = invocation.request_id, deadline = invocation.deadline, function_arn = invocation.arn,
      client_context = invocation.client_context, identity = invocation.identity,
    })
  end }
  if ok then return result end
  return nil, result
end


-- -> body | nil, error
local function answer(handler, invocation)
  local event, problem = json.decode(invocation.body, { depth = DEPTH })
  if problem then
    return nil, lambda_error.new("Runtime.InvalidEvent", "the event is not valid JSON: " .. problem)
  end
  local result, err = run(handler, event, invocation)
  if err then return nil, err end
  if result == nil then result = json.null end
  local ok, body = pcall(json.encode, result, { sorted = true })
  if not ok then return nil, lambda_error.new("Runtime.MarshalError", tostring(body)) end
  if #body > lambda_runtime.MAX_RESULT then
    return nil, lambda_error.new("Function.ResponseSizeTooLarge",
      ("Response payload size exceeded maximum allowed payload size (%d bytes).")
        :format(lambda_runtime.MAX_RESULT))
  end
  return body
end


-- Before the answer: after it the process is frozen, or gone.
local function tell_metrics()
  local ok, problem = pcall(emf.send)
  if not ok then log.warn("metrics_not_sent", { error = tostring(problem) }) end
end


local function follow(trace_id)
  trace.id = trace_id
  process.setenv("_X_AMZN_TRACE_ID", trace_id)
end


-- One event from its arrival to its answer -> true | nil, why the process must end
local function serve_one(runtime, handler, invocation)
  task.name(invocation.request_id)
  follow(invocation.trace_id)
  local body, err = answer(handler, invocation)
  tell_metrics()
  if err then
    log.error("invocation_failed", { error_type = err.errorType, error = err.errorMessage,
      traceback = table.concat(err.stackTrace, "\n") })
    return runtime:fail(invocation.request_id, err)
  end
  local status, why = runtime:respond(invocation.request_id, body)
  if status ~= 413 then return status, why end
  return runtime:fail(invocation.request_id, lambda_error.new("Function.ResponseSizeTooLarge",
    "the result is larger than Lambda takes"))
end


local function stop(code, why)
  if why then log.error("lambda_ends", { reason = why }) end
  os.exit(code)
end


local function loop(runtime, handler)
  local state = { busy = false }
  local watch = interrupt.watch()
  task.spawn(function()
    watch:wait()
    if not state.busy then stop(0) end
  end)
  repeat
    local invocation, why = runtime:next()
    if not invocation then stop(1, why) end
    state.busy = true
    local done
    done, why = serve_one(runtime, handler, invocation)
    if not done then stop(1, why) end
    state.busy = false
  until watch:came()
  stop(0)
end


local function refuse_to_start(runtime, err)
  log.error("lambda_init_failed", { error_type = err.errorType, error = err.errorMessage,
    traceback = table.concat(err.stackTrace, "\n") })
  local _, why = runtime:fail_init(err)
  stop(1, why)
end


return function(name, problem)
  local api = os.getenv "AWS_LAMBDA_RUNTIME_API"
  if not api then
    io.stderr:write("usher: lambda runs inside AWS Lambda, which says where its Runtime API is in ",
      "AWS_LAMBDA_RUNTIME_API; see 'usher lambda --help'\n")
    return 2
  end
  local runtime = lambda_runtime.new(api)
  if problem then refuse_to_start(runtime, lambda_error.new("Runtime.ConfigInvalid", problem)) end
  local handler, err = load_handler(name)
  if not handler then refuse_to_start(runtime, err) end
  loop(runtime, handler)
end
