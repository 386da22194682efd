-- SPDX-License-Identifier: MIT
-- From a KeyConditionExpression's tree to {[attribute] = {operator, values}}, the form KeyConditions already
-- has; and from that to the bounds of a sort key.
local invalid = require "sandbox.dynamodb.invalid"
local keys = require "sandbox.dynamodb.keys"

local key_condition = {}

local NAMES = { ["="] = "EQ", ["<"] = "LT", ["<="] = "LE", [">"] = "GT", [">="] = "GE" }
local FLIPPED = { ["="] = "EQ", ["<"] = "GT", ["<="] = "GE", [">"] = "LT", [">="] = "LE" }

local function check_operands(node, operands)
  local path
  for i, operand in ipairs(operands) do
    if operand.kind == "call" then invalid("KeyConditionExpressions cannot contain nested operations") end
    if operand.kind == "path" then
      if path then
        invalid("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
      end
      if #operand.path > 1 then
        invalid("KeyConditionExpressions cannot have conditions on nested attributes")
      end
      path = { name = operand.path[1], at = i }
    end
  end
  if not path then invalid("Invalid condition in KeyConditionExpression: No key attribute specified") end
  local word = node.op == "between" and "BETWEEN" or node.op == "call" and node.name
  if word and path.at ~= 1 then
    invalid("Invalid condition in KeyConditionExpression: %s operator must have the key attribute as its "
      .. "first operand",
      word)
  end
  return path
end

local function add(conditions, name, operator, values)
  if conditions[name] then invalid("KeyConditionExpressions must only contain one condition per key") end
  conditions[name] = { operator = operator, values = values }
end

local COLLECT = {}

local function collect(node, conditions)
  local handler = COLLECT[node.op]
  if not handler then
    invalid("Invalid operator used in KeyConditionExpression: %s", node.op:upper())
  end
  handler(node, conditions)
end

COLLECT["and"] = function(node, conditions)
  collect(node.left, conditions)
  collect(node.right, conditions)
end

function COLLECT.compare(node, conditions)
  if node.comparator == "<>" then invalid("Invalid operator used in KeyConditionExpression: <>") end
  local path = check_operands(node, { node.left, node.right })
  local other = path.at == 1 and node.right or node.left
  add(conditions, path.name, (path.at == 1 and NAMES or FLIPPED)[node.comparator], { other.value })
end

function COLLECT.between(node, conditions)
  local path = check_operands(node, { node.x, node.low, node.high })
  add(conditions, path.name, "BETWEEN", { node.low.value, node.high.value })
end

function COLLECT.call(node, conditions)
  if node.name ~= "begins_with" then
    invalid("Invalid operator used in KeyConditionExpression: %s", node.name)
  end
  local path = check_operands(node, node.args)
  add(conditions, path.name, "BEGINS_WITH", { node.args[2].value })
end

function key_condition.from(tree)
  local conditions = {}
  collect(tree, conditions)
  return conditions
end

-- The first bytes after everything that starts with a prefix, nil when nothing comes after.
local function successor(prefix)
  local head = prefix:match("^(.-)\xff*$")
  if head == "" then return nil end
  return head:sub(1, -2) .. string.char(head:byte(-1) + 1)
end

local COMPARATORS = { EQ = "=", LT = "<", LE = "<=", GT = ">", GE = ">=" }

-- A list of {comparator, bytes} for storage.walk.
function key_condition.bounds(condition)
  if not condition then return nil end
  local first = keys.encode(condition.values[1])
  local comparator = COMPARATORS[condition.operator]
  if comparator then return { { comparator, first } } end
  if condition.operator == "BETWEEN" then
    return { { ">=", first }, { "<=", keys.encode(condition.values[2]) } }
  end
  local after = successor(first)
  return { { ">=", first }, after and { "<", after } }
end

return key_condition
