-- SPDX-License-Identifier: MIT
-- bindings: the client of AWS Lambda's Runtime API, 2018-06-01. lambda_command.lua drives it. All functions yield. A
-- call that the API breaks off, or answers with 500, cannot be mended from inside: it gives nil, why, and the process
-- ends.
local http, json, log = require "http", require "json", require "log"

local runtime = {}

local NEVER <const> = 999999         -- seconds: the process is frozen while it waits for an event
local PATIENCE <const> = 10          -- seconds for an answer to what is posted
local MAX_EVENT <const> = 8 << 20    -- bytes; Lambda's own limit is 6 MB

-- The largest result, as Lambda counts it.
runtime.MAX_RESULT = 6291556

local Runtime = {}
Runtime.__index = Runtime


-- api: host:port, of AWS_LAMBDA_RUNTIME_API
function runtime.new(api)
  return setmetatable({ base = "http://" .. api .. "/2018-06-01/runtime" }, Runtime)
end


local function lost(what, reply, failure)
  return nil, reply and ("%s was answered with %d"):format(what, reply.status)
    or ("%s: %s: %s"):format(what, failure.kind, failure.message)
end


-- The next event -> {request_id=, deadline= epoch seconds, arn=, trace_id=, client_context=, identity=, body=}
function Runtime:next()
  local reply, failure = http.fetch { url = self.base .. "/invocation/next", timeout = NEVER,
    max_response = MAX_EVENT }
  if not reply or reply.status ~= 200 then return lost("invocation/next", reply, failure) end
  local headers = reply.headers
  return {
    request_id = headers["lambda-runtime-aws-request-id"], arn = headers["lambda-runtime-invoked-function-arn"],
    deadline = tonumber(headers["lambda-runtime-deadline-ms"] or "0") / 1000,
    trace_id = headers["lambda-runtime-trace-id"], client_context = headers["lambda-runtime-client-context"],
    identity = headers["lambda-runtime-cognito-identity"], body = reply.body,
  }
end


local function post(self, path, body, headers)
  headers["content-type"] = "application/json"
  return http.fetch { method = "POST", url = self.base .. path, headers = headers, body = body,
    timeout = PATIENCE }
end


-- 4xx means that Lambda wants this answer no more: its time was over, or it is too large.
local function settled(path, reply, failure)
  if not reply or reply.status >= 500 then return lost(path, reply, failure) end
  if reply.status >= 400 then
    log.warn("runtime_api_refused", { path = path, status = reply.status, answer = reply.body })
  end
  return reply.status
end


-- -> the status: 202, or 4xx when it was refused
function Runtime:respond(request_id, body)
  local path = ("/invocation/%s/response"):format(request_id)
  return settled(path, post(self, path, body, {}))
end


-- err: of lambda_error
function Runtime:fail(request_id, err)
  local path = ("/invocation/%s/error"):format(request_id)
  return settled(path, post(self, path, json.encode(err, { sorted = true }),
    { ["lambda-runtime-function-error-type"] = err.errorType }))
end


-- The process cannot take events at all, and ends after this.
function Runtime:fail_init(err)
  return settled("/init/error", post(self, "/init/error", json.encode(err, { sorted = true }),
    { ["lambda-runtime-function-error-type"] = err.errorType }))
end


return runtime
