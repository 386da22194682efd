-- SPDX-License-Identifier: MIT
-- Attribute values in their wire form ({S = "x"}, {L = {...}}): what is wrong with one, its size, equality
-- and order.
local crypto = require "crypto"
local number = require "sandbox.dynamodb.number"
local set_of = require "sandbox.set_of"

local values = {}

local MAX_DEPTH, MAX_NAME = 32, 65535
local INVALID = "One or more parameter values were invalid: "

-- --- validation; numbers become normal on the way ---

local function duplicate(list)
  local seen = {}
  for _, member in ipairs(list) do
    if seen[member] then return true end
    seen[member] = true
  end
  return false
end

local function normal_numbers(list)
  for i, text in ipairs(list) do
    local normal, problem = number.normalise(text)
    if not normal then return problem end
    list[i] = normal
  end
end

local problem_at

-- A map of attributes at one depth.
local function problem_in(attributes, depth)
  if attributes[""] then return "Empty attribute name" end
  for name, value in pairs(attributes) do
    if #name > MAX_NAME then return "Attribute name is too large, must be less than 65536 bytes" end
    local problem = problem_at(value, depth)
    if problem then return problem end
  end
end

local PROBLEMS = {}

function PROBLEMS.N(value)
  local normal, problem = number.normalise(value.N)
  if not normal then return problem end
  value.N = normal
end

function PROBLEMS.NULL(value)
  if not value.NULL then return INVALID .. "Null attribute value types must have the value of true" end
end

function PROBLEMS.SS(value)
  if #value.SS == 0 then return INVALID .. "An string set  may not be empty" end
  if duplicate(value.SS) then
    return ("%sInput collection [%s] contains duplicates."):format(INVALID, table.concat(value.SS, ", "))
  end
end

function PROBLEMS.NS(value)
  if #value.NS == 0 then return INVALID .. "An number set  may not be empty" end
  local problem = normal_numbers(value.NS)
  if problem then return problem end
  if duplicate(value.NS) then return "Input collection contains duplicates" end
end

function PROBLEMS.BS(value)
  if #value.BS == 0 then return INVALID .. "Binary sets should not be empty" end
  if duplicate(value.BS) then
    return ("%sInput collection [%s]of type BS contains duplicates."):format(INVALID,
      table.concat(value.BS, ", "))
  end
end

function PROBLEMS.M(value, depth)
  return problem_in(value.M, depth + 1)
end

function PROBLEMS.L(value, depth)
  for _, member in ipairs(value.L) do
    local problem = problem_at(member, depth + 1)
    if problem then return problem end
  end
end

function problem_at(value, depth)
  local type = next(value)
  if not type then
    return "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
  end
  if depth >= MAX_DEPTH then
    return "Nesting Levels have exceeded supported limits: "
      .. "Attributes in the item have nested levels beyond supported limit"
  end
  for each in pairs(value) do
    local problem = PROBLEMS[each] and PROBLEMS[each](value, depth)
    if problem then return problem end
  end
  if next(value, type) then
    return "Supplied AttributeValue has more than one datatypes set, "
      .. "must contain exactly one of the supported datatypes"
  end
end

-- Why a value is not acceptable, or nil. Afterwards its numbers are in their stored form.
-- depth: how many values hold it; 0 when it is not told.
function values.problem(value, depth)
  return problem_at(value, depth or 0)
end

-- The same over a map of attributes.
function values.problem_in(attributes)
  return problem_in(attributes, 0)
end

-- --- size, in the bytes that DynamoDB counts ---

local function binary_size(text)
  local padding = text:sub(-2) == "==" and 2 or text:sub(-1) == "=" and 1 or 0
  return #text // 4 * 3 - padding
end

local function sum(list, size_of)
  local total = 0
  for _, member in ipairs(list) do total = total + size_of(member) end
  return total
end

local SIZES = {
  S = function(text) return #text end,
  N = number.size,
  B = binary_size,
  BOOL = function() return 1 end,
  NULL = function() return 1 end,
  SS = function(list) return sum(list, function(text) return #text end) end,
  NS = function(list) return sum(list, number.size) end,
  BS = function(list) return sum(list, binary_size) end,
}

local function size(value)
  local type, inner = next(value)
  return SIZES[type](inner)
end
values.size = size

function SIZES.L(list)
  return 3 + sum(list, function(member) return 1 + size(member) end)
end

function SIZES.M(map)
  local total = 3
  for name, member in pairs(map) do total = total + #name + 1 + size(member) end
  return total
end

function values.item_size(item)
  local total = 0
  for name, value in pairs(item) do total = total + #name + size(value) end
  return total
end

-- --- equality and order ---

local equal

local function same_members(a, b)
  if #a ~= #b then return false end
  local has = set_of(a)
  for _, member in ipairs(b) do
    if not has[member] then return false end
  end
  return true
end

local EQUALS = { SS = same_members, NS = same_members, BS = same_members }

function EQUALS.L(a, b)
  if #a ~= #b then return false end
  for i, member in ipairs(a) do
    if not equal(member, b[i]) then return false end
  end
  return true
end

function EQUALS.M(a, b)
  for name, member in pairs(a) do
    if not b[name] or not equal(member, b[name]) then return false end
  end
  for name in pairs(b) do
    if not a[name] then return false end
  end
  return true
end

function equal(a, b)
  local type, inner = next(a)
  local other = b[type]
  if other == nil then return false end
  if EQUALS[type] then return EQUALS[type](inner, other) end
  return inner == other
end
values.equal = equal

-- -1, 0 or 1 for two values of one of the ordered types; nil when they cannot be ordered.
function values.compare(a, b)
  local type, x = next(a)
  local y = b[type]
  if y == nil then return nil end
  if type == "N" then return number.compare(x, y) end
  if type == "B" then
    x, y = crypto.unbase64(x), crypto.unbase64(y)
  elseif type ~= "S" then
    return nil
  end
  return x == y and 0 or x < y and -1 or 1
end

return values
