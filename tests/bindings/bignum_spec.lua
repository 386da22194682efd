-- SPDX-License-Identifier: MIT
local bignum = require "bignum"

local function bytes(n)
  return (string.pack(">I8", n):gsub("^\0+", ""))
end

describe("bignum", function()
  local CASES = {
    { "mod_exp", 3, 200, 1000007, 959082 },
    { "mod_exp", 0, 5, 7, 0 },
    { "mod_exp", 5, 0, 7, 1 },
    { "mod_mul", 123456789, 987654321, 1000000007, 259106859 },
    { "mod_mul", 5, 7, 35, 0 },
    { "mod_add", 6, 5, 7, 4 },
    { "mod_add", 0, 0, 9, 0 },
  }
  for _, case in ipairs(CASES) do
    it(("%s(%d, %d, %d)"):format(table.unpack(case)), function()
      assert.equal(bytes(case[5]), bignum[case[1]](bytes(case[2]), bytes(case[3]), bytes(case[4])))
    end)
  end

  it("keeps Fermat's little theorem for the 3072-bit prime", function()
    local prime = bignum.prime_3072()
    assert.equal(384, #prime)
    local less_one = prime:sub(1, -2) .. string.char(prime:byte(-1) - 1)
    assert.equal("\1", bignum.mod_exp("\2", less_one, prime))
  end)

  it("raises for what cannot be", function()
    for _, call in ipairs { { bignum.mod_mul, "\1", "\1", "" }, { bignum.mod_exp, "\1", "\1" },
      { bignum.mod_add, ("x"):rep(1025), "\1", "\7" }, { bignum.mod_add, {}, "\1", "\7" } } do
      assert.is_false(pcall(table.unpack(call)))
    end
  end)
end)
