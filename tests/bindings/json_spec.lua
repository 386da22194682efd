-- SPDX-License-Identifier: MIT
-- json: what is read, what is refused, and that what is written reads back as the same.
local json = require "json"

local null = json.null

local function show(value) return json.encode(value, { sorted = true }) end

-- { text, value }: read as this, of this very type; the table of a list carries the mark.
local readable = {
  { "null", null }, { "true", true }, { "false", false }, { " \t\r\n1 ", 1 }, { "0", 0 }, { "-0", 0 },
  { "-1", -1 },
  { "9223372036854775807", math.maxinteger }, { "-9223372036854775808", math.mininteger },
  { "9223372036854775808", 2.0 ^ 63 }, { "-9223372036854775809", -2.0 ^ 63 },
  { "123456789012345678901234567890", 123456789012345678901234567890 }, { "1.0", 1.0 }, { "-0.0", -0.0 },
  { "0.1", 0.1 }, { "1e2", 100.0 }, { "1E+2", 100.0 }, { "1.5e-3", 0.0015 }, { "1.7005748E9", 1700574800.0 },
  { "1e-400", 0.0 }, { "5e-324", 5e-324 }, { "1.7976931348623157e308", 1.7976931348623157e308 },
  { '""', "" }, { '"a"', "a" }, { [["\"\\\/\b\f\n\r\t"]], "\"\\/\b\f\n\r\t" },
  { [["\u0041\u00e9\u20AC"]], "Aé€" },
  { [["\ud83d\ude00"]], "😀" }, { '"é€😀"', "é€😀" }, { '"\127"', "\127" }, { '"\u{10FFFF}"', "\u{10FFFF}" },
  { [["9999999999999999999"]], "9999999999999999999" },
  { "{}", {} }, { "[]", {} }, { '{"a":1,"b":[true,null]}', { a = 1, b = { true, null } } },
  { '{"":{"":""}}', { [""] = { [""] = "" } } }, { "[[],[[]]]", { {}, { {} } } },
  { "[1,2.0,\"3\"]", { 1, 2.0, "3" } },
  { '[9999999999999999999,"9999999999999999999\\"9999999999999999999",1,-9999999999999999999]',
    { 1e19, '9999999999999999999"9999999999999999999', 1, -1e19 } },
  { '{"a":1,"a":2}', { a = 2 } },
}

-- Nothing of this is JSON, or nothing that we take.
local unreadable = {
  "", " ", "nul", "True", "nan", "NaN", "Infinity", "-Infinity", "-", "+1", "01", "-01", "1.", ".5",
  "1.e1", "1e", "1e+",
  "0x10", "1 2", "1,", "'a'", "a", '"', '"a', '"\\"', '"\\x"', '"\\u12"', '"\\u12G4"', '"\\u0000"', '"a\0b"',
  '"\\ud800"', '"\\udc00"', '"\\ud800\\u0041"', '"\n"', '"\t"', '"\128"', '"\xc0\x80"', '"\xe2\x82"',
  '"\xed\xa0\x80"',
  '"\xf4\x90\x80\x80"', '"\xff"', "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]", "{", "}",
  '{"a"', '{"a":',
  '{"a":1', '{"a":1,', '{"a":1,}', "{a:1}", "{1:1}", '{"a" 1}', '{"a":1 "b":2}', '{"a\\u0000":1}', "[1]]",
  "{}{}",
  "[1]//", "/**/1", "\xef\xbb\xbf1", "1e400", "-1e999", "\0", "1\0", '{"\xff":1}', "[\v1]", "[\f]", "[TRUE]",
}

