-- SPDX-License-Identifier: MIT
-- The frame of AWS's JSON services: target, body, signature, request id, error bytes. sandbox/init.lua calls
-- handle(service, req); the service table says what differs:
--   name signing_name target_prefix content_type unsigned{Op} operations{Op=function(input, ctx)}
--   error_type(code) · crc32 (DynamoDB's ids and checksum) · error_headers (Cognito's) · missing_token ·
--   capital_message{code = true} · internal{code, message} · nul (\u0000 is a character as others are)
local crypto = require "crypto"
local gunzip = require "gunzip"
local json = require "json"
local log = require "log"
local failure = require "sandbox.failure"
local faults = require "sandbox.faults"
local settings = require "sandbox.settings"
local signature = require "sandbox.aws_signature"

local aws_json = {}

local SORTED = { sorted = true } -- __type comes before message, and equal answers have equal bytes

local BARE_UNKNOWN = "<UnknownOperationException/>\n"
local BODY_MOST = 16 * 1024 * 1024 -- as large as one may be that is not compressed
local DEPTH = 512 -- what nests too deep in an item is for DynamoDB to say
local REQUEST_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
local MEDIA_TYPES = {
  ["application/json"] = true,
  ["application/x-amz-json-1.0"] = true,
  ["application/x-amz-json-1.1"] = true,
}
-- These three write their text with a capital letter.
local CAPITAL_MESSAGE = {
  TransactionCanceledException = true,
  TransactionInProgressException = true,
  IdempotentParameterMismatchException = true,
}

local function request_id(service)
  if service.crc32 then return crypto.random_string(52, REQUEST_ID_ALPHABET) end
  return crypto.uuid()
end

-- A browser may talk to these services directly.
local function add_cors(req, headers)
  if not req:header("origin") then return end
  headers["Access-Control-Allow-Origin"] = "*"
  headers["Access-Control-Expose-Headers"] = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"
end

local function finish(ctx, status, body, content_type)
  local service = ctx.service
  local headers = { ["x-amzn-RequestId"] = ctx.request_id }
  if content_type then headers["Content-Type"] = content_type end
  if service.crc32 then
    headers["x-amz-crc32"], headers.Server = tostring(crypto.crc32(body)), "Server"
  end
  add_cors(ctx.req, headers)
  return { status = status, headers = headers, body = body }
end

local function preflight(ctx)
  local reply = finish(ctx, 200, "")
  local req = ctx.req
  reply.headers["Access-Control-Allow-Headers"] = req:header("access-control-request-headers")
  reply.headers["Access-Control-Allow-Methods"] = req:header("access-control-request-method")
  reply.headers["Access-Control-Max-Age"] = "172800"
  return reply
end

local function header_text(text)
  return (text:gsub("[^\32-\126]", " "))
end

local function refuse(ctx, e)
  local service = ctx.service
  local body = {}
  for name, value in pairs(e.extra or {}) do body[name] = value end
  body.__type = service.error_type and service.error_type(e.code) or e.code
  if e.message then
    local capital = CAPITAL_MESSAGE[e.code] or service.capital_message and service.capital_message[e.code]
    body[capital and "Message" or "message"] = e.message
  end
  local reply = finish(ctx, e.status, json.encode(body, SORTED), ctx.content_type)
  if service.query_errors then
    reply.headers["x-amzn-query-error"] = e.code .. (e.status < 500 and ";Sender" or ";Receiver")
  end
  if service.error_headers then
    reply.headers["x-amzn-errortype"] = e.code .. ":"
    if e.message then reply.headers["x-amzn-errormessage"] = header_text(e.message) end
  end
  return reply
end

local function media_type(req)
  local value = req:header("content-type") or ""
  return value:match("^%s*([^;%s]*)"):lower()
end

local function operation_of(ctx)
  local target = ctx.req:header("x-amz-target") or ""
  local prefix, name = target:match("^([^.]*)%.([^.]*)$")
  if prefix == ctx.service.target_prefix and ctx.service.operations[name] then return name end
  log.warn("sandbox.unknown_operation", { service = ctx.service.name, target = target })
  failure("UnknownOperationException")
end

local function decode(body, service)
  local value = json.decode(body, { depth = DEPTH, nul = service.nul })
  if type(value) ~= "table" or json.is_array(value) then failure("SerializationException") end
  return value
end

-- What the service says of a fault of its own -> {code=, message=, status=}
function aws_json.internal(service)
  local default = service.internal or { "InternalServerError", "Internal server error" }
  return { code = default[1], message = default[2], status = 500 }
end

-- What a body says; one that cannot be read is the service's own fault, as the services have it.
function aws_json.body(req, service)
  local encoding = (req:header "content-encoding" or "identity"):lower()
  if encoding == "identity" then return req.body end
  local text = encoding == "gzip" and gunzip(req.body, BODY_MOST)
  if text then return text end
  local default = aws_json.internal(service)
  failure(default.code, default.message, nil, default.status)
end

-- Every operation runs through here and nowhere else, the Query protocol's too: the place where a call can be broken
-- on purpose. Raises a refusal, whose code is faults.NO_ANSWER where the connection is to be dropped.
function aws_json.call(service, name, input, ctx)
  local request = { service = service.name, names = { name }, body = ctx.req.body, req = ctx.req,
    token = input.ClientRequestToken }
  local broken, ok, output = faults.around(request, function() return service.operations[name](input, ctx) end)
  if broken == faults.NO_ANSWER then failure(faults.NO_ANSWER) end
  if broken then
    local default = aws_json.internal(service)
    failure(broken.code or default.code, broken.message or default.message, nil, broken.status or default.status)
  end
  if not ok then error(output, 0) end
  return output
end

local function perform(ctx)
  local service, req = ctx.service, ctx.req
  local body = aws_json.body(req, service)
  local input = #body > 0 and decode(body, service) or nil
  local name = operation_of(ctx)
  ctx.operation = name
  if not (service.unsigned and service.unsigned[name]) then
    ctx.access_key_id = signature.check(req, service)
  end
  if not input then failure("SerializationException") end
  local output = aws_json.call(service, name, input, ctx)
  return finish(ctx, 200, output and json.encode(output, SORTED) or "", ctx.content_type)
end

function aws_json.handle(service, req)
  local ctx = { service = service, req = req, request_id = request_id(service) }
  if req.method == "OPTIONS" and req:header("origin") then return preflight(ctx) end
  if req.method == "GET" and req.path == "/" and service.crc32 then
    return finish(ctx, 200, ("healthy: %s.%s.amazonaws.com ")
      :format(service.signing_name, settings.region))
  end
  local media = media_type(req)
  if req.method ~= "POST" or (#req.body > 0 and not MEDIA_TYPES[media]) then
    return finish(ctx, 404, BARE_UNKNOWN)
  end
  local plain = service.crc32 and media ~= service.content_type or media == "application/json"
  ctx.content_type = plain and "application/json" or service.content_type

  local ok, result = xpcall(perform, failure.trace, ctx)
  if ok then return result end
  if result.code == faults.NO_ANSWER then return { abort = true } end
  if not result.unexpected then return refuse(ctx, result) end
  log.error("sandbox.broken_operation",
    { service = service.name, operation = ctx.operation, traceback = result.text })
  return refuse(ctx, aws_json.internal(service))
end

return aws_json
