-- SPDX-License-Identifier: MIT
-- random: even, inside its bounds, and the same again from the same seed in a world.
local random, testing = require "random", require "testing"

local EDGES <const> = { { 0, 0 }, { -3, 3 }, { math.mininteger, math.maxinteger },
  { math.maxinteger - 1, math.maxinteger }, { math.mininteger, math.mininteger }, { -1, math.maxinteger } }

local function counts(n, draw)
  local seen = {}
  for _ = 1, n do
    local value = draw()
    seen[value] = (seen[value] or 0) + 1
  end
  return seen
end

local function sequence(seed)
  local kept = testing.seed
  testing.seed = seed
  testing.world()
  local drawn = {}
  for i = 1, 20 do drawn[i] = random.integer(1, 1000000) end
  testing.finish()
  testing.seed = kept
  return drawn
end

describe("random", function()
  for _, edge in ipairs(EDGES) do
    it(("draws integers from %d to %d"):format(table.unpack(edge)), function()
      for _ = 1, 100 do
        local value = random.integer(table.unpack(edge))
        assert.equal("integer", math.type(value))
        assert.is_true(edge[1] <= value and value <= edge[2])
      end
    end)
  end

  it("draws each integer as often", function()
    local seen = counts(60000, function() return random.integer(-1, 4) end)
    for value = -1, 4 do assert.is_true(math.abs(seen[value] - 10000) < 1000, value .. ": " .. seen[value]) end
  end)

  it("draws numbers from 0 to 1, without 1", function()
    local seen = counts(10000, function()
      local value = random.number()
      assert.is_true(0 <= value and value < 1)
      return value < 0.5
    end)
    assert.is_true(math.abs(seen[true] - 5000) < 500)
  end)

  it("picks each entry as often, and nothing from nothing", function()
    local seen = counts(30000, function() return random.pick { "a", "b", "c" } end)
    for _, entry in ipairs { "a", "b", "c" } do assert.is_true(math.abs(seen[entry] - 10000) < 1000) end
    assert.is_nil(random.pick {})
  end)

  it("refuses bounds that are none", function()
    assert.error_matches(function() random.integer(2, 1) end, "less than the first")
    assert.has_error(function() random.integer(0.5, 1) end)
    assert.has_error(function() random.pick "abc" end)
  end)

  it("is the same from the same seed in a world", function()
    local first, other = sequence(7), sequence(8)
    assert.same(first, sequence(7))
    assert.is_not.same(first, other)
  end)
end)
