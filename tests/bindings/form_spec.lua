-- SPDX-License-Identifier: MIT
-- bindings/form.lua: the bytes Stripe's own libraries send, and their inverse.
local form, json = require "form", require "json"

local ENCODED = {
  { "nothing", {}, "" },
  { "strings, percent-encoded as UTF-8", { name = "Zoë Q", email = "a+b@c.co" },
    "email=a%2Bb%40c.co&name=Zo%C3%AB%20Q" },
  { "unreserved characters stay", { a = "A-z_0.9~" }, "a=A-z_0.9~" },
  { "all that a form uses itself", { a = "&=?#[]+%/\n" }, "a=%26%3D%3F%23%5B%5D%2B%25%2F%0A" },
  { "a nested table, raw brackets", { address = { country = "US" } }, "address[country]=US" },
  { "three levels", { a = { b = { c = "v" } } }, "a[b][c]=v" },
  { "a list by index", { preferred_locales = { "en", "fr" } },
    "preferred_locales[0]=en&preferred_locales[1]=fr" },
  { "a list of tables", { items = { { id = "a", n = 1 }, { id = "b" } } },
    "items[0][id]=a&items[0][n]=1&items[1][id]=b" },
  { "booleans", { confirm = true, livemode = false }, "confirm=true&livemode=false" },
  { "integers, and floats that are whole", { a = 1700000000, b = 5.0, c = -3 }, "a=1700000000&b=5&c=-3" },
  { "a fraction", { a = 0.25 }, "a=0.25" },
  { "numbers at their ends", { a = math.mininteger, b = -0.0, c = 2.0 ^ 53 },
    "a=-9223372036854775808&b=0&c=9007199254740992" },
  { "names in byte order, more than a few", { b = { q = 1, p = 2 }, a = "", c = 3, k1 = 1, k2 = 2, k3 = 3, k4 = 4,
    k5 = 5, k6 = 6, k7 = 7, k8 = 8, k9 = 9, k10 = 10, ["k-"] = 0, K = 1, Z = 2, ab = 3 },
    "K=1&Z=2&a=&ab=3&b[p]=2&b[q]=1&c=3&k-=0&k1=1&k10=10&k2=2&k3=3&k4=4&k5=5&k6=6&k7=7&k8=8&k9=9" },
  { "null and the empty string unset", { name = json.null, phone = "" }, "name=&phone=" },
  { "a metadata key", { metadata = { ["utm source"] = "x&y" } }, "metadata[utm%20source]=x%26y" },
  { "an empty table says nothing", { metadata = {}, name = "n" }, "name=n" },
}

