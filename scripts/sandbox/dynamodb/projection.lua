-- SPDX-License-Identifier: MIT
-- ProjectionExpression: its grammar, and the part of an item that a list of paths picks out.
local json = require "json"
local evaluate = require "sandbox.dynamodb.evaluate"
local parser = require "sandbox.dynamodb.parser"

local projection = {}

local ORDER = { "reserved", "name", "depth", "overlap", "conflict" }

-- The list of paths, or a raise.
function projection.parse(label, text, scope)
  local self = parser.new(label, text, scope)
  local paths = {}
  repeat
    paths[#paths + 1] = self:path()
  until not self:accept(",")
  if not self:is("eof") then self:syntax_error() end
  self:check_paths(paths)
  self:settle(ORDER)
  return paths
end

-- Picked list members keep their order and close up: while picking, a list is {[index] = member}.
local function close_up(value)
  if value.sparse then
    local indexes, list = {}, json.array {}
    for index in pairs(value.sparse) do indexes[#indexes + 1] = index end
    table.sort(indexes)
    for i, index in ipairs(indexes) do list[i] = close_up(value.sparse[index]) end
    return { L = list }
  end
  if value.partial then
    local map = {}
    for name, member in pairs(value.partial) do map[name] = close_up(member) end
    return { M = map }
  end
  return value
end

local function place(target, path, value)
  local here = target
  for i = 1, #path - 1 do
    local kind = math.type(path[i + 1]) and "sparse" or "partial"
    here[path[i]] = here[path[i]] or { [kind] = {} }
    here = here[path[i]][kind]
  end
  here[path[#path]] = value
end

-- A new item with only what the paths lead to.
function projection.pick(paths, item)
  local picked = {}
  for _, path in ipairs(paths) do
    local value = evaluate.resolve(path, item)
    if value then
      if #path == 1 then picked[path[1]] = value else place(picked, path, value) end
    end
  end
  for name, value in pairs(picked) do picked[name] = close_up(value) end
  return picked
end

-- The same for a list of attribute names (AttributesToGet).
function projection.pick_names(names, item)
  local picked = {}
  for _, name in ipairs(names) do picked[name] = item[name] end
  return picked
end

-- What a read shows of an item. read: {input=, parsed=}
function projection.shown(read, item)
  if read.parsed.projection then return projection.pick(read.parsed.projection, item) end
  if read.input.AttributesToGet then return projection.pick_names(read.input.AttributesToGet, item) end
  return item
end

return projection
