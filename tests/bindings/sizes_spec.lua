-- SPDX-License-Identifier: MIT
-- sizes: what scripts have for string.rep, the functions of table, and os.date does what Lua's own do.
local guard = require "guard"

local function proxy(items)
  local calls = {}
  return setmetatable({}, {
    __index = function(_, key) calls[#calls + 1] = "get " .. key return items[key] end,
    __newindex = function(_, key, value) calls[#calls + 1] = "set " .. key items[key] = value end,
    __len = function() return #items end,
  }), calls
end

local function shown(value)
  if type(value) ~= "table" then return math.type(value) == "float" and ("%g"):format(value) or tostring(value) end
  local parts = {}
  for key, entry in pairs(value) do parts[#parts + 1] = tostring(key) .. "=" .. shown(entry) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

-- The results or the error, and what became of the table: of a new one for each.
local function outcome(fn, items, ...)
  local copy = items and table.move(items, 1, #items, 1, {})
  local results = items and table.pack(pcall(fn, copy, ...)) or table.pack(pcall(fn, ...))
  for i = 1, results.n do results[i] = shown(results[i]) end
  local text = table.concat(results, " | "):gsub("#%d to '[^']*'", "#n to 'it'")
  return text .. " " .. shown(copy)
end

local ROWS <const> = { -- function, the table, arguments
  { "concat", {} }, { "concat", { 1, "b", 2.5 } }, { "concat", { 1, 2, 3 }, ", " }, { "concat", { 1, 2, 3 }, "", 2 },
  { "concat", { 1, 2, 3 }, "-", 2, 3 }, { "concat", { 1, 2, 3 }, "-", 3, 2 }, { "concat", { 1 }, "", 1, 2 },
  { "concat", { {} } }, { "concat", { 1 }, {} }, { "concat", { 1 }, "", math.maxinteger, math.maxinteger },
  { "insert", { 1, 2 }, 3 }, { "insert", { 1, 2 }, 1, 0 }, { "insert", { 1, 2 }, 3, 3 }, { "insert", { 1, 2 }, 4, 3 },
  { "insert", { 1, 2 }, 0, 3 }, { "insert", { 1 } }, { "insert", { 1 }, 1, 2, 3 }, { "insert", { 1 }, "x", 2 },
  { "remove", {} }, { "remove", { 1, 2, 3 } }, { "remove", { 1, 2, 3 }, 1 }, { "remove", { 1, 2, 3 }, 4 },
  { "remove", { 1, 2, 3 }, 5 }, { "remove", { 1, 2, 3 }, 0 }, { "remove", {}, 0 }, { "remove", {}, 1 },
  { "move", { 1, 2, 3 }, 1, 3, 2 }, { "move", { 1, 2, 3 }, 2, 3, 1 }, { "move", { 1, 2, 3 }, 1, 3, 5 },
  { "move", { 1, 2, 3 }, 3, 1, 1 }, { "move", { 1 }, 1, 1 }, { "move", { 1 }, math.mininteger, math.maxinteger, 1 },
  { "move", { 1 }, 1, 2, math.maxinteger }, { "move", { 1, 2, 3 }, 1, 3, 1, {} },
  { "sort", { 3, 1, 2 } }, { "sort", { "b", "a", "C" } }, { "sort", { 1, "a" } }, { "sort", { {}, {} } },
  { "sort", { 3, 1, 2 }, function(a, b) return a > b end }, { "sort", { 3, 1, 2 }, math.ult }, { "sort", { 1 }, 5 },
  { "sort", { 1, 2, 3, 4, 5 }, function() return true end }, { "sort", {} },
}

describe("functions of scripts", function()
  for _, row in ipairs(ROWS) do
    it(("table.%s as Lua's: %s %s %s"):format(row[1], shown(row[2]), shown(row[3]), shown(row[4])), function()
      local mine = outcome(guard.table[row[1]], row[2], table.unpack(row, 3))
      assert.equal(outcome(table[row[1]], row[2], table.unpack(row, 3)), mine)
    end)
  end

  it("meet metamethods in Lua's order", function()
    for _, call in ipairs { { "insert", 1, "x" }, { "remove", 1 }, { "move", 1, 2, 2 }, { "concat", "," } } do
      local seen = {}
      for i, library in ipairs { table, guard.table } do
        local t, calls = proxy { "a", "b", "c" }
        library[call[1]](t, table.unpack(call, 2))
        seen[i] = table.concat(calls, ";")
      end
      assert.equal(seen[1], seen[2])
    end
  end)

  it("sort as Lua's does, by chance", function()
    for n = 0, 200 do
      local items = {}
      for i = 1, n do items[i] = math.random(50) end
      guard.table.sort(items)
      for i = 2, n do assert.is_true(items[i - 1] <= items[i]) end
    end
  end)

  it("repeat strings", function()
    for _, row in ipairs { { "ab", 3 }, { "ab", 3, "," }, { "", 5 }, { "", 3, "," }, { "a", 0 }, { "a", -1 },
      { "a", 1, "," }, { "abc", 17, "--" }, { "x", 1 << 62 }, { "xy", 3.0 }, { "a", "2" }, { {} }, { "a" } } do
      assert.equal(outcome(string.rep, nil, table.unpack(row)):gsub("resulting.*", ""),
        outcome(guard.string.rep, nil, table.unpack(row)):gsub("resulting.*", ""))
    end
    assert.equal("", guard.string.rep("", math.maxinteger)) -- for which Lua's own counts to the end
  end)

  it("tell dates", function()
    for _, row in ipairs { { "!%Y-%m-%d", 0 }, { "!*t", 86400 }, { "%Q", 0 }, { "!%c", 1e9 // 1 | 0 } } do
      assert.equal(outcome(os.date, nil, table.unpack(row)), outcome(guard.os.date, nil, table.unpack(row)))
    end
    assert.equal(#os.date(), #guard.os.date())
    assert.has_error(function() guard.os.date(("%c"):rep(1000)) end)
  end)
end)
