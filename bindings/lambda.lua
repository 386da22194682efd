-- SPDX-License-Identifier: MIT
-- bindings: functions of AWS Lambda. Scripts call invoke; aws.lua signs, carries and repeats. Yields. What is sent and
-- what comes back is never logged. (`usher lambda`, where usher itself is the function, is lambda_command.lua.)
local aws, crypto, json = require "aws", require "crypto", require "json"

local lambda = {}

local PATH <const> = "/2015-03-31/functions/%s/invocations%s"
local DEPTH <const> = { depth = 128 }
local SORTED <const> = { sorted = true }

-- How often an invocation may be repeated, when the caller does not say. One without an answer may have run.
local KINDS <const> = { RequestResponse = "throttle", Event = "throttle", DryRun = "safe" }


local function path_of(wanted)
  local query = wanted.qualifier and "?Qualifier=" .. crypto.percent(wanted.qualifier) or ""
  return PATH:format(crypto.percent(wanted.function_name), query)
end


local function headers_of(wanted, kind)
  local context = wanted.client_context
  return {
    ["x-amz-invocation-type"] = kind,
    ["x-amz-log-type"] = wanted.log_type,
    ["x-amz-client-context"] = context and crypto.base64(json.encode(context, SORTED)) or nil,
  }
end


-- The function itself has failed: the service says so in a header, and what it raised is the answer's body.
local function function_error(result, kind)
  local raised = type(result.payload) == "table" and result.payload or {}
  local message, error_type = raised.errorMessage, raised.errorType
  return { code = "FunctionError", message = type(message) == "string" and message or nil,
    error_type = type(error_type) == "string" and error_type or nil, function_error = kind,
    payload = result.payload, log = result.log, executed_version = result.executed_version }
end


-- An answer of http.fetch -> as invoke
local function read(response)
  local headers, problem = response.headers, nil
  local log = headers["x-amz-log-result"]
  local result = { status = response.status, request_id = headers["x-amzn-requestid"],
    executed_version = headers["x-amz-executed-version"], log = log and crypto.unbase64(log) or nil }
  if response.body ~= "" then result.payload, problem = json.decode(response.body, DEPTH) end
  local failed = headers["x-amz-function-error"]
  if failed then return nil, function_error(result, failed) end
  if problem then return nil, { code = "CorruptResponse", message = "the function's result is not JSON" } end
  return result
end


-- A limit of the service's says in the body, too, after how many seconds it is worth asking again.
local function take_hint(err)
  err.hint = err.hint or tonumber(err.retryAfterSeconds)
end


-- {function_name= a name, an ARN or a part of one, payload= any JSON value ({}), invocation_type= "RequestResponse"
-- (waits for the result), "Event" (Lambda keeps it, and runs it soon) or "DryRun" (may we?), qualifier= a version or an
-- alias, log_type= "Tail", client_context= table, timeout= or deadline=, retry= as aws.call's}
-- -> {status= 200, 202 or 204, payload= the function's result, log= its last 4 KB, with "Tail", executed_version=,
-- request_id=} | nil, err as aws.call's. err.code FunctionError: the function ran and failed; err.error_type and
-- err.message are its own words, err.payload all it said, err.log. Mode throttle: an invocation whose answer is lost
-- may have run, so say retry = "safe" only of a function that bears it.
function lambda.invoke(wanted)
  local kind = wanted.invocation_type or "RequestResponse"
  assert(type(wanted.function_name) == "string" and wanted.function_name ~= "",
    "lambda.invoke: function_name is a string")
  assert(KINDS[kind], "lambda.invoke: invocation_type is RequestResponse, Event or DryRun")
  return aws.call {
    service = "lambda", operation = "Invoke", path = path_of(wanted), headers = headers_of(wanted, kind),
    input = wanted.payload, read = read, on_error = take_hint,
    retry = wanted.retry or KINDS[kind], timeout = wanted.timeout, deadline = wanted.deadline,
  }
end


return lambda
