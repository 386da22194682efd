-- SPDX-License-Identifier: MIT
-- CloudWatch metrics in the sandbox, in the three protocols of its SDKs: JSON 1.0 through the frame of the JSON
-- services, and Query and rpc-v2-cbor here.
local aws_json, crypto, log = require "sandbox.aws_json", require "crypto", require "log"
local cbor = require "sandbox.cloudwatch.cbor"
local failure, faults = require "sandbox.failure", require "sandbox.faults"
local query = require "sandbox.cloudwatch.query"
local operations, signature = require "sandbox.cloudwatch.operations", require "sandbox.aws_signature"

-- What a code's error is named where it is not the code and "Exception".
local ERRORS = { MissingParameter = "MissingRequiredParameterException", InternalServiceError = "InternalServiceFault" }

local service = {
  name = "cloudwatch",
  signing_name = "monitoring",
  target_prefix = "GraniteServiceVersion20100801",
  content_type = "application/x-amz-json-1.0",
  missing_token = "Missing Authentication Token",
  internal = { "InternalServiceError", "The request processing has failed." },
  operations = operations,
  query_errors = true,
  error_type = function(code)
    if code:find "Exception$" then return "com.amazon.coral.service#" .. code end
    return "com.amazonaws.cloudwatch#" .. (ERRORS[code] or code .. "Exception")
  end,
}

local function perform(ctx)
  local operation, input = query.decode(aws_json.body(ctx.req, service))
  signature.check_query(ctx.req, service)
  if not operation then failure("MissingAction", "Could not find operation for the request") end
  if not operations[operation] then
    failure("InvalidAction", ("The action %s is not valid for this endpoint."):format(operation))
  end
  return operation, aws_json.call(service, operation, input, ctx)
end

local function answer_query(req)
  local ctx = { req = req, service = service, request_id = crypto.uuid() }
  local ok, result, output = xpcall(perform, failure.trace, ctx)
  local headers = { ["x-amzn-RequestId"] = ctx.request_id, ["Content-Type"] = "text/xml" }
  if ok then return { status = 200, headers = headers, body = query.encode(result, output, ctx.request_id) } end
  if result.code == faults.NO_ANSWER then return { abort = true } end
  if result.unexpected then
    log.error("sandbox.broken_operation", { service = service.name, traceback = result.text })
    result = aws_json.internal(service)
  end
  return { status = result.status, headers = headers,
    body = query.encode_error(result.code, result.message, result.status, ctx.request_id) }
end

local CBOR = "^/service/" .. service.target_prefix .. "/operation/(%w+)$"
local MOMENTS <const> = { Timestamp = true, Timestamps = true }

local function perform_cbor(ctx, name)
  if not operations[name] then failure("UnknownOperationException") end
  signature.check(ctx.req, service)
  local body = aws_json.body(ctx.req, service)
  local input, problem = cbor.decode(body ~= "" and body or "\xa0")
  if problem or type(input) ~= "table" then failure("SerializationException") end
  return aws_json.call(service, name, input, ctx)
end

local function answer_cbor(req, name)
  local ctx = { req = req, service = service, request_id = crypto.uuid() }
  local ok, result = xpcall(perform_cbor, failure.trace, ctx, name)
  local headers = { ["x-amzn-RequestId"] = ctx.request_id, ["smithy-protocol"] = "rpc-v2-cbor",
    ["Content-Type"] = "application/cbor" }
  if ok then return { status = 200, headers = headers, body = cbor.encode(result or {}, MOMENTS) } end
  if result.code == faults.NO_ANSWER then return { abort = true } end
  if result.unexpected then
    log.error("sandbox.broken_operation", { service = service.name, traceback = result.text })
    result = aws_json.internal(service)
  end
  headers["x-amzn-query-error"] = result.code .. (result.status < 500 and ";Sender" or ";Receiver")
  return { status = result.status, headers = headers,
    body = cbor.encode { __type = service.error_type(result.code), message = result.message } }
end

function service.handler(req)
  local name = req.method == "POST" and req.path:match(CBOR)
  if name then return answer_cbor(req, name) end
  local media = (req:header "content-type" or ""):lower()
  if req.method == "POST" and media:find("application/x-www-form-urlencoded", 1, true) == 1 then
    return answer_query(req)
  end
  return aws_json.handle(service, req)
end

return service
