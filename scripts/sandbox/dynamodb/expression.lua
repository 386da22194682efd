-- SPDX-License-Identifier: MIT
-- The expressions of one request, with their names and values: which parameters may stand together, what the
-- placeholders are, and that each of them is used. Gives {update, condition, key_condition, filter,
-- projection, heads = {[each of these] = set of attributes}, nested = set of attributes with deeper paths}.
local invalid = require "sandbox.dynamodb.invalid"
local parse_condition = require "sandbox.dynamodb.condition"
local parse_update = require "sandbox.dynamodb.update_parser"
local projection = require "sandbox.dynamodb.projection"
local values = require "sandbox.dynamodb.values"

local expression = {}

local MAX_KEY, MAX_BYTES = 255, 2 * 1024 * 1024
local TOO_LONG = "The expression attribute map contains a key that is too long;"

local function present(input, names)
  local found = {}
  for _, name in ipairs(names) do
    if input[name] ~= nil then found[#found + 1] = name end
  end
  return found
end

-- expressions and legacy: names of parameters in the order in which DynamoDB lists them.
function expression.check_parameters(input, expressions, legacy)
  local given = present(input, expressions)
  if #given > 0 then
    local old = present(input, legacy)
    if #old > 0 then
      invalid("Can not use both expression and non-expression parameters in the same request: Non-expression "
        .. "parameters: {%s} Expression parameters: {%s}", table.concat(old, ", "), table.concat(given, ", "))
    end
  elseif input.ExpressionAttributeNames then
    invalid("ExpressionAttributeNames can only be specified when using expressions")
  end
  if not input.ExpressionAttributeValues then return end
  local with_values = {}
  for _, name in ipairs(expressions) do
    if name ~= "ProjectionExpression" then with_values[#with_values + 1] = name end
  end
  if #present(input, with_values) == 0 then
    invalid("ExpressionAttributeValues can only be specified when using expressions: %s %s null",
      table.concat(with_values, " and "), #with_values > 1 and "are" or "is")
  end
end

local function check_names(names)
  if not names then return end
  if not next(names) then invalid("ExpressionAttributeNames must not be empty") end
  for key, name in pairs(names) do
    if #key > MAX_KEY then
      invalid("ExpressionAttributeNames contains invalid key: %s size of key: %d", TOO_LONG, #key)
    end
    if not key:find("^#[%w_]+$") then
      invalid('ExpressionAttributeNames contains invalid key: Syntax error; key: "%s"', key)
    end
    if name == "" then
      invalid("ExpressionAttributeNames contains invalid value: Empty attribute name for key %s", key)
    end
  end
end

local function check_values(attributes)
  if not attributes then return end
  if not next(attributes) then invalid("ExpressionAttributeValues must not be empty") end
  for key in pairs(attributes) do
    if #key > MAX_KEY then invalid("ExpressionAttributeValues contains invalid key: " .. TOO_LONG) end
    if not key:find("^:[%w_]+$") then
      invalid('ExpressionAttributeValues contains invalid key: Syntax error; key: "%s"', key)
    end
  end
  for key, value in pairs(attributes) do
    local problem = values.problem(value)
    if problem then
      invalid("ExpressionAttributeValues contains invalid value: %s for key %s", problem, key)
    end
  end
end

-- Names and values have one limit together.
local function check_size(names, attributes)
  local bytes = 0
  for key, name in pairs(names or {}) do bytes = bytes + #key + #name end
  if bytes > MAX_BYTES then invalid "ExpressionAttributeNames exceeds max size" end
  bytes = bytes + values.item_size(attributes or {})
  if bytes > MAX_BYTES then invalid "ExpressionAttributeValues exceeds max size" end
end

local function check_unused(what, given, used)
  local unused = {}
  for key in pairs(given or {}) do
    if not used[key] then unused[#unused + 1] = key end
  end
  if #unused == 0 then return end
  table.sort(unused)
  invalid("Value provided in %s unused in expressions: keys: {%s}", what, table.concat(unused, ", "))
end

local GRAMMARS = {
  { "UpdateExpression", "update", parse_update },
  { "ConditionExpression", "condition", parse_condition },
  { "KeyConditionExpression", "key_condition", parse_condition },
  { "FilterExpression", "filter", parse_condition },
  { "ProjectionExpression", "projection", projection.parse },
}

function expression.parse(input)
  check_names(input.ExpressionAttributeNames)
  check_values(input.ExpressionAttributeValues)
  check_size(input.ExpressionAttributeNames, input.ExpressionAttributeValues)
  local scope = { names = input.ExpressionAttributeNames, values = input.ExpressionAttributeValues,
                  used_names = {}, used_values = {}, nested = {} }
  local parsed = { heads = {}, nested = scope.nested }
  for _, grammar in ipairs(GRAMMARS) do
    local label, key, parse = grammar[1], grammar[2], grammar[3]
    if input[label] then
      scope.heads = {}
      parsed[key], parsed.heads[key] = parse(label, input[label], scope), scope.heads
    end
  end
  check_unused("ExpressionAttributeNames", scope.names, scope.used_names)
  check_unused("ExpressionAttributeValues", scope.values, scope.used_values)
  return parsed
end

return expression
