-- SPDX-License-Identifier: MIT
-- Allowances by name and key: what limiter.take says, and what it does not take.
local limiter = require "limiter"

describe("limiter.take", function()
  it("lets the burst through, then says how long to wait", function()
    for _ = 1, 3 do assert.is_true(limiter.take("spec", "a", 0.5, 3)) end
    local within, wait = limiter.take("spec", "a", 0.5, 3)
    assert.is_false(within)
    assert.is_true(wait > 1.5 and wait <= 2)
  end)

  it("counts each name and each key for itself", function()
    assert.is_true(limiter.take("spec", "b", 0.001, 1))
    assert.is_false((limiter.take("spec", "b", 0.001, 1)))
    assert.is_true(limiter.take("spec", "c", 0.001, 1))
    assert.is_true(limiter.take("other", "b", 0.001, 1))
    assert.is_true(limiter.take("othe", "rb", 0.001, 1))
    assert.is_true(limiter.take("spec", "b\0c", 0.001, 1))
  end)

  it("takes more at once", function()
    assert.is_true(limiter.take("spec", "d", 0.001, 5, 4))
    assert.is_false((limiter.take("spec", "d", 0.001, 5, 2)))
    assert.is_true(limiter.take("spec", "d", 0.001, 5, 1))
  end)

  local wrong = {
    { "no key", "spec" }, { "no rate", "spec", "k" }, { "a rate of nothing", "spec", "k", 0, 1 },
    { "a rate that is no number", "spec", "k", 0 / 0, 1 }, { "no burst", "spec", "k", 1, 0 },
    { "a cost above the burst", "spec", "k", 1, 2, 3 }, { "a negative cost", "spec", "k", 1, 2, -1 },
  }
  for _, row in ipairs(wrong) do
    it("raises for " .. row[1], function()
      assert.has_error(function() limiter.take(table.unpack(row, 2, 6)) end)
    end)
  end
end)
