-- SPDX-License-Identifier: MIT
-- bindings: the words of a DynamoDB request: expressions, their names and values. Used by dynamodb.lua; pure.
-- A caller writes attribute names as they are ("status = :open"), and here every one of them becomes an alias
-- ("#status"), so that no reserved word (name, role, status, region, … 573 of them) can ever break a flow.

local attribute_value = require "attribute_value"

local expression = {}

local keywords = {}
for word in ("AND OR NOT BETWEEN IN SET REMOVE ADD DELETE"):gmatch("%a+") do keywords[word] = true end

local scope = { __name = "dynamodb.scope" }
scope.__index = scope

local MOST_KNOWN <const> = 512
local NONE <const> = {}

-- make(text), remembered: flows use the same few names and expressions over and over.
local function remembering(make)
  local known, count = {}, 0
  return function(text)
    local made = known[text]
    if made == nil then
      if count >= MOST_KNOWN then known, count = {}, 0 end
      made = make(text)
      known[text], count = made, count + 1
    end
    return made
  end
end


-- The names and values that all expressions of one request share. names: {["#n"]="na.me"} for attributes
-- whose name is no plain word or is a keyword (AND OR NOT BETWEEN IN SET REMOVE ADD DELETE). values:
-- {open="OPEN"} or {[":open"]="OPEN"}.
function expression.scope(names, values)
  local self = setmetatable({ names = {}, values = {}, own_aliases = names ~= nil }, scope)
  for alias, name in pairs(names or NONE) do
    self.names[alias:find("^#") and alias or "#" .. alias] = name
  end
  for placeholder, value in pairs(values or NONE) do
    self:value(placeholder:gsub("^:", ""), value)
  end
  return self
end


local word_of = remembering(function(name)
  return (name:gsub("[^%w_]", "_"))
end)


-- An attribute's name -> its alias: "#" and the name; "_" follows when the caller's own alias is in the way.
function scope:alias(name)
  local alias = "#" .. word_of(name)
  while self.names[alias] and self.names[alias] ~= name do alias = alias .. "_" end
  self.names[alias] = name
  return alias
end


-- Binds a value to the placeholder ":word" | ":word_" when that one is taken -> the placeholder.
function scope:value(word, value)
  local placeholder = ":" .. word_of(word)
  while self.values[placeholder] ~= nil do placeholder = placeholder .. "_" end
  self.values[placeholder] = attribute_value.encode(value)
  return placeholder
end


-- A word is a name unless it is a keyword, a function (a bracket follows) or has "#" or ":" before it.
function scope:aliased(text)
  return (text:gsub("([#:]?)([%a_][%w_]*)(%s*%(?)", function(mark, word, after)
    if mark ~= "" or keywords[word:upper()] or after:find("%(") then return nil end
    return self:alias(word) .. after
  end))
end


local alone = remembering(function(text)
  local names = expression.scope()
  return { text = names:aliased(text), names = names.names }
end)


-- An expression with every name in it as an alias | nil for nil. Without aliases of the caller's the outcome
-- is always the same, but for names that are in the way.
function scope:text(text)
  if text == nil then return nil end
  assert(type(text) == "string", "dynamodb: an expression is a string")
  if self.own_aliases then return self:aliased(text) end

  local known = alone(text)
  for alias, name in pairs(known.names) do
    if (self.names[alias] or name) ~= name then return self:aliased(text) end
    self.names[alias] = name
  end
  return known.text
end


local is_word = remembering(function(path) return not path:find("[.[]") end)

-- A dotted path of plain words ("limits.seats") -> the same in aliases.
function scope:path(path)
  if is_word(path) then return self:alias(path) end
  return (path:gsub("[^.]+", function(part)
    local name, index = part:match("^([^%[]+)(.*)$")
    return self:alias(name) .. index
  end))
end


local function sorted(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end


local function assign(path, value) return path .. " = " .. value end

local function assign_once(path, value) return path .. " = if_not_exists(" .. path .. ", " .. value .. ")" end

local function operand(path, value) return path .. " " .. value end

local function clause(scope_, word, map, form)
  if not map or next(map) == nil then return nil end
  local parts = {}
  for i, path in ipairs(sorted(map)) do
    parts[i] = form(scope_:path(path), scope_:value(path, map[path]))
  end
  return word .. table.concat(parts, ", ")
end


local function remove_clause(scope_, paths)
  if not paths or #paths == 0 then return nil end
  local parts = {}
  for i, path in ipairs(paths) do parts[i] = scope_:path(path) end
  return "REMOVE " .. table.concat(parts, ", ")
end


local function join(separator, ...)
  local parts = {}
  for i = 1, select("#", ...) do
    local part = select(i, ...)
    if part then parts[#parts + 1] = part end
  end
  return #parts > 0 and table.concat(parts, separator) or nil
end


-- The update of a request: its `update` text, or the clauses made of the maps set= (assign), set_once= (only
-- where there is none yet), add= (number or set), delete= (members of a set) and the list remove=. Paths are
-- dotted plain words. Raises when both forms, or neither, are given.
function scope:update(request)
  local set = join(", ", clause(self, "", request.set, assign),
    clause(self, "", request.set_once, assign_once))
  local made = join(" ", set and "SET " .. set, remove_clause(self, request.remove),
    clause(self, "ADD ", request.add, operand), clause(self, "DELETE ", request.delete, operand))
  assert(not (made and request.update), "dynamodb: either update= or set=, set_once=, add=, delete=, remove=")
  return made or assert(self:text(request.update), "dynamodb: an update changes something")
end


-- Puts names and values into a wire request; absent when empty, as DynamoDB wants it.
function scope:into(wire)
  wire.ExpressionAttributeNames = next(self.names) and self.names or nil
  wire.ExpressionAttributeValues = next(self.values) and self.values or nil
  return wire
end


-- Would a second run of this update change the item again? Then an unanswered try is not repeated.
expression.accumulates = remembering(function(text)
  return text:find("[+-]") ~= nil or text:find("list_append", 1, true) ~= nil
    or text:find("%f[%w_#:][Aa][Dd][Dd]%f[^%w_]") ~= nil
end)


return expression
