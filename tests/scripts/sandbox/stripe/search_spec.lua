-- SPDX-License-Identifier: MIT
-- The sandbox's Stripe search: the query language over a fixed set of customers, pages, the index's lag.
local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
local call = dofile(here .. "/call.lua")
local switches = require "sandbox.stripe.switches"

local MARK = "s" .. os.time()
local WHO = {
  ada = { email = "ada@" .. MARK .. ".test", name = "Ada Byron", metadata = { mark = MARK,
    cognito_sub = "u-1" } },
  bob = { email = "bob@" .. MARK .. ".test", name = "Bob 'B' Ross", metadata = { mark = MARK, tier = "gold" },
    phone = "+1555" },
  eve = { email = "eve@" .. MARK .. ".test", name = "Eve", metadata = { mark = MARK } },
}

-- {query (%s is the mark), who is found}
local QUERIES = {
  { "email:'ada@%s.test'", "ada" },
  { 'email:"ada@%s.test"', "ada" },
  { "email:'ADA@%s.test'", "ada" },
  { "email:'nobody@%s.test'", "" },
  { "email:'ada@%s.test' AND metadata['cognito_sub']:'u-1'", "ada" },
  { "email:'ada@%s.test' metadata['cognito_sub']:'u-1'", "ada" },
  { "email:'ada@%s.test' and metadata['cognito_sub']:'u-2'", "" },
  { "email:'ada@%s.test' OR email:'eve@%s.test'", "ada eve" },
  { "metadata['mark']:'%s'", "ada bob eve" },
  { 'metadata["mark"]:"%s" -email:"eve@%s.test"', "ada bob" },
  { "metadata['mark']:'%s' AND -metadata['tier']:null", "bob" },
  { "metadata['mark']:'%s' AND metadata['tier']:null", "ada eve" },
  { "metadata['mark']:'%s' AND name~'yro'", "ada" },
  { "metadata['mark']:'%s' AND name:'bob \\'b\\' ross'", "bob" },
  { "metadata['mark']:'%s' AND phone:'+1555'", "bob" },
  { "metadata['mark']:'%s' AND created>1700000000", "ada bob eve" },
  { "metadata['mark']:'%s' AND created<=1700000000", "" },
  { "metadata['mark']:'%s' AND created>='1700000000'", "ada bob eve" },
}

local UNREADABLE = {
  { "", "You passed an empty string for 'query'" },
  { "asdf", "We were unable to parse your search query." },
  { "email:", "We were unable to parse your search query." },
  { "email:'open", "We were unable to parse your search query." },
  { "email='x'", "We were unable to parse your search query." },
  { "metadata:'x'", "We were unable to parse your search query." },
  { "created>'soon'", "We were unable to parse your search query." },
  { "email:'a' AND name:'b' OR name:'c'", "You can't mix AND and OR" },
  { "foo:'bar'", "Field `foo` is an unsupported search field for resource `customers`." },
  { "email>'a'", "Operator `>` is not supported for field `email`." },
  { "name~'ab'", "at least 3 characters" },
  { ("name:'a' "):rep(11), "We were unable to parse your search query." },
}

local function names_of(list)
  local names = {}
  for i, found in ipairs(list) do
    names[i] = found.email:match("^(%a+)@")
  end
  table.sort(names)
  return table.concat(names, " ")
end

local function search(query, more)
  local params = { query = query:gsub("%%s", MARK) }
  for name, value in pairs(more or {}) do
    params[name] = value
  end
  return call("GET", "/v1/customers/search", params)
end

describe("a search", function()
  it("counts all pages when it is asked to", function()
    for i = 1, 3 do call("POST", "/v1/customers", { name = "counted", email = ("counted%d@b.c"):format(i) }) end
    local function ask(more)
      local params = { query = "name:'counted'", limit = 1 }
      for name, value in pairs(more) do params[name] = value end
      return call("GET", "/v1/customers/search", params).body
    end
    local found = ask { expand = { "total_count", "data.sources" } }
    assert.same({ 3, 1, "list" }, { found.total_count, #found.data, found.data[1].sources.object })
    assert.is_nil(ask {}.total_count)
  end)
end)

describe("customer search", function()
  setup(function()
    for _, name in ipairs { "ada", "bob", "eve" } do
      assert(call("POST", "/v1/customers", WHO[name]).status == 200)
    end
  end)

  for _, case in ipairs(QUERIES) do
    it("reads " .. case[1], function()
      local reply = search(case[1])
      assert.equal(200, reply.status)
      assert.equal(case[2], names_of(reply.body.data))
      assert.equal("search_result", reply.body.object)
      assert.equal("/v1/customers/search", reply.body.url)
    end)
  end

  for _, case in ipairs(UNREADABLE) do
    it("refuses " .. case[1], function()
      local reply = search(case[1])
      assert.equal(400, reply.status)
      assert.truthy(reply.body.error.message:find(case[2], 1, true), reply.body.error.message)
    end)
  end

  it("goes on page by page, newest first", function()
    local first = search("metadata['mark']:'%s'", { limit = 2 }).body
    assert.equal("bob eve", names_of(first.data))
    assert.is_true(first.has_more)
    local second = search("metadata['mark']:'%s'", { limit = 2, page = first.next_page }).body
    assert.equal("ada", names_of(second.data))
    assert.is_false(second.has_more)
  end)

  it("refuses a page that it did not hand out", function()
    assert.equal(400, search("metadata['mark']:'%s'", { page = "x" }).status)
  end)

  it("does not find what is newer than the lag", function()
    switches.search_lag = 3600
    local hidden = search("metadata['mark']:'%s'").body.data
    switches.search_lag = 0
    assert.same({}, hidden)
    assert.equal(1, #call("GET", "/v1/customers", { email = WHO.ada.email }).body.data)
  end)
end)
