-- SPDX-License-Identifier: MIT
-- Stores that disagree are counted, stay open, and are seen to be mended.
local door = require "tests.scripts.door"
local marks = require "marks"

local DOWN <const> = { code = "InternalServerError", status = 500, sent = true, retryable = true }

local world, inconsistent


local function repaired(stores, step)
  return world:count(("INCONSISTENT_%s_STORES_REPAIRED %s"):format(stores, step))
end


describe("inconsistent stores", function()
  before_each(function()
    for _, mark in ipairs(marks.list "") do marks.remove(mark) end
    world = door.fresh()
    inconsistent = require "lib.inconsistent"
  end)

  it("are open until a retry has completed the sign-up", function()
    world:fail("stripe.create_customer", { status = 500, sent = true })
    local first = door.sign_up(nil, { ["idempotency-key"] = "k" })
    assert.equal(503, first.status)
    assert.equal(1, world:count "INCONSISTENT_ACCOUNT_STORES stripe")
    assert.equal(1, marks.count "ACCOUNT ")

    inconsistent.check()
    assert.equal(1, marks.count "ACCOUNT ")
    assert.equal(0, repaired("ACCOUNT", "stripe"))

    assert.equal(201, door.sign_up(nil, { ["idempotency-key"] = "k" }).status)
    inconsistent.check()
    assert.equal(0, marks.count "")
    assert.equal(1, repaired("ACCOUNT", "stripe"))
    inconsistent.check()
    assert.equal(1, repaired("ACCOUNT", "stripe"))
  end)

  it("stay open while nobody can look", function()
    world:fail("stripe.create_customer", { status = 500, sent = true })
    door.sign_up(nil, { ["idempotency-key"] = "k" })
    door.sign_up(nil, { ["idempotency-key"] = "k" })
    world:fail("dynamodb.get", DOWN)
    inconsistent.check()
    assert.equal(1, marks.count "ACCOUNT ")
    inconsistent.check()
    assert.equal(0, marks.count "ACCOUNT ")
  end)

  it("are no more when the sign-up has been given up", function()
    world:fail("stripe.create_customer", { status = 500, sent = true })
    door.sign_up()
    local intent = world:intent()
    world.table[intent.pk .. "\0" .. intent.sk] = nil
    inconsistent.check()
    assert.equal(0, marks.count "")
    assert.equal(1, repaired("ACCOUNT", "stripe"))
  end)

  it("of a confirmed user are mended with the record", function()
    world:fail("stripe.create_customer", { status = 500, sent = true })
    door.sign_up(nil, { ["idempotency-key"] = "k" })
    door.sign_up(nil, { ["idempotency-key"] = "k" })
    local intent = world:intent()
    intent.code_accepted = true
    inconsistent.check()
    assert.equal(1, marks.count "ACCOUNT ")
    world:item("USER#" .. intent.sub, "DETAILS").email_verified = true
    inconsistent.check()
    assert.equal(0, marks.count "ACCOUNT ")
  end)
end)
