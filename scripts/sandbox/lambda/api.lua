-- SPDX-License-Identifier: MIT
-- Sandbox, Lambda: the API of 2015-03-31 as far as operations use it: Invoke, ListFunctions, GetFunction. REST-JSON and
-- signed; refusals have their code in a header.
local clock, crypto, form, json = require "clock", require "crypto", require "form", require "json"
local log, task = require "log", require "task"
local failure, signature = require "sandbox.failure", require "sandbox.aws_signature"
local functions, invoke = require "sandbox.lambda.functions", require "sandbox.lambda.invoke"
local settings = require "sandbox.settings"

local SERVICE <const> = { name = "lambda", signing_name = "lambda", missing_token = "Missing Authentication Token" }
local MAX_SYNC <const>, MAX_ASYNC <const> = 6291456, 262144
local ASYNC_TRIES <const> = 3
local LOG_TAIL <const> = 4096
local CONTEXT_MAX <const> = 3583
local MEMORY <const> = 128 -- MB
local ROLE <const> = ("arn:aws:iam::%s:role/usher-dev"):format(settings.account_id)
local STARTED <const>, REVISION <const> = os.date "!%Y-%m-%dT%H:%M:%S.000+0000", crypto.uuid()


local function trace_id(req)
  return req:header("x-amzn-trace-id") or ("Root=1-%08x-%s;Sampled=0"):format(os.time(), crypto.hex(crypto.random(12)))
end


local function describe(fn)
  return { FunctionName = fn.name, FunctionArn = fn.arn, Handler = fn.module, Runtime = "provided.al2023",
    Role = ROLE, Timeout = fn.timeout, MemorySize = MEMORY, Version = "$LATEST", PackageType = "Zip",
    State = "Active", LastUpdateStatus = "Successful", CodeSize = 0,
    CodeSha256 = crypto.base64(crypto.sha256(fn.module)), LastModified = STARTED, RevisionId = REVISION,
    EphemeralStorage = { Size = 512 }, TracingConfig = { Mode = "PassThrough" },
    Architectures = json.array { "x86_64" }, Description = "usher lambda " .. fn.module }
end


local function list()
  local shown = json.array {}
  for i, fn in ipairs(functions.all()) do shown[i] = describe(fn) end
  return { status = 200, json = { Functions = shown } }
end


local function check_payload(payload, limit)
  if #payload > limit then
    failure("RequestTooLargeException", ("Request must be smaller than %d bytes for the InvokeFunction operation")
      :format(limit), nil, 413)
  end
  local _, problem = json.decode(payload, { depth = 128 })
  if problem then
    failure("InvalidRequestContentException", "Could not parse request body into json: " .. problem)
  end
end


