-- SPDX-License-Identifier: MIT
-- The grammar of UpdateExpression -> {set = {{path, value}}, remove = {{path}}, add = {...}, delete = {...},
-- paths = list, targets = {[attribute written to] = true, or "computed" when no value of the request}}.
-- A value is an operand, or {kind = "sum", sign = "+" | "-", left, right}.
local parser = require "sandbox.dynamodb.parser"

local ARITY = { if_not_exists = 2, list_append = 2 }
local FOREIGN = { attribute_exists = true, attribute_not_exists = true, attribute_type = true,
  begins_with = true,
                  contains = true, size = true }
local ORDER = { "reserved", "unknown", "section", "name", "value", "depth", "misused", "overlap", "conflict",
  "operand", "function", "operators" }
local WORDS = { S = "STRING", N = "NUMBER", B = "BINARY", NULL = "NULL", BOOL = "BOOLEAN", L = "LIST",
  M = "MAP" }

local function note_type(self, name, type)
  self:note("function", ("Incorrect operand type for operator or function; operator or function: %s, "
    .. "operand type: %s"):format(name, type))
end

local function check_call(self, call)
  local arity = ARITY[call.name]
  if not arity then
    local message = FOREIGN[call.name] and "The function is not allowed in an update expression; function: "
      or "Invalid function name; function: "
    return self:note("unknown", message .. call.name)
  end
  if arity ~= #call.args then
    return self:note("function", ("Incorrect number of operands for operator or function; operator or "
      .. "function: %s, number of operands: %d"):format(call.name, #call.args))
  end
  if call.name == "if_not_exists" then
    if call.args[1].kind ~= "path" then
      self:note("function", "Operator or function requires a document path; operator or function: "
        .. "if_not_exists")
    end
    return
  end
  call.type = "L"
  for _, arg in ipairs(call.args) do
    local type = parser.operand_type(arg)
    if type and type ~= "L" then note_type(self, "list_append", type) end
    if arg.name == "list_append" then
      self:note("misused", "The function is not allowed to be used this way in an expression; function: "
        .. "list_append")
    end
  end
end

local value

local function operand(self)
  if self:is("placeholder") then return self:placeholder() end
  if self:is("name") and self:peek().type == "(" then
    self:count_operator()
    return self:call(operand, check_call)
  end
  if self:accept("(") then
    local inner = value(self)
    self:expect(")")
    return inner
  end
  return { kind = "path", path = self:path() }
end

function value(self)
  local left = operand(self)
  local sign = self:accept("+") or self:accept("-")
  if not sign then return left end
  self:count_operator()
  local right = operand(self)
  for _, side in ipairs { left, right } do
    local type = parser.operand_type(side)
    if type and type ~= "N" then note_type(self, sign.text, type) end
  end
  return { kind = "sum", sign = sign.text, left = left, right = right, type = "N" }
end

-- ADD and DELETE take a set from the request, ADD also a number.
local function set_operand(self, operator)
  local taken = self:placeholder()
  local type = parser.operand_type(taken)
  if WORDS[type] and not (operator == "ADD" and type == "N") then
    self:note("operand", ("Incorrect operand type for operator or function; operator: %s, operand type: "
      .. "%s, typeSet: ALLOWED_FOR_%s_OPERAND"):format(operator, WORDS[type], operator))
  end
  return taken
end

local ACTIONS = {}

function ACTIONS.SET(self)
  self:count_operator()
  local path = self:path()
  self:expect("=")
  return { path = path, value = value(self) }
end

function ACTIONS.REMOVE(self)
  return { path = self:path() }
end

function ACTIONS.ADD(self)
  self:count_operator()
  return { path = self:path(), value = set_operand(self, "ADD") }
end

function ACTIONS.DELETE(self)
  self:count_operator()
  return { path = self:path(), value = set_operand(self, "DELETE") }
end

local function section(self, update, seen)
  local word = self.token.keyword
  if not ACTIONS[word] then self:syntax_error() end
  self:advance()
  if seen[word] then
    self:note("section", ('The "%s" section can only be used once in an update expression;'):format(word))
  end
  seen[word] = true
  local list = update[word:lower()]
  repeat
    local action = ACTIONS[word](self)
    list[#list + 1] = action
    update.paths[#update.paths + 1] = action.path
  until not self:accept(",")
end

return function(label, text, scope)
  local self = parser.new(label, text, scope)
  local update = { set = {}, remove = {}, add = {}, delete = {}, paths = {}, targets = {} }
  local seen = {}
  repeat
    section(self, update, seen)
  until self:is("eof")
  self:check_paths(update.paths)
  self:settle(ORDER)
  for _, path in ipairs(update.paths) do update.targets[path[1]] = true end
  for _, action in ipairs(update.set) do
    if action.value.kind ~= "value" then update.targets[action.path[1]] = "computed" end
  end
  return update
end
