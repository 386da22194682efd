-- SPDX-License-Identifier: MIT
-- luacheck: no max line length
local number = require "sandbox.dynamodb.number"

local OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
local UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
local NOT_NUMERIC = "The parameter cannot be converted to a numeric value"
local DIGITS_38 = "12345678901234567890123456789012345678"

describe("the stored form", function()
  local cases = {
    { "1.50", "1.5" }, { "+3", "3" }, { ".123", "0.123" }, { "0001.23", "1.23" }, { "1e+5", "100000" }, { "1.", "1" },
    { "0e1000", "0" }, { "-0", "0" }, { "-0.00", "0" }, { "1200", "1200" }, { "12e-4", "0.0012" }, { "-17.4E3", "-17400" },
    { DIGITS_38, DIGITS_38 }, { DIGITS_38 .. "00", DIGITS_38 .. "00" }, { "1e-130", "0." .. ("0"):rep(129) .. "1" },
    { "9.9e125", "99" .. ("0"):rep(124) },
    { DIGITS_38 .. "9", nil, "Attempting to store more than 38 significant digits in a Number" },
    { "1e126", nil, OVERFLOW }, { "-1e126", nil, OVERFLOW }, { "1e99999999999999999999", nil, OVERFLOW },
    { "1e-131", nil, UNDERFLOW }, { "0.9e-130", nil, UNDERFLOW },
    { "", nil, NOT_NUMERIC }, { "b", nil, NOT_NUMERIC .. ": b" }, { " 1", nil, NOT_NUMERIC .. ":  1" },
    { "1 ", nil, NOT_NUMERIC .. ": 1 " }, { "NaN", nil, NOT_NUMERIC .. ": NaN" }, { "0x10", nil, NOT_NUMERIC .. ": 0x10" },
    { "1e", nil, NOT_NUMERIC .. ": 1e" }, { ".", nil, NOT_NUMERIC .. ": ." }, { "1,5", nil, NOT_NUMERIC .. ": 1,5" },
  }
  for _, case in ipairs(cases) do
    it(("of '%s'"):format(case[1]), function()
      local text, problem = number.normalise(case[1])
      assert.equal(case[2], text)
      assert.equal(case[3], problem)
    end)
  end
end)

describe("arithmetic is exact", function()
  local cases = {
    { "0.1", "0.2", "0.3", "-0.1" }, { "5", "-5", "0", "10" }, { "99.5", "0.5", "100", "99" },
    { "10000000000000000000000", "1", "10000000000000000000001", "9999999999999999999999" },
    { "-7", "0", "-7", "-7" }, { "0", "7", "7", "-7" }, { "1", "1.5", "2.5", "-0.5" },
  }
  for _, case in ipairs(cases) do
    it(case[1] .. " and " .. case[2], function()
      assert.equal(case[3], number.add(case[1], case[2]))
      assert.equal(case[4], number.subtract(case[1], case[2]))
    end)
  end

  it("or refused", function()
    local nine = number.normalise "9e125"
    for _, pair in ipairs { { nine, nine }, { number.normalise "1e50", "1" } } do
      local sum, problem = number.add(pair[1], pair[2])
      assert.is_nil(sum)
      assert.equal(OVERFLOW, problem)
    end
  end)
end)

it("encoded numbers sort as numbers do", function()
  local sorted = { "-1e125", "-123456789", "-123.5", "-123.456", "-123", "-100", "-99", "-10", "-9.9", "-9", "-1.5", "-1",
                   "-0.1", "-0.01", "-1e-130", "0", "1e-130", "0.01", "0.1", "0.10001", "0.5", "1", "1.5", "9", "10", "10.5",
                   "11", "99", "100", "101", "999", "1000", "123456789", DIGITS_38, "1e125" }
  for i = 1, #sorted do sorted[i] = number.normalise(sorted[i]) end
  for i = 1, #sorted do
    for j = 1, #sorted do
      local expected = i == j and 0 or i < j and -1 or 1
      assert.equal(expected, number.compare(sorted[i], sorted[j]), sorted[i] .. " " .. sorted[j])
      local a, b = number.encode(sorted[i]), number.encode(sorted[j])
      assert.equal(expected, a == b and 0 or a < b and -1 or 1, sorted[i] .. " " .. sorted[j])
    end
  end
end)

it("sizes are DynamoDB's", function()
  for text, size in pairs { ["0"] = 1, ["1"] = 2, ["12"] = 2, ["123"] = 3, ["-1"] = 3, ["1.5"] = 3, ["100"] = 2 } do
    assert.equal(size, number.size(text), text)
  end
end)
