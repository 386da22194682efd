-- SPDX-License-Identifier: MIT
-- attribute_value.lua: every Lua value as DynamoDB's, and back, as rows of data.

local attribute_value, json = require "attribute_value", require "json"

local number, set, binary = attribute_value.number, attribute_value.set, attribute_value.binary

local function deep(levels)
  local value = "end"
  for _ = 1, levels do value = { inner = value } end
  return value
end

local emptied = set { 1 }
emptied[1] = nil

local function read(wire) return json.decode(json.encode(wire), { depth = 128 }) end

describe("attribute_value", function()
  describe("writes", function()
    local cases = {
      { "a string", "Jane", '{"S":"Jane"}' },
      { "an empty string", "", '{"S":""}' },
      { "true", true, '{"BOOL":true}' },
      { "false", false, '{"BOOL":false}' },
      { "null", json.null, '{"NULL":true}' },
      { "zero", 0, '{"N":"0"}' },
      { "the largest integer", math.maxinteger, '{"N":"9223372036854775807"}' },
      { "the smallest integer", math.mininteger, '{"N":"-9223372036854775808"}' },
      { "a float", 0.1, '{"N":"0.1"}' },
      { "a float of 17 digits", 0.1 + 0.2, '{"N":"0.30000000000000004"}' },
      { "a float without a fraction", 1700000000.0, '{"N":"1700000000"}' },
      { "a float's minus zero", -0.0, '{"N":"0"}' },
      { "a number wrapper", number "1.50", '{"N":"1.50"}' },
      { "an empty table", {}, '{"M":{}}' },
      { "an empty array", json.array {}, '{"L":[]}' },
      { "a sequence", { 1, "a", { x = true } }, '{"L":[{"N":"1"},{"S":"a"},{"M":{"x":{"BOOL":true}}}]}' },
      { "a map", { seats = 5 }, '{"M":{"seats":{"N":"5"}}}' },
      { "a set of strings", set { "a", "b" }, '{"SS":["a","b"]}' },
      { "a set of numbers", set { 1, 2.5 }, '{"NS":["1","2.5"]}' },
      { "a set of wide numbers", set { number "1.50" }, '{"NS":["1.50"]}' },
      { "a binary", binary "\0\255", '{"B":"AP8="}' },
      { "a set of binaries", set { binary "\1", binary "\2" }, '{"BS":["AQ==","Ag=="]}' },
      { "32 levels", deep(32), nil },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        local wire = attribute_value.encode(case[2])
        if case[3] then assert.are.equal(case[3], json.encode(wire)) end
      end)
    end
  end)

  describe("raises the caller's bug:", function()
    local cases = {
      { "a function", print, "cannot store function" },
      { "a hole", { 1, nil, 3 }, "list" },
      { "mixed keys", { 1, x = 2 }, "list" },
      { "a number as a map's key", { [10] = 1 }, "neither a list nor an object" },
      { "infinity", math.huge, "infinity" },
      { "not a number", 0 / 0, "a number that is none" },
      { "a float too large", 1e126, "out of range" },
      { "a float too small", 1e-131, "out of range" },
      { "an item's name that is a number", { x = { [1.5] = 1 } }, "neither a list nor an object at .x" },
      { "a string that is not UTF-8", { x = "\xff" }, "not UTF-8 at .x" },
      { "a set that was emptied", emptied, "an empty set" },
      { "33 levels", deep(33), "nested so deep" },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        local ok, message = pcall(attribute_value.encode, case[2])
        assert.is_false(ok)
        assert.is_truthy(message:find(case[3], 1, true), message)
      end)
    end

    it("the path of what is wrong is named", function()
      local _, message = pcall(attribute_value.encode_item, { limits = { { seats = print } } })
      assert.are.equal("dynamodb: cannot store function at .limits[1].seats", message)
    end)

    local makers = {
      { "an empty set", function() set {} end },
      { "a set of two types", function() set { "a", 1 } end },
      { "a set with a member twice", function() set { "a", "a" } end },
      { "a number that is none", function() number "1-5" end },
      { "a number of 39 digits", function() number(("9"):rep(39)) end },
      { "a number without an exponent's digits", function() number "1e" end },
      { "a binary that is none", function() binary(1) end },
    }
    for _, case in ipairs(makers) do
      it(case[1], function() assert.has_error(case[2]) end)
    end
  end)

  describe("reads numbers", function()
    -- text, Lua value (a string: stays as it is, in a wrapper)
    local cases = {
      { "5", 5 }, { "-5", -5 }, { "0", 0 },
      { "9223372036854775807", math.maxinteger },
      { "-9223372036854775808", math.mininteger },
      { "9223372036854775808", "9223372036854775808" },
      { "9007199254740993", 9007199254740993 },
      { "1.5", 1.5 }, { "0.1", 0.1 }, { "1.50", 1.5 }, { "-0.25", -0.25 },
      { "1E+2", 100.0 }, { "1e-7", 1e-7 },
      { "100000000000000000000", 1e20 },
      { "0.30000000000000004", 0.1 + 0.2 },
      { "0.1234567890123456789", "0.1234567890123456789" },
      { "12345678901234567890.5", "12345678901234567890.5" },
      { "3.14159265358979323846264338327950288", "3.14159265358979323846264338327950288" },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        local value = attribute_value.decode { N = case[1] }
        if type(case[2]) == "string" then
          assert.are.equal(case[2], value.digits)
        else
          assert.are.equal(case[2], value)
          assert.are.equal(math.type(case[2]), math.type(value))
        end
      end)
    end
  end)

  it("gives back what it wrote", function()
    local item = {
      pk = "USER#1", n = 5, f = 0.1, wide = number "0.1234567890123456789", yes = true, none = json.null,
      list = json.array { 1, "two", json.array {} }, map = { a = {} }, bytes = binary "\0\1",
    }
    local back = attribute_value.decode_item(read(attribute_value.encode_item(item)))
    assert.are.same(item, back)
    assert.is_true(json.is_array(back.list[3]))
    assert.is_false(json.is_array(back.map.a))
    assert.are.equal(item.bytes, back.bytes)
    assert.are.equal("0.1234567890123456789", tostring(back.wide))
    assert.are.equal("\0\1", tostring(back.bytes))
  end)

  it("reads sets that know their members", function()
    local names = attribute_value.decode { SS = { "b", "a" } }
    assert.are.equal(2, #names)
    assert.is_true(names:has "a")
    assert.is_false(names:has "c")
    local numbers = { NS = { "1", "2" } }
    assert.are.same(numbers, read(attribute_value.encode(attribute_value.decode(numbers))))
    assert.is_true(attribute_value.decode { BS = { "AQ==" } }:has(binary "\1"))
  end)

  it("does not guess at a type that it does not know", function()
    assert.has_error(function() attribute_value.decode { X = "1" } end)
  end)
end)
