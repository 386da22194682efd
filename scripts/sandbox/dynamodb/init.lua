-- SPDX-License-Identifier: MIT
-- The DynamoDB of the sandbox, as the service that aws_json.lua serves. An operation is a function of its
-- input, which has been read against its shape before.
local shape = require "sandbox.dynamodb.shape"
local shapes = require "sandbox.dynamodb.shapes"

local operations = {}

local function add(more)
  for name, operation in pairs(more) do
    local expected = assert(shapes[name], name)
    operations[name] = function(input, ctx) return operation(shape.read(input, expected), ctx) end
  end
end

add(require "sandbox.dynamodb.table_operations")
add(require "sandbox.dynamodb.settings_operations")
add(require "sandbox.dynamodb.items")
add(require "sandbox.dynamodb.batch")
add(require "sandbox.dynamodb.transact")
add { Query = require "sandbox.dynamodb.query", Scan = require "sandbox.dynamodb.scan" }

local VALIDATE, SERVICE = "com.amazon.coral.validate#", "com.amazon.coral.service#"
local OWN, AVAILABILITY = "com.amazonaws.dynamodb.v20120810#", "com.amazon.coral.availability#"
local PREFIXES = {
  ValidationException = VALIDATE, SerializationException = SERVICE, UnknownOperationException = SERVICE,
  MissingAuthenticationTokenException = SERVICE, IncompleteSignatureException = SERVICE,
  UnrecognizedClientException = SERVICE, InvalidSignatureException = SERVICE, ExpiredTokenException = SERVICE,
  AccessDeniedException = SERVICE, ThrottlingException = AVAILABILITY,
}

return {
  name = "dynamodb",
  signing_name = "dynamodb",
  target_prefix = "DynamoDB_20120810",
  content_type = "application/x-amz-json-1.0",
  unsigned = {},
  operations = operations,
  error_type = function(code) return (PREFIXES[code] or OWN) .. code end,
  capital_message = { SerializationException = true, AccessDeniedException = true },
  crc32 = true,
  nul = true,
}
