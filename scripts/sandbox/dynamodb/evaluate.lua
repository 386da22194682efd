-- SPDX-License-Identifier: MIT
-- Conditions against an item: the trees of condition.lua and the comparison operators of the older
-- parameters.
local crypto = require "crypto"
local values = require "sandbox.dynamodb.values"

local evaluate = {}

-- What a path leads to in an item, or nil.
local function resolve(path, item)
  local here = item[path[1]]
  for i = 2, #path do
    if not here then return nil end
    local step = path[i]
    if math.type(step) then
      here = here.L and here.L[step + 1]
    else
      here = here.M and here.M[step]
    end
  end
  return here
end
evaluate.resolve = resolve

-- --- operators over values; x is nil when the attribute is absent ---

local function characters(text)
  return utf8.len(text) or #text
end

local function size(x)
  local type, inner = next(x)
  if type == "S" then return characters(inner) end
  if type == "B" then return #crypto.unbase64(inner) end
  if type == "M" then
    local n = 0
    for _ in pairs(inner) do n = n + 1 end
    return n
  end
  return type ~= "N" and type ~= "BOOL" and type ~= "NULL" and #inner or nil
end

local function has(list, member)
  for _, each in ipairs(list) do
    if each == member then return true end
  end
  return false
end

local function contains(x, wanted)
  if not x then return false end
  local type, inner = next(wanted)
  if x.L then
    for _, each in ipairs(x.L) do
      if values.equal(each, wanted) then return true end
    end
    return false
  end
  if type == "S" then
    if x.S then return x.S:find(inner, 1, true) ~= nil end
    return x.SS ~= nil and has(x.SS, inner)
  end
  if type == "N" then return x.NS ~= nil and has(x.NS, inner) end
  if type ~= "B" then return false end
  if x.B then return crypto.unbase64(x.B):find(crypto.unbase64(inner), 1, true) ~= nil end
  return x.BS ~= nil and has(x.BS, inner)
end

local function begins_with(x, prefix)
  if not x then return false end
  if x.S and prefix.S then return x.S:sub(1, #prefix.S) == prefix.S end
  if x.B and prefix.B then
    local bytes = crypto.unbase64(prefix.B)
    return crypto.unbase64(x.B):sub(1, #bytes) == bytes
  end
  return false
end

local function ordered(test)
  return function(x, y)
    local order = x and y and values.compare(x, y)
    return order ~= nil and order ~= false and test(order)
  end
end

local function any_equal(x, list)
  for _, each in ipairs(list) do
    if x and each and values.equal(x, each) then return true end
  end
  return false
end

local COMPARE = {
  ["="] = function(x, y) return x ~= nil and y ~= nil and values.equal(x, y) end,
  ["<>"] = function(x, y) return x == nil or y == nil or not values.equal(x, y) end,
  ["<"] = ordered(function(order) return order < 0 end),
  ["<="] = ordered(function(order) return order <= 0 end),
  [">"] = ordered(function(order) return order > 0 end),
  [">="] = ordered(function(order) return order >= 0 end),
}

-- --- trees ---

local function operand(x, item)
  if x.kind == "value" then return x.value end
  if x.kind == "path" then return resolve(x.path, item) end
  local inner = operand(x.args[1], item) -- size is the only call that is an operand
  local n = inner and size(inner)
  return n and { N = tostring(n) } or nil
end

local CALLS = {
  attribute_exists = function(x) return x ~= nil end,
  attribute_not_exists = function(x) return x == nil end,
  attribute_type = function(x, type) return x ~= nil and next(x) == type.S end,
  begins_with = function(x, prefix) return prefix ~= nil and begins_with(x, prefix) end,
  contains = function(x, wanted) return wanted ~= nil and contains(x, wanted) end,
}

local matches

local OPS = {
  ["and"] = function(node, item) return matches(node.left, item) and matches(node.right, item) end,
  ["or"] = function(node, item) return matches(node.left, item) or matches(node.right, item) end,
  ["not"] = function(node, item) return not matches(node.condition, item) end,
  compare = function(node, item)
    return COMPARE[node.comparator](operand(node.left, item), operand(node.right, item))
  end,
  between = function(node, item)
    local x = operand(node.x, item)
    return COMPARE[">="](x, operand(node.low, item)) and COMPARE["<="](x, operand(node.high, item))
  end,
  ["in"] = function(node, item)
    local list = {}
    for i, each in ipairs(node.list) do list[i] = operand(each, item) or false end
    return any_equal(operand(node.x, item), list)
  end,
  call = function(node, item)
    return CALLS[node.name](operand(node.args[1], item), node.args[2] and operand(node.args[2], item))
  end,
}

function matches(node, item)
  return OPS[node.op](node, item)
end
evaluate.matches = matches

-- --- the older parameters: an operator's name, an attribute, a list of values ---

local OPERATORS = {
  EQ = function(x, list) return COMPARE["="](x, list[1]) end,
  NE = function(x, list) return COMPARE["<>"](x, list[1]) end,
  LT = function(x, list) return COMPARE["<"](x, list[1]) end,
  LE = function(x, list) return COMPARE["<="](x, list[1]) end,
  GT = function(x, list) return COMPARE[">"](x, list[1]) end,
  GE = function(x, list) return COMPARE[">="](x, list[1]) end,
  NULL = function(x) return x == nil end,
  NOT_NULL = function(x) return x ~= nil end,
  CONTAINS = function(x, list) return contains(x, list[1]) end,
  NOT_CONTAINS = function(x, list) return x ~= nil and not contains(x, list[1]) end,
  BEGINS_WITH = function(x, list) return begins_with(x, list[1]) end,
  IN = function(x, list) return any_equal(x, list) end,
  BETWEEN = function(x, list) return COMPARE[">="](x, list[1]) and COMPARE["<="](x, list[2]) end,
}

function evaluate.operator(name, x, list)
  return OPERATORS[name](x, list)
end

-- conditions: {[attribute] = {operator, values}}; any: one is enough (ConditionalOperator OR).
function evaluate.all(conditions, item, any)
  for name, condition in pairs(conditions) do
    local holds = OPERATORS[condition.operator](item[name], condition.values)
    if holds and any then return true end
    if not holds and not any then return false end
  end
  return not any or next(conditions) == nil
end

return evaluate
