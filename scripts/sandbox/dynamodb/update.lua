-- SPDX-License-Identifier: MIT
-- An update expression, or the older AttributeUpdates, applied to an item. The old item is never changed:
-- the new one shares every part that the update does not touch.
local invalid = require "sandbox.dynamodb.invalid"
local json = require "json"
local number = require "sandbox.dynamodb.number"
local resolve = require "sandbox.dynamodb.evaluate".resolve
local set_of = require "sandbox.set_of"
local values = require "sandbox.dynamodb.values"

local update = {}

local INVALID_PATH = "The document path provided in the update expression is invalid for update"
local MISSING = "The provided expression refers to an attribute that does not exist in the item"
local WRONG_TYPE = "An operand in the update expression has an incorrect data type"
local MISMATCH = "Type mismatch for attribute to update"

-- --- right-hand sides: they see the item as it was ---

local value_of

local function joined(left, right)
  local list = json.array {}
  for _, member in ipairs(left) do list[#list + 1] = member end
  for _, member in ipairs(right) do list[#list + 1] = member end
  return list
end

local function arithmetic(sign, left, right)
  local result, problem = (sign == "-" and number.subtract or number.add)(left, right)
  if not result then invalid(problem) end
  return { N = result }
end

local KINDS = {
  value = function(node) return node.value end,
  path = function(node, item) return resolve(node.path, item) or invalid(MISSING) end,
  sum = function(node, item)
    local left, right = value_of(node.left, item), value_of(node.right, item)
    if not left.N or not right.N then invalid(WRONG_TYPE) end
    return arithmetic(node.sign, left.N, right.N)
  end,
  call = function(node, item)
    if node.name == "if_not_exists" then
      return resolve(node.args[1].path, item) or value_of(node.args[2], item)
    end
    local left, right = value_of(node.args[1], item), value_of(node.args[2], item)
    if not left.L or not right.L then invalid(WRONG_TYPE) end
    return { L = joined(left.L, right.L) }
  end,
}

function value_of(node, item)
  return KINDS[node.kind](node, item)
end

local function union(type, old, more)
  local has, list = set_of(old), json.array {}
  for _, member in ipairs(old) do list[#list + 1] = member end
  for _, member in ipairs(more) do
    if not has[member] then list[#list + 1] = member end
  end
  return { [type] = list }
end

-- nil when nothing is left: a set is never empty.
local function difference(type, old, less)
  local gone, list = set_of(less), json.array {}
  for _, member in ipairs(old) do
    if not gone[member] then list[#list + 1] = member end
  end
  return #list > 0 and { [type] = list } or nil
end

local function added(old, operand, mismatch)
  local type, inner = next(operand)
  if not old then return operand end
  if not old[type] then invalid(mismatch) end
  if type == "N" then return arithmetic("+", old.N, inner) end
  if type == "L" then return { L = joined(old.L, inner) } end
  return union(type, old[type], inner)
end

local function deleted(old, operand, mismatch)
  local type, inner = next(operand)
  if not old then return nil end
  if not old[type] then invalid(mismatch) end
  return difference(type, old[type], inner)
end

-- --- left-hand sides ---

local function copy(container)
  local new = setmetatable({}, getmetatable(container))
  for key, value in pairs(container) do new[key] = value end
  return new
end

-- A draft of the new item: containers are copied when first written to; what changes the length of a list
-- waits.
local function draft_of(item)
  return { item = copy(item), own = {}, appends = {}, removals = {} }
end

-- The table (an item, a map's members or a list's) that holds the last step of a path, ready to be written.
local function holder(draft, path)
  local members, is_list = draft.item, false
  for i = 1, #path - 1 do
    local key = is_list and path[i] + 1 or path[i]
    local value = members[key]
    local kind = math.type(path[i + 1]) and "L" or "M"
    if not value or not value[kind] then invalid(INVALID_PATH) end
    if not draft.own[value] then
      value = { [kind] = copy(value[kind]) }
      draft.own[value] = true
      members[key] = value
    end
    members, is_list = value[kind], kind == "L"
  end
  return members, is_list
end

local function later(waiting, list, entry)
  waiting[list] = waiting[list] or {}
  table.insert(waiting[list], entry)
end

local function assign(draft, path, value)
  local problem = #path > 1 and values.problem(value, #path - 1)
  if problem then invalid(problem) end
  local members, is_list = holder(draft, path)
  local last = path[#path]
  if not is_list then
    members[last] = value
  elseif last < #members then
    members[last + 1] = value
  else
    later(draft.appends, members, { index = last, value = value })
  end
end

local function remove(draft, path)
  local members, is_list = holder(draft, path)
  local last = path[#path]
  if not is_list then
    members[last] = nil
  elseif last < #members then
    later(draft.removals, members, last + 1)
  end
end

local function finish(draft)
  for list, indexes in pairs(draft.removals) do
    table.sort(indexes)
    for i = #indexes, 1, -1 do table.remove(list, indexes[i]) end
  end
  for list, entries in pairs(draft.appends) do
    table.sort(entries, function(a, b) return a.index < b.index end)
    for _, entry in ipairs(entries) do list[#list + 1] = entry.value end
  end
  return draft.item
end

-- The new item, from the tree of update_parser.lua.
function update.apply(tree, item)
  local results = {}
  for i, action in ipairs(tree.set) do results[i] = value_of(action.value, item) end
  local draft = draft_of(item)
  for i, action in ipairs(tree.set) do assign(draft, action.path, results[i]) end
  for _, action in ipairs(tree.remove) do remove(draft, action.path) end
  for _, action in ipairs(tree.add) do
    assign(draft, action.path, added(resolve(action.path, item), action.value.value, WRONG_TYPE))
  end
  for _, action in ipairs(tree.delete) do
    local old = resolve(action.path, item)
    local new = deleted(old, action.value.value, WRONG_TYPE)
    if new then assign(draft, action.path, new) else remove(draft, action.path) end
  end
  return finish(draft)
end

-- The new item, from {[attribute] = {Action =, Value =}}.
function update.apply_attributes(updates, item)
  local new = copy(item)
  for name, change in pairs(updates) do
    if change.Action == "ADD" then
      new[name] = added(item[name], change.Value, MISMATCH)
    elseif change.Action ~= "DELETE" then
      new[name] = change.Value
    elseif change.Value then
      new[name] = deleted(item[name], change.Value, MISMATCH)
    else
      new[name] = nil
    end
  end
  return new
end

return update