local DECODED = {
  { "nothing", "", {} },
  { "plain pairs", "a=1&b=two", { a = "1", b = "two" } },
  { "a name alone, and an empty value", "a&b=", { a = "", b = "" } },
  { "+ and %20 are spaces", "a=x+y&b=x%20y&c=1%2B1", { a = "x y", b = "x y", c = "1+1" } },
  { "raw and encoded brackets", "a[b]=1&c%5Bd%5D=2", { a = { b = "1" }, c = { d = "2" } } },
  { "[] appends", "a[]=x&a[]=y", { a = { "x", "y" } } },
  { "indices make a list, in their order", "a[1]=y&a[0]=x", { a = { "x", "y" } } },
  { "ten indices stay in order",
    "a[0]=0&a[1]=1&a[2]=2&a[3]=3&a[4]=4&a[5]=5&a[6]=6&a[7]=7&a[8]=8&a[9]=9&a[10]=10",
    { a = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10" } } },
  { "indices with a hole stay names", "a[1]=y", { a = { ["1"] = "y" } } },
  { "tables in a list", "a[0][b]=1&a[0][c]=2&a[1][b]=3", { a = { { b = "1", c = "2" }, { b = "3" } } } },
  { "[] before a name goes on until the name repeats", "a[][b]=1&a[][c]=2&a[][b]=3",
    { a = { { b = "1", c = "2" }, { b = "3" } } } },
  { "the last of a repeated name", "a=1&a=2", { a = "2" } },
  { "a value with =", "a=b=c", { a = "b=c" } },
  { "a broken escape stays", "a=100%&b=%zz", { a = "100%", b = "%zz" } },
  { "a key that is not bracket notation is plain", "a]b=1&c[d=2", { ["a]b"] = "1", ["c[d"] = "2" } },
  { "digits at the top are names", "0=a", { ["0"] = "a" } },
  { "empty pairs are skipped", "&a=1&&b=2&", { a = "1", b = "2" } },
}

local REFUSED = {
  { "a value, then a container", "a=1&a[b]=2", "a value and a container share one name" },
  { "a container, then a value", "a[b]=2&a=1", "a value and a container share one name" },
  { "names after []", "a[]=1&a[b]=2", "a value and a container share one name" },
  { "[] after names", "a[b]=2&a[]=1", "a value and a container share one name" },
  { "bytes that are not UTF-8", "a=%ff", "not UTF-8" },
  { "depth", "a[b][c][d][e][f][g][h][i]=1", "nested too deeply" },
}

describe("form.encode", function()
  for _, case in ipairs(ENCODED) do
    it("writes " .. case[1], function()
      assert.equal(case[3], form.encode(case[2]))
    end)
  end

  -- What it keeps there is more than a C function has room for without asking.
  it("writes lists in lists beside many names, wherever the stack of a coroutine stands", function()
    local deep, many = "x", {}
    for _ = 1, 15 do
      deep = { deep }
    end
    for i = 1, 15 do
      many["a" .. i] = deep
    end
    local text = form.encode(many)
    for n = 1, 100 do
      assert.equal(text, coroutine.wrap(function(...)
        return form.encode(many), ...
      end)(table.unpack({}, 1, n)))
    end
  end)

  for _, case in ipairs {
    { "a function", { a = print }, "form: a cannot be a function" },
    { "a hole", { a = { "x", nil, "z" } }, "form: a mixes a list and names, or has holes" },
    { "a list with names", { a = { "x", b = "y" } }, "form: a mixes a list and names, or has holes" },
    { "names that are none", { a = { b = { [2] = 1 } } }, "form: a[b] mixes a list and names" },
    { "NaN", { a = { 0 / 0 } }, "form: a[0] is not a finite number" },
    { "a bare list", { "x" }, "form: the form mixes a list and names" },
  } do
    it("raises on " .. case[1], function()
      assert.has_error(function() form.encode(case[2]) end, case[3])
    end)
  end

  it("raises on a table that holds itself", function()
    local loop = {}
    loop.again = loop
    assert.has_error(function() form.encode(loop) end)
  end)
end)

describe("form.decode", function()
  for _, case in ipairs(DECODED) do
    it("reads " .. case[1], function()
      assert.same(case[3], form.decode(case[2]))
    end)
  end

  for _, case in ipairs(REFUSED) do
    it("refuses " .. case[1], function()
      local value, message = form.decode(case[2])
      assert.is_nil(value)
      assert.equal(case[3], message)
    end)
  end

  it("refuses more pairs than the limit", function()
    assert.is_table(form.decode("a=1&b=2", { pairs = 2 }))
    local value, message = form.decode("a=1&b=2&c=3", { pairs = 2 })
    assert.is_nil(value)
    assert.equal("too many parameters", message)
  end)

  it("marks lists, so that they are lists in JSON too", function()
    assert.is_true(json.is_array(form.decode("a[]=x").a))
  end)

  for _, case in ipairs(ENCODED) do
    it("undoes what encode wrote: " .. case[1], function()
      assert.equal(case[3], form.encode(form.decode(case[3])))
    end)
  end
end)

describe("form.unescape", function()
  -- text, as a part of a form or a query, as a part of a path
  for _, case in ipairs {
    { "a+b%20c", "a b c", "a+b c" }, { "%2B%2b", "++", "++" }, { "100%", "100%", "100%" },
    { "%zz%4", "%zz%4", "%zz%4" }, { "%2541", "%41", "%41" }, { "%C3%A4", "ä", "ä" }, { "", "", "" },
  } do
    it("reads " .. case[1], function()
      assert.same({ case[2], case[3] }, { form.unescape(case[1]), form.unescape_path(case[1]) })
    end)
  end
end)
