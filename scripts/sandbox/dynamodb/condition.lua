-- SPDX-License-Identifier: MIT
-- The grammar of ConditionExpression, FilterExpression and KeyConditionExpression -> a tree that
-- evaluate.lua runs: {op = "and" | "or", left, right}, {op = "not", condition}, {op = "compare", comparator,
-- left, right}, {op = "between", x, low, high}, {op = "in", x, list}, {op = "call", name, args}.
local parser = require "sandbox.dynamodb.parser"
local values = require "sandbox.dynamodb.values"

local COMPARATORS = { ["="] = true, ["<>"] = true, ["<"] = true, ["<="] = true, [">"] = true, [">="] = true }
local ORDERED = { S = true, N = true, B = true }
local TYPES = { S = true, N = true, B = true, NULL = true, SS = true, BOOL = true, L = true, BS = true,
  NS = true,
                M = true }
local ARITY = { attribute_exists = 1, attribute_not_exists = 1, attribute_type = 2, begins_with = 2,
  contains = 2,
                size = 1 }
local FOREIGN = { if_not_exists = true, list_append = true }
local ONE_CONDITION = { "name", "value", "depth", "operand", "distinct", "function" }
local ORDER = { "parens", "unknown", "misused", "reserved", "condition", "operators" }
local MAX_IN = 100

-- The first error inside one condition is that condition's error; the first condition's error is the
-- expression's.
local function close_condition(self)
  if self.notes.condition then return end
  for _, category in ipairs(ONE_CONDITION) do
    if self.notes[category] then self.notes.condition = self.notes[category] return end
  end
end

local function note_type(self, name, type)
  self:note("function", ("Incorrect operand type for operator or function; operator or function: %s, "
    .. "operand type: %s"):format(name, type))
end

local function same_path(a, b)
  if a.kind ~= "path" or b.kind ~= "path" or #a.path ~= #b.path then return false end
  for i, step in ipairs(a.path) do
    if b.path[i] ~= step then return false end
  end
  return true
end

local function check_distinct(self, name, args)
  if #args == 2 and same_path(args[1], args[2]) then
    self:note("distinct", ("The first operand must be distinct from the remaining operands for this "
      .. "operator or "
      .. "function; operator: %s, first operand: %s"):format(name, parser.path_string(args[1].path)))
  end
end

-- --- functions ---

local CHECKS = {}

function CHECKS.attribute_exists(self, call)
  if call.args[1].kind ~= "path" then
    self:note("function",
      "Operator or function requires a document path; operator or function: " .. call.name)
  end
end
CHECKS.attribute_not_exists = CHECKS.attribute_exists

function CHECKS.begins_with(self, call)
  for _, arg in ipairs(call.args) do
    local type = parser.operand_type(arg)
    if type and type ~= "S" and type ~= "B" then note_type(self, call.name, type) end
  end
end

