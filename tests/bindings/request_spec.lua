-- SPDX-License-Identifier: MIT
-- request_methods: JSON bodies, queries and cookies of a request. Bytes come from a stand-in; the real one is met
-- in tests/e2e.
local fail, json, methods = require "fail", require "json", require "request_methods"

local function request(headers, body)
  return setmetatable({ body = body, header = function(_, name) return headers[name] end },
    { __index = methods })
end

local MEDIA <const> = { -- Content-Type, whether it is JSON
  { "application/json", true },
  { "application/json; charset=utf-8", true },
  { "Application/JSON", true },
  { "  application/json ;x=y", true },
  { "application/jsonp", false },
  { "application/x-json", false },
  { "text/json", false },
  { "text/plain; application/json", false },
  { "", false },
  { nil, false },
}

local BODIES <const> = { -- a body, and what the message says of it
  { "", "not valid JSON" },
  { "{", "not valid JSON" },
  { '{"a":1,"a":2}', "not valid JSON" },
  { '{"a":"\\u0000"}', "not valid JSON" },
  { '{"a":"\xff"}', "not valid JSON" },
  { '{"a":1} x', "not valid JSON" },
  { ("["):rep(100) .. ("]"):rep(100), "not valid JSON" },
  { "[]", "must be a JSON object" },
  { "[1]", "must be a JSON object" },
  { "null", "must be a JSON object" },
  { "5", "must be a JSON object" },
  { '"text"', "must be a JSON object" },
  { "false", "must be a JSON object" },
}

local function refused(fn, ...)
  local ok, f = pcall(fn, ...)
  assert.is_false(ok)
  assert.is_true(fail.is(f))
  return f
end

describe("req:json", function()
  for i = 1, 10 do
    local media, good = MEDIA[i][1], MEDIA[i][2]
    it(("takes %s: %s"):format(media, good), function()
      local req = request({ ["content-type"] = media }, '{"a":[1]}')
      if good then
        assert.same({ a = { 1 } }, req:json())
      else
        local f = refused(req.json, req)
        assert.same({ 415, "unsupported_media_type" }, { f.status, f.code })
      end
    end)
  end

  for _, case in ipairs(BODIES) do
    it("refuses " .. case[1]:sub(1, 20), function()
      local req = request({ ["content-type"] = "application/json" }, case[1])
      local f = refused(req.json, req)
      assert.same({ 400, "bad_request" }, { f.status, f.code })
      assert.matches(case[2], f.message)
      assert.is_truthy(utf8.len(f.message))
    end)
  end

  it("keeps integers, nulls and empty lists", function()
    local body = '{"big":9007199254740993,"list":[],"none":null}'
    local value = request({ ["content-type"] = "application/json" }, body):json()
    assert.equal(9007199254740993, value.big)
    assert.is_true(json.is_array(value.list))
    assert.equal(json.null, value.none)
  end)
end)

local QUERIES <const> = {
  { "", {} },
  { "a=1&b=2", { a = "1", b = "2" } },
  { "a=1&a=2", { a = "1" } },
  { "a&b=&=c", { a = "", b = "", [""] = "c" } },
  { "&&a=1&", { a = "1" } },
  { "a=b=c", { a = "b=c" } },
  { "a+b=c+d", { ["a b"] = "c d" } },
  { "%61=%C3%a9%00", { a = "é\0" } },
  { "a=%", { a = "%" } },
  { "a=%zz%4", { a = "%zz%4" } },
  { "a=%2541", { a = "%41" } },
  { "to=ada%2Bx%40example.com", { to = "ada+x@example.com" } },
}

describe("req.query", function()
  for _, case in ipairs(QUERIES) do
    it("reads " .. case[1], function() assert.same(case[2], methods.query { query_string = case[1] }) end)
  end
end)

local COOKIES <const> = { -- header, name, value
  { nil, "a", nil },
  { "", "a", nil },
  { "a=1", "a", "1" },
  { "a=1; b=2", "b", "2" },
  { "a=1;b=2", "b", "2" },
  { "aa=1; a=2", "a", "2" },
  { 'a="quoted"', "a", "quoted" },
  { "a=b=c", "a", "b=c" },
  { "a=", "a", "" },
  { "A=1", "a", nil },
  { " a = 1 ", "a", "1" },
  { "a; b=1", "a", nil },
  { "a=first; a=second", "a", "first" },
}

describe("req:cookie", function()
  for i = 1, #COOKIES do
    local header, name, value = COOKIES[i][1], COOKIES[i][2], COOKIES[i][3]
    it(("finds %s in %s"):format(name, header), function()
      assert.equal(value, (request({ cookie = header }):cookie(name)))
    end)
  end
end)
