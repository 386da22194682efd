-- SPDX-License-Identifier: MIT
-- The parameters of before there were expressions: Expected, QueryFilter, ScanFilter, KeyConditions,
-- AttributeUpdates, AttributesToGet. Conditions become {[attribute] = {operator, values}}, for evaluate.all.
local invalid = require "sandbox.dynamodb.invalid"
local values = require "sandbox.dynamodb.values"

local legacy = {}

local INVALID = "One or more parameter values were invalid: "
local SCALAR = { S = true, N = true, B = true }
local OPERATORS = { -- least and most values, and the types they may have
  EQ = { 1, 1 }, NE = { 1, 1 },
  LE = { 1, 1, SCALAR }, LT = { 1, 1, SCALAR }, GE = { 1, 1, SCALAR }, GT = { 1, 1, SCALAR },
  CONTAINS = { 1, 1, SCALAR }, NOT_CONTAINS = { 1, 1, SCALAR }, BEGINS_WITH = { 1, 1, { S = true,
    B = true } },
  IN = { 1, math.huge, SCALAR }, BETWEEN = { 2, 2, SCALAR },
  NULL = { 0, 0 }, NOT_NULL = { 0, 0 },
}

local function check_value(value)
  local problem = values.problem(value)
  if problem then invalid(problem) end
end

local function check_list(operator, list)
  local rule = OPERATORS[operator]
  if #list < rule[1] or #list > rule[2] then
    invalid(INVALID .. "Invalid number of argument(s) for the %s ComparisonOperator", operator)
  end
  local first = list[1] and next(list[1])
  for _, value in ipairs(list) do
    if next(value) ~= first then
      invalid(INVALID .. "AttributeValues inside AttributeValueList must be of same type")
    end
  end
  if first and rule[3] and not rule[3][first] then
    invalid(INVALID .. "ComparisonOperator %s is not valid for %s AttributeValue type", operator, first)
  end
  if operator == "BETWEEN" and values.compare(list[1], list[2]) > 0 then
    invalid("The BETWEEN condition was provided a range where the lower bound is greater than the upper "
      .. "bound")
  end
end

-- QueryFilter, ScanFilter, KeyConditions.
function legacy.conditions(given)
  if not given then return nil end
  local conditions = {}
  for name, condition in pairs(given) do
    local operator, list = condition.ComparisonOperator, condition.AttributeValueList or {}
    for _, value in ipairs(list) do check_value(value) end
    check_list(operator, list)
    conditions[name] = { operator = operator, values = list }
  end
  return conditions
end

local function expected_with_operator(name, condition)
  local operator = condition.ComparisonOperator
  if condition.Exists ~= nil then
    invalid(INVALID .. "Exists and ComparisonOperator cannot be used together for Attribute: %s", name)
  end
  local none = operator == "NULL" or operator == "NOT_NULL"
  if not none and not condition.AttributeValueList and not condition.Value then
    invalid(INVALID .. "Value or AttributeValueList must be used with ComparisonOperator: %s for "
      .. "Attribute: %s",
      operator, name)
  end
  local list = condition.AttributeValueList or { condition.Value }
  for _, value in ipairs(list) do check_value(value) end
  check_list(operator, list)
  return { operator = operator, values = list }
end

local function expected_plain(name, condition)
  if condition.AttributeValueList then
    invalid(INVALID .. "AttributeValueList can only be used with a ComparisonOperator for Attribute: %s",
      name)
  end
  local exists = condition.Exists ~= false
  if exists and not condition.Value then
    invalid(INVALID .. "Value must be provided when Exists is %s for Attribute: %s",
      condition.Exists == nil and "null" or "true", name)
  end
  if not exists and condition.Value then
    invalid(INVALID .. "Value cannot be used when Exists is false for Attribute: %s", name)
  end
  if not exists then return { operator = "NULL", values = {} } end
  check_value(condition.Value)
  return { operator = "EQ", values = { condition.Value } }
end

function legacy.expected(given)
  if not given then return nil end
  local conditions = {}
  for name, condition in pairs(given) do
    if condition.AttributeValueList and condition.Value then
      invalid(INVALID .. "Value and AttributeValueList cannot be used together for Attribute: %s", name)
    end
    local read = condition.ComparisonOperator and expected_with_operator or expected_plain
    conditions[name] = read(name, condition)
  end
  return conditions
end

-- given: the conditions that ConditionalOperator would join.
function legacy.check_conditional_operator(input, given)
  if not input.ConditionalOperator then return end
  if not given or not next(given) then
    invalid("ConditionalOperator cannot be used without Filter or Expected")
  end
  if not next(given, (next(given))) then
    invalid("ConditionalOperator can only be used when Filter or Expected has two or more elements")
  end
end

local ADDABLE = { N = true, L = true, SS = true, NS = true, BS = true }
local DELETABLE = { SS = true, NS = true, BS = true }

function legacy.check_attribute_updates(updates)
  for _, change in pairs(updates or {}) do
    if not change.Value then
      if change.Action ~= "DELETE" then
        invalid(INVALID .. "Only DELETE action is allowed when no attribute value is specified")
      end
    else
      check_value(change.Value)
      local type = next(change.Value)
      if change.Action == "DELETE" and not DELETABLE[type] then
        invalid(INVALID .. "DELETE action with value is not supported for the type %s", type)
      end
      if change.Action == "ADD" and not ADDABLE[type] then
        invalid(INVALID .. "ADD action is not supported for the type %s", type)
      end
    end
  end
end

function legacy.check_attributes_to_get(names)
  local seen = {}
  for _, name in ipairs(names or {}) do
    if seen[name] then invalid(INVALID .. "Duplicate value in attribute name: %s", name) end
    seen[name] = true
  end
end

return legacy