function CHECKS.attribute_type(self, call)
  local wanted = call.args[2]
  local type = parser.operand_type(wanted)
  if wanted.kind == "value" and not wanted.value then return end
  if type ~= "S" then
    note_type(self, call.name, type or "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
  elseif not TYPES[wanted.value.S] then
    self:note("function", ("Invalid attribute type name found; type: %s, valid types: "
      .. "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}"):format(wanted.value.S))
  end
end

function CHECKS.size(self, call)
  local type = parser.operand_type(call.args[1])
  if type == "N" or type == "BOOL" or type == "NULL" then
    note_type(self, call.name, type)
  end
end

local function check_call(self, call)
  local arity = ARITY[call.name]
  for _, arg in ipairs(call.args) do
    if arg.kind == "call" and arg.name ~= "size" and ARITY[arg.name] then
      self:note("misused",
        "The function is not allowed to be used this way in an expression; function: " .. arg.name)
    end
  end
  if not arity then
    local message = FOREIGN[call.name] and "The function is not allowed in a condition expression; function: "
      or "Invalid function name; function: "
    self:note("unknown", message .. call.name)
  elseif arity ~= #call.args then
    self:note("operand", ("Incorrect number of operands for operator or function; operator or function: "
      .. "%s, number of operands: %d"):format(call.name, #call.args))
  else
    check_distinct(self, call.name, call.args)
    if CHECKS[call.name] then CHECKS[call.name](self, call) end
  end
  call.type = call.name == "size" and "N" or "BOOL"
end

-- --- operands ---

local operand

-- In an operand, parentheses hold one operand; whether they hold a condition instead is primary's question.
function operand(self)
  if self:is("placeholder") then return self:placeholder() end
  if self:is("name") and self:peek().type == "(" then
    self:count_operator()
    return self:call(operand, check_call)
  end
  if self:accept("(") then
    local inner = operand(self)
    if inner.parens then self:note("parens", "The expression has redundant parentheses;") end
    self:expect(")")
    inner.parens = true
    return inner
  end
  return { kind = "path", path = self:path() }
end

local function check_operand(self, x)
  if x.kind == "call" and x.name ~= "size" then
    self:note("misused",
      "The function is not allowed to be used this way in an expression; function: " .. x.name)
  end
end

local function check_ordered(self, name, operands)
  for _, x in ipairs(operands) do
    local type = x.kind == "value" and parser.operand_type(x)
    if type and not ORDERED[type] then note_type(self, name, type) end
  end
end

-- --- conditions ---

local function comparison(self, left)
  self:count_operator()
  local comparator = self:advance().text
  local right = operand(self)
  check_operand(self, left)
  check_operand(self, right)
  check_distinct(self, comparator, { left, right })
  if comparator ~= "=" and comparator ~= "<>" then check_ordered(self, comparator, { left, right }) end
  return { op = "compare", comparator = comparator, left = left, right = right }
end

local function value_string(value)
  local type, inner = next(value)
  return ("AttributeValue: {%s:%s}"):format(type, tostring(inner))
end

local function check_bounds(self, low, high)
  local a, b = low.value, high.value
  if not (low.kind == "value" and high.kind == "value" and a and b) then return end
  local bounds = ("lower bound operand: %s, upper bound operand: %s"):format(value_string(a), value_string(b))
  if next(a) ~= next(b) then
    self:note("function",
      "The BETWEEN operator requires same data type for lower and upper bounds; " .. bounds)
  elseif ORDERED[next(a)] and values.compare(a, b) > 0 then
    self:note("function", "The BETWEEN operator requires upper bound to be greater than or equal to lower "
      .. "bound; " ..
      bounds)
  end
end

local function between(self, x)
  self:count_operator()
  self:advance()
  local low = operand(self)
  if not self:accept_keyword("AND") then self:syntax_error() end
  local high = operand(self)
  for _, each in ipairs { x, low, high } do check_operand(self, each) end
  check_ordered(self, "BETWEEN", { x, low, high })
  check_bounds(self, low, high)
  return { op = "between", x = x, low = low, high = high }
end

local function in_list(self, x)
  self:count_operator()
  self:advance()
  self:expect("(")
  local list = {}
  repeat
    list[#list + 1] = operand(self)
    check_operand(self, list[#list])
  until not self:accept(",")
  self:expect(")")
  check_operand(self, x)
  if #list > MAX_IN then
    self:note("operand", "The IN operator is provided with too many operands; number of operands: " .. #list)
  end
  return { op = "in", x = x, list = list }
end

local disjunction

-- What stands in parentheses may turn out to be an operand: (a) = (:b).
local function parenthesised(self)
  self:advance()
  local inner = disjunction(self, true)
  if inner.parens then self:note("parens", "The expression has redundant parentheses;") end
  self:expect(")")
  inner.parens = true
  return inner
end

-- loose: an operand alone is welcome, because the parenthesis around it may be an operand's.
local function primary(self, loose)
  local x
  if self:is("(") then
    x = parenthesised(self)
    if x.op then return x end
  else
    x = operand(self)
  end
  local made
  if COMPARATORS[self.token.type] then
    made = comparison(self, x)
  elseif self:is_keyword("BETWEEN") then
    made = between(self, x)
  elseif self:is_keyword("IN") then
    made = in_list(self, x)
  elseif loose and self:is(")") then
    return x
  elseif x.kind == "call" then
    made = { op = "call", name = x.name, args = x.args, parens = x.parens }
  else
    self:syntax_error()
  end
  close_condition(self)
  return made
end

local function as_condition(self, x)
  if x.op then return x end
  if x.kind ~= "call" then self:syntax_error() end
  close_condition(self)
  return { op = "call", name = x.name, args = x.args, parens = x.parens }
end

local function negation(self, loose)
  if self:accept_keyword("NOT") then
    self:count_operator()
    return { op = "not", condition = as_condition(self, negation(self, false)) }
  end
  return primary(self, loose)
end

local function chain(below, word, op)
  return function(self, loose)
    local left = below(self, loose)
    while self:is_keyword(word) do
      left = as_condition(self, left)
      self:count_operator()
      self:advance()
      left = { op = op, left = left, right = as_condition(self, below(self, false)) }
    end
    return left
  end
end

disjunction = chain(chain(negation, "AND", "and"), "OR", "or")

local function note_bare_size(self, node)
  if node.op == "call" and node.name == "size" then
    self:note("misused", "The function is not allowed to be used this way in an expression; function: size")
  end
  for _, child in ipairs { node.left or false, node.right or false, node.condition or false } do
    if child and child.op then note_bare_size(self, child) end
  end
end

-- The tree of a condition, or a raise.
return function(label, text, scope)
  local self = parser.new(label, text, scope)
  local tree = as_condition(self, disjunction(self, false))
  if not self:is("eof") then self:syntax_error() end
  note_bare_size(self, tree)
  self:settle(ORDER)
  return tree
end
