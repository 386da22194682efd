-- SPDX-License-Identifier: MIT
-- bindings: what a world's scripts log, count and mark stays in the world, for a spec to look at.
local json, sink = require "json", require "log_sink"

local watching = {}


local function same(labels, others)
  for name, value in pairs(labels) do
    if others[name] ~= value then return false end
  end
  for name in pairs(others) do
    if labels[name] == nil then return false end
  end
  return true
end


local function recorder(world)
  local counted = {} -- { name =, labels =, value = }
  world.counted = counted
  local function add(name, value, labels)
    counted[#counted + 1] = { name = name, value = value or 1, labels = labels or {} }
  end
  return {
    count = add, observe = add,
    gauge = function(name, value, labels) -- the last one counts
      for i = #counted, 1, -1 do
        if counted[i].name == name and same(counted[i].labels, labels or {}) then table.remove(counted, i) end
      end
      add(name, value, labels)
    end,
    value = function(name, labels) return watching.total(world, name, labels or {}) end,
    describe = function() end, common = function() end, render = function() return "" end,
    changes = function() return {} end,
  }
end


local function log_sink(world)
  return {
    wants = function() return true end,
    redacts = sink.redacts,
    write = function(level, event, object)
      world.logs[#world.logs + 1] = { level = level, event = event, fields = object and json.decode(object) or {} }
    end,
  }
end


local function marks()
  local names = {} -- in the order added
  local function place(name)
    for i, one in ipairs(names) do
      if one == name then return i end
    end
  end
  local function list(prefix)
    local found = {}
    for _, name in ipairs(names) do
      if name:sub(1, #prefix) == prefix then found[#found + 1] = name end
    end
    return found
  end
  return {
    add = function(name)
      if place(name) then return false end
      names[#names + 1] = name
      return true
    end,
    remove = function(name)
      local at = place(name)
      if at then table.remove(names, at) end
      return at ~= nil
    end,
    list = list,
    count = function(prefix) return #list(prefix) end,
  }
end


-- -> name -> module, to be given to the world's universe. world.logs and world.counted fill.
function watching.modules(world)
  return { metrics = recorder(world), log_sink = log_sink(world), marks = marks() }
end


-- The sum of what was counted under a name, with all of these labels.
function watching.total(world, name, labels)
  local sum = 0
  for _, entry in ipairs(world.counted) do
    local fits = entry.name == name
    for label, value in pairs(labels) do fits = fits and tostring(entry.labels[label]) == tostring(value) end
    if fits then sum = sum + entry.value end
  end
  return sum
end


return watching
