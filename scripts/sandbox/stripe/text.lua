-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: JSON as Stripe writes it, which people grep and read: two blanks for each level, `id` and `object`
-- first, the other members by name, a line feed at the end. Called by init.lua for every body.
local json, sorted_names = require "json", require "sandbox.sorted_names"

local FIRST <const> = { "id", "object" }

local value_at

local function in_lines(open, parts, close, indent)
  local inner = indent .. "  "
  return open .. "\n" .. inner .. table.concat(parts, ",\n" .. inner) .. "\n" .. indent .. close
end

local function list_at(list, indent)
  local parts = {}
  for i, value in ipairs(list) do parts[i] = value_at(value, indent .. "  ") end
  return #parts == 0 and "[]" or in_lines("[", parts, "]", indent)
end

local function map_at(map, indent)
  local parts = {}
  local function add(name)
    parts[#parts + 1] = json.encode(name) .. ": " .. value_at(map[name], indent .. "  ")
  end
  for _, name in ipairs(FIRST) do
    if map[name] ~= nil then add(name) end
  end
  for _, name in ipairs(sorted_names(map)) do
    if name ~= "id" and name ~= "object" then add(name) end
  end
  return #parts == 0 and "{}" or in_lines("{", parts, "}", indent)
end

function value_at(value, indent)
  if value == json.null or type(value) ~= "table" then return json.encode(value) end
  return json.is_array(value) and list_at(value, indent) or map_at(value, indent)
end

return function(value)
  return value_at(value, "") .. "\n"
end