local function log_of(outcome, seconds)
  local id, spent = outcome.id, seconds * 1000
  local lines = ("START RequestId: %s Version: $LATEST\n%sEND RequestId: %s\n"
    .. "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t"
    .. "\n")
    :format(id, outcome.failed and outcome.body .. "\n" or "", id, id, spent, math.ceil(spent), MEMORY, MEMORY // 4)
  return crypto.base64(lines:sub(-LOG_TAIL))
end


-- A header that says one of a few words.
local function choice(req, header, member, choices)
  local value = req:header(header) or choices[1]
  for _, known in ipairs(choices) do
    if value == known then return value end
  end
  failure("ValidationException", ("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: "
    .. "Member must satisfy enum value set: [%s]"):format(value, member, table.concat(choices, ", ")))
end


local function client_context(req)
  local given = req:header("x-amz-client-context")
  if not given then return nil end
  local text = #given <= CONTEXT_MAX and crypto.unbase64(given)
  if text and type(json.decode(text)) == "table" then return text end
  failure("InvalidRequestContentException", #given > CONTEXT_MAX
    and ("Client context must be no more than %d bytes."):format(CONTEXT_MAX)
    or "Client context must be a valid Base64-encoded JSON object.")
end


-- Lambda keeps the event and tries again by itself.
local function invoke_later(fn, payload, options)
  task.spawn(function()
    for _ = 1, ASYNC_TRIES do
      local ok, outcome = pcall(invoke.run, fn, payload, options)
      if ok and not outcome.failed then return end
    end
    log.warn("sandbox.lambda_event_lost", { name = fn.name })
  end)
  return { status = 202, headers = { ["X-Amzn-Trace-Id"] = options.trace_id }, body = "" }
end


local function run(fn, req)
  local kind = choice(req, "x-amz-invocation-type", "invocationType", { "RequestResponse", "Event", "DryRun" })
  local tail = choice(req, "x-amz-log-type", "logType", { "None", "Tail" }) == "Tail"
  local payload = req.body ~= "" and req.body or "{}"
  local options = { trace_id = trace_id(req), client_context = client_context(req) }
  if kind == "DryRun" then return { status = 204, body = "" } end
  check_payload(payload, kind == "Event" and MAX_ASYNC or MAX_SYNC)
  if kind == "Event" then return invoke_later(fn, payload, options) end
  local began = clock.monotonic()
  local outcome = invoke.run(fn, payload, options)
  return { status = 200, body = outcome.body, headers = {
    ["Content-Type"] = "application/json", ["X-Amz-Executed-Version"] = "$LATEST",
    ["X-Amzn-Trace-Id"] = options.trace_id, ["X-Amz-Function-Error"] = outcome.failed and "Unhandled" or nil,
    ["X-Amz-Log-Result"] = tail and log_of(outcome, clock.monotonic() - began) or nil,
  } }
end


-- The older call, of 2014-11-13: always for later.
local function invoke_async(req, name)
  local fn = functions.get(form.unescape_path(name))
  local payload = req.body ~= "" and req.body or "{}"
  check_payload(payload, MAX_ASYNC)
  invoke_later(fn, payload, { trace_id = trace_id(req) })
  return { status = 202, json = { Status = 202 } }
end


-- A function here has no versions and no aliases but $LATEST.
local function check_qualifier(fn, qualifier)
  if not qualifier or qualifier == "$LATEST" then return end
  failure("ResourceNotFoundException", ("Function not found: %s:%s"):format(fn.arn, qualifier), nil, 404)
end


local function route(req)
  signature.check_rest(req, SERVICE)
  local older = req.target:match("^/2014%-11%-13/functions/([^/?]+)/invoke%-async/?$")
  if older and req.method == "POST" then return invoke_async(req, older) end
  local rest = req.target:match("^/2015%-03%-31/functions/?([^?]*)")
  if not rest then failure("UnknownOperationException", nil, nil, 404) end
  if rest == "" and req.method == "GET" then return list() end
  local name, what = rest:match("^([^/]+)(.*)$")
  if not name then failure("UnknownOperationException", nil, nil, 404) end
  local fn = functions.get(form.unescape_path(name))
  check_qualifier(fn, req.query.Qualifier)
  if what == "/invocations" and req.method == "POST" then return run(fn, req) end
  if what == "/configuration" and req.method == "GET" then return { status = 200, json = describe(fn) } end
  if what == "" and req.method == "GET" then return { status = 200, json = { Configuration = describe(fn),
    Code = { RepositoryType = "S3", Location = "" }, Tags = {} } } end
  failure("UnknownOperationException", nil, nil, 404)
end


-- Some shapes write their text with a capital letter.
local CAPITAL <const> = { ResourceNotFoundException = true, AccessDeniedException = true, ServiceException = true }

local function refuse(e)
  if e.unexpected then
    log.error("sandbox.broken_operation", { service = "lambda", traceback = e.text })
    e = { code = "ServiceException", message = "Internal error", status = 500, extra = { Type = "Service" } }
  end
  local body = { Type = "User" }
  for name, value in pairs(e.extra or {}) do body[name] = value end
  body[CAPITAL[e.code] and "Message" or "message"] = e.message
  return { status = e.status, headers = { ["x-amzn-ErrorType"] = e.code }, json = body }
end


return function(req)
  local ok, reply = xpcall(route, failure.trace, req)
  if not ok then reply = refuse(reply) end
  reply.headers = reply.headers or {}
  reply.headers["x-amzn-RequestId"] = crypto.uuid()
  return reply
end
