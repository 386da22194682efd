-- SPDX-License-Identifier: MIT
-- How much of a page's megabyte an item takes. That is not its billed size: names count one byte, values
-- carry a length, and every 3 KB carry the sort key again.
local values = require "sandbox.dynamodb.values"

local STORED

local function stored(value)
  local type, inner = next(value)
  return (STORED[type] or STORED.other)(inner, value)
end

local function set_size(list, value)
  return values.size(value) + #list + 1
end

local function text_size(text)
  local n = #text
  return n + (n < 128 and 1 or n < 16384 and 2 or 3)
end

STORED = {
  S = text_size, SS = set_size, NS = set_size, BS = set_size,
  NULL = function() return 0 end,
  BOOL = function() return 1 end,
  L = function(list)
    local total = 3
    for _, member in ipairs(list) do total = total + 1 + stored(member) end
    return total
  end,
  M = function(map)
    local total = 3
    for _, member in pairs(map) do total = total + 2 + stored(member) end
    return total
  end,
  other = function(_, value) return values.size(value) + 1 end,
}

local CHUNK, OVERHEAD = 3072, 18

-- range: the name of the table's sort key, if it has one.
return function(item, range)
  local total, range_size = 0, 0
  for name, value in pairs(item) do
    if name == range then range_size = values.size(value) else total = total + 1 + stored(value) end
  end
  return 2 + total + (1 + (1 + total) // CHUNK) * (OVERHEAD + range_size)
end
