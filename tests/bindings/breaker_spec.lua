-- SPDX-License-Identifier: MIT
-- bindings/breaker.lua: when it opens, who may try, when it closes, and what is said about it.
local breaker, new_parts = require "breaker", require "tests.bindings.breaker_parts"

local UNKNOWN, LACKING = { status = 401, request_id = "req_1" }, { status = 403 }

describe("a breaker", function()
  local parts, one

  before_each(function()
    parts = new_parts()
    one = breaker.new(parts)
  end)

  it("is closed at first, and its gauge is there", function()
    assert.is_false(one:is_open())
    assert.equal("OPEN 0", parts.gauge)
    one:accepted "customers_write"
    assert.same({}, parts.logged)
  end)

  it("opens loudly, once for each thing that is refused", function()
    one:refused("customers_write", UNKNOWN)
    one:refused("payment_methods_write", UNKNOWN)
    assert.is_true(one:is_open())
    assert.equal("OPEN 1", parts.gauge)
    assert.equal(1, #parts.logged)
    local said = parts.logged[1]
    assert.same({ "error", "breaker_opened" }, { said.level, said.event })
    assert.same({ "stripe", "key", 401, "stripe.key", "req_1" }, { said.fields.service, said.fields.refused,
      said.fields.status, said.fields.look_at, said.fields.upstream_request_id })
    one:refused("customers_write", LACKING)
    one:refused("customers_write", LACKING)
    assert.equal(2, #parts.logged)
    assert.same({ "key", "customers_write" }, one:refusals())
  end)

  it("lets one try in each pause", function()
    one:refused("customers_write", UNKNOWN)
    assert.same({ false, 30.0 }, { one:may_try() })
    parts.now = parts.now + 31
    assert.is_true(one:may_try())
    assert.is_false(one:may_try())
  end)

  it("closes when that which was refused is let in, and by nothing else", function()
    one:refused("customers_write", LACKING)
    one:accepted "customers_read"
    assert.is_true(one:is_open())
    one:accepted "customers_write"
    assert.is_false(one:is_open())
    assert.equal("OPEN 0", parts.gauge)
    assert.equal("breaker_closed", parts.logged[2].event)
    one:refused("customers_write", UNKNOWN)
    one:accepted "payment_methods_read" -- any answer proves the key
    assert.is_false(one:is_open())
  end)

  it("is shared: another worker's is the same one", function()
    local other = breaker.new(parts)
    one:refused("customers_write", UNKNOWN)
    assert.is_true(other:is_open())
    other:refused("customers_write", UNKNOWN)
    assert.equal(1, #parts.logged)
    other:accepted "customers_write"
    assert.is_false(one:is_open())
  end)
end)