-- { value, text }: written as this, keys sorted.
local writable = {
  { null, "null" }, { true, "true" }, { 0, "0" }, { -1, "-1" }, { math.mininteger, "-9223372036854775808" },
  { 1.0, "1.0" }, { -0.0, "-0.0" }, { 0.1, "0.1" }, { 19.99, "19.99" }, { 1 / 3, "0.3333333333333333" },
  { 1e15, "1e+15" }, { 2.0 ^ 53, "9007199254740992.0" }, { 1e100, "1e+100" },
  { 5e-324, "4.94065645841247e-324" },
  { "", '""' }, { "a\"\\/\b\f\n\r\t\0\31\127", [["a\"\\/\b\f\n\r\t\u0000\u001f]] .. '\127"' },
  { "é😀", '"é😀"' },
  { {}, "{}" }, { json.array(), "[]" }, { json.array {}, "[]" }, { { 1, 2 }, "[1,2]" },
  { { json.array() }, "[[]]" },
  { { a = 1, b = { c = {} }, [""] = "x" }, '{"":"x","a":1,"b":{"c":{}}}' }, { { ["1"] = 1 }, '{"1":1}' },
  { { aa = 1, a = 2, b = 3, ["a\0"] = 4, A = 5 }, '{"A":5,"a":2,"a\\u0000":4,"aa":1,"b":3}' },
  { json.array { "x", null, json.array {} }, '["x",null,[]]' },
}

local circle = { inner = { {} } }
circle.inner[1].again = circle

-- { value, what the message says }
local unwritable = {
  { 0 / 0, "a number that is none (nan)" }, { 1 / 0, "infinity" }, { -1 / 0, "infinity" },
  { print, "function" },
  { coroutine.create(print), "thread" }, { io.stdout, "FILE*" },
  { { a = { b = { 1, 2, print } } }, "function at .a.b[3]" }, { { { { x = 0 / 0 } } }, "(nan) at [1][1].x" },
  { { a = "\xff" }, "a string that is not UTF-8 at .a" },
  { { k = { ["\xc0\x80"] = 1 } }, "not UTF-8 at .k.\xc0\x80" },
  { { 1, a = 2 }, "a table that is neither a list nor an object" }, { { 1, 2, nil, 4 },
  "neither a list nor" },
  { { [1.5] = 1 }, "neither a list nor" }, { { [true] = 1 }, "neither a list nor" }, { { [0] = 1 },
  "neither a list nor" },
  { { b = { [10] = 1 } }, "neither a list nor an object at .b" }, { json.array { a = 1 },
  "neither a list nor" },
  { json.array { 1, nil, 3 }, "neither a list nor" }, { { ("k"):rep(100) and 1, { x = print } },
  "function at [2].x" },
  { { [("k"):rep(100)] = print }, "function at ." .. ("k"):rep(64) },
  { circle, "tables nested so deep, or in a circle, at .inner[1].again.inner[1].again" },
}

describe("json", function()
  it("reads what is JSON", function()
    for _, row in ipairs(readable) do
      local value, message = json.decode(row[1])
      assert.is_nil(message)
      assert.same(row[2], value)
      assert.equal(math.type(row[2]), math.type(value))
    end
  end)

  it("refuses what is not", function()
    for _, text in ipairs(unreadable) do
      local value, message = json.decode(text)
      assert.is_nil(value, ("%q was taken"):format(text))
      assert.matches(" at byte %d+$", message)
    end
  end)

  it("repeats nothing of a text that it refuses", function()
    for _, text in ipairs { '{"password":"hunter2', '{"password":hunter2}', '["hunter2" "hunter2"]',
    "hunter2" } do
      assert.not_matches("hunter", select(2, json.decode(text)))
    end
  end)

  it("refuses doubled names where asked", function()
    assert.same({ a = 1, b = { a = 2 } }, json.decode('{"a":1,"b":{"a":2}}', { unique = true }))
    for _, text in ipairs { '{"a":1,"a":1}', '[{"b":{"a":1,"c":2,"a":3}}]', '{"a":1,"\\u0061":2}' } do
      assert.truthy(json.decode(text))
      assert.is_nil(json.decode(text, { unique = true }))
    end
  end)

  it("takes NUL where asked, as an escape", function()
    assert.same({ ["a\0"] = "\0b\0\0" }, json.decode([[{"a\u0000":"\u0000b\u0000\u0000"}]], { nul = true }))
    assert.is_nil(json.decode('"a\0b"', { nul = true }))
  end)

  it("limits depth and size", function()
    local function nest(n) return ("["):rep(n) .. ("]"):rep(n) end
    local function objects(n) return ('{"a":'):rep(n) .. "1" .. ("}"):rep(n) end
    for _, make in ipairs { nest, objects } do
      assert.truthy(json.decode(make(32)))
      assert.same({ nil, "nested deeper than 32 levels", n = 2 }, table.pack(json.decode(make(33))))
      assert.is_nil(json.decode(make(2000)))
      assert.is_nil(json.decode(make(1000000)))
      assert.truthy(json.decode(make(500), { depth = 500 }))
      assert.truthy(json.decode(make(1), { depth = 1 }))
      assert.is_nil(json.decode(make(2), { depth = 1 }))
    end
    assert.equal("abc", json.decode('"abc"', { size = 5 }))
    assert.same({ nil, "longer than 4 bytes", n = 2 }, table.pack(json.decode('"abc"', { size = 4 })))
  end)

  it("marks lists, also empty ones", function()
    for _, row in ipairs { { "[]", true }, { "[1]", true }, { "{}", false }, { '{"a":[]}', false },
    { "1", false } } do
      local value = json.decode(row[1])
      assert.equal(row[2], json.is_array(value))
    end
    local plain = {}
    assert.is_false(json.is_array(plain))
    assert.equal(plain, json.array(plain))
    assert.equal(plain, json.array(plain))
    assert.is_true(json.is_array(plain))
    assert.is_true(json.is_array { 1, 2 })
    assert.is_false(json.is_array { 1, a = 2 })
    assert.is_false(json.is_array("x"))
  end)

  it("writes", function()
    for _, row in ipairs(writable) do assert.equal(row[2], show(row[1])) end
    assert.equal('{"a":1}', json.encode { a = 1 })
  end)

  it("refuses to write what cannot be JSON, and says where it is", function()
    for _, row in ipairs(unwritable) do
      for _, sorted in ipairs { true, false } do
        local ok, message = pcall(json.encode, row[1], { sorted = sorted, depth = 6 })
        assert.is_false(ok)
        assert.matches("json: cannot encode ", message, 1, true)
        assert.matches(row[2], message, 1, true)
      end
    end
    local deep = {}
    for _ = 1, 127 do deep = { deep } end
    assert.equal(256, #show(deep))
    assert.has_error(function() show { deep } end)
  end)

  it("names the line that asked", function()
    assert.has_error(function() json.encode(print) end)
    local _, message = pcall(function() json.encode(print) end)
    assert.matches("json_spec.lua:%d+: json: cannot encode function$", message)
  end)

  it("reads back what it wrote", function()
    for _, row in ipairs(readable) do
      local value = json.decode(row[1])
      local again = json.decode(show(value))
      assert.same(value, again)
      assert.equal(math.type(value), math.type(again))
      assert.equal(show(value), show(again))
    end
    local state = 7
    for _ = 1, 2000 do -- floats of any size, by a little generator: the same on every run
      state = state * 6364136223846793005 + 1442695040888963407
      local float = string.unpack("d", string.pack("i8", state))
      if float == float and math.abs(float) ~= 1 / 0 then assert.equal(float, json.decode(show(float))) end
      assert.equal(state, json.decode(show(state)))
    end
  end)

  it("survives a collection at any moment", function()
    local text = '[{"a":[1,2,{"b":null}],"c":"' .. ("x"):rep(1000) .. '"},[],{}]'
    local pause = collectgarbage("setpause", 0)
    for _ = 1, 200 do assert.equal(text, show(json.decode(text))) end
    collectgarbage("setpause", pause)
  end)

  it("sorts what the collector takes away meanwhile", function()
    local form <const> = require "form"
    for round = 1, 100 do
      local weak = setmetatable({}, { __mode = "v" })
      for i = 1, 500 do weak[("name %d of %d"):format(i, round)] = { n = i } end
      for _, encode in ipairs { form.encode, function(t) return json.encode(t, { sorted = true }) end } do
        local ok, text = pcall(encode, weak)
        if not ok then assert.matches("nil", text, 1, true) end
      end
    end
  end)

  it("raises the caller's mistakes", function()
    for _, call in ipairs {
      function() json.decode() end, function() json.decode({}) end, function() json.decode("1", 1) end,
      function() json.decode("1", { depth = 0 }) end, function() json.decode("1", { depth = 513 }) end,
      function() json.decode("1", { depth = "x" }) end, function() json.decode("1", { size = 1.5 }) end,
      function() json.encode() end, function() json.encode(nil) end, function() json.encode(1, "sorted") end,
      function() json.array("x") end, function() json.array(setmetatable({}, {})) end,
      function() json.is_array() end,
    } do
      assert.has_error(call)
    end
  end)

  it("has one null", function()
    assert.equal("null", tostring(null))
    assert.equal(null, json.decode("null"))
    assert.has_error(function() return null.field end)
  end)
end)
