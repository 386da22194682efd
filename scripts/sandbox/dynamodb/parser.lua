-- SPDX-License-Identifier: MIT
-- What all four grammars of expressions share: walking the tokens, document paths, operands, and the two
-- kinds of error. A syntax error ends the parse at once; everything else is noted, and the gravest note wins
-- at the end. A path is a list of names and of zero-based indexes. An operand is {kind = "path" | "value" |
-- "call", ...}.
local failure = require "sandbox.failure"
local lexer = require "sandbox.dynamodb.lexer"
local reserved = require "sandbox.dynamodb.reserved_words"

local parser = {}
parser.__index = parser

local MAX_LENGTH, MAX_OPERATORS, MAX_DEPTH, MAX_INDEX = 4096, 300, 32, 2 ^ 31 - 1

-- label: the parameter's name; scope: {names, values} of the request and what is found on the way:
-- {used_names, used_values, heads (first steps of paths), nested (those with more steps)}.
function parser.new(label, text, scope)
  local self = setmetatable({ label = label, text = text, scope = scope, notes = {}, at = 1,
    operators = 0 }, parser)
  if text == "" then self:fail("The expression can not be empty;") end
  if #text > MAX_LENGTH then
    self:fail("Expression size has exceeded the maximum allowed size; expression size: " .. #text)
  end
  self.tokens = lexer(text)
  self.token = self.tokens[1]
  return self
end

function parser:fail(message)
  failure("ValidationException", ("Invalid %s: %s"):format(self.label, message))
end

-- Near is from the token before to the token after, with the blanks between and at either end of the text.
function parser:syntax_error()
  local before, after = self.tokens[self.at - 1], self.tokens[self.at + 1] or self.token
  local near = self.text:sub(before and before.from or 1, after.to)
  self:fail(('Syntax error; token: "%s", near: "%s"'):format(self.token.text, near))
end

function parser:note(category, message)
  self.notes[category] = self.notes[category] or message
end

-- Raises the first note in the order of the categories given.
function parser:settle(order)
  for _, category in ipairs(order) do
    if self.notes[category] then self:fail(self.notes[category]) end
  end
end

function parser:advance()
  local token = self.token
  self.at = self.at + 1
  self.token = self.tokens[self.at] or self.token
  return token
end

function parser:is(type)
  return self.token.type == type
end

function parser:is_keyword(word)
  return self.token.keyword == word
end

function parser:accept(type)
  if self.token.type == type then return self:advance() end
end

function parser:expect(type)
  if self.token.type ~= type then self:syntax_error() end
  return self:advance()
end

function parser:accept_keyword(word)
  if self.token.keyword == word then return self:advance() end
end

function parser:peek()
  return self.tokens[self.at + 1] or self.token
end

function parser:count_operator()
  self.operators = self.operators + 1
  if self.operators > MAX_OPERATORS then
    self:note("operators", "The expression contains too many operators; operator count: " .. self.operators)
  end
end

-- --- paths ---

function parser:path_name()
  local token = self.token
  if token.type == "alias" then
    self:advance()
    local name = (self.scope.names or {})[token.text]
    if name == nil then
      self:note("name", "An expression attribute name used in the document path is not defined; attribute "
        .. "name: " ..
        token.text)
    end
    self.scope.used_names[token.text] = true
    return name or token.text
  end
  if token.type ~= "name" then self:syntax_error() end
  self:advance()
  if reserved[token.text:upper()] then
    self:note("reserved", "Attribute name is a reserved keyword; reserved keyword: " .. token.text)
  end
  return token.text
end

function parser:path_index()
  local text = self:expect("number").text
  local index = math.tointeger(tonumber(text))
  if not index or index > MAX_INDEX then
    self:note("depth", ("List index is not within the allowable range; index: [%s]"):format(text))
  end
  return index or 0
end

function parser:path()
  local path = { self:path_name() }
  while true do
    if self:accept(".") then
      path[#path + 1] = self:path_name()
    elseif self:accept("[") then
      path[#path + 1] = self:path_index()
      self:expect("]")
    else
      break
    end
  end
  if #path > MAX_DEPTH then
    self:note("depth", "The document path has too many nesting levels; nesting levels: " .. #path)
  end
  self.scope.heads[path[1]] = true
  if #path > 1 then self.scope.nested[path[1]] = true end
  return path
end

function parser.path_string(path)
  local parts = {}
  for i, step in ipairs(path) do
    parts[i] = math.type(step) and ("[%d]"):format(step) or step
  end
  return "[" .. table.concat(parts, ", ") .. "]"
end

local function clash(a, b)
  for i = 1, math.min(#a, #b) do
    if math.type(a[i]) ~= math.type(b[i]) then return "conflict" end
    if a[i] ~= b[i] then return nil end
  end
  return "overlap"
end

-- Notes the first two paths that cannot both be meant. What cannot be resolved at all is reported elsewhere.
function parser:check_paths(paths)
  for j = 2, #paths do
    for i = 1, j - 1 do
      local kind = clash(paths[i], paths[j])
      if kind then
        self:note(kind, ("Two document paths %s with each other; must remove or rewrite one of these "
          .. "paths; path one: %s, path two: %s"):format(kind, parser.path_string(paths[i]),
            parser.path_string(paths[j])))
      end
    end
  end
end

-- --- operands ---

function parser:placeholder()
  local token = self:expect("placeholder")
  local value = (self.scope.values or {})[token.text]
  if value == nil then
    self:note("value", "An expression attribute value used in expression is not defined; attribute value: " ..
      token.text)
  end
  self.scope.used_values[token.text] = true
  return { kind = "value", value = value, name = token.text }
end

-- name(operand, ...): check(self, call) judges it.
function parser:call(operand, check)
  local call = { kind = "call", name = self:advance().text, args = {} }
  self:expect("(")
  repeat
    call.args[#call.args + 1] = operand(self)
  until not self:accept(",")
  self:expect(")")
  check(self, call)
  return call
end

-- The type of an operand that is written out in the request, nil for a path.
function parser.operand_type(operand)
  if operand.kind == "value" and operand.value then return (next(operand.value)) end
  return operand.type
end

return parser
