-- SPDX-License-Identifier: MIT
local door = require "tests.scripts.door"
local fakes = require "tests.scripts.fakes"

local PERSON <const> = { sub = "11111111-2222-4333-8444-555555555555", username = "google_1093",
  email = "jane@example.com", name = "Jane Doe" }
local FORM <const> = { organization = "Example GmbH", country = "DE" }

local world, ensure

-- settings as door.fresh's. The person is in Cognito, as hosted UI leaves her.
local function fresh(settings)
  world = door.fresh(settings)
  table.insert(world.users, { username = PERSON.username, sub = PERSON.sub, status = "EXTERNAL_PROVIDER",
    enabled = true, created_at = world.now, attributes = { sub = PERSON.sub, email = "at-google@example.com" } })
  local federated, saga = require "lib.federated", require "lib.saga"
  ensure = function(person, form)
    return fakes.call(saga.flow("SIGNUP", function(req, signup)
      federated.ensure(signup, req, person or PERSON, form or FORM)
      return { status = 200 }
    end, nil, "google"))
  end
end

local function rows_of(account_id, key_id)
  local account, user = "ACCOUNT#" .. account_id, "USER#" .. PERSON.username
  local rows = { account .. " API_KEY#" .. key_id, account .. " DETAILS", account .. " " .. user,
    user .. " " .. account, "USER#" .. PERSON.sub .. " DETAILS" }
  table.sort(rows)
  return rows
end

local function assert_complete()
  local intent = world:intent()
  assert.same({ "DONE", 0 }, { intent.step, intent.lease_until })
  assert.same(rows_of(intent.visible_account_id, intent.key_id), world:rows())
  local count = 0
  for _ in pairs(world.customers) do count = count + 1 end
  assert.equal(1, count)
  return intent
end

describe("an account for somebody whom the pool vouches for", function()
  before_each(function() fresh() end)

  it("is made from step 3 on, under both names of the person", function()
    assert.equal(200, ensure().status)
    local intent = assert_complete()
    assert.same({ "google", nil, nil, false }, { intent.method, intent.expires_at, intent.card, intent.card_attached })
    assert.same({ 0, 0 }, { world:called "cognito.sign_up", world:called "stripe.create_payment_method" })
    local user = world:item("USER#" .. PERSON.sub, "DETAILS")
    assert.same({ "google", true, true }, { user.signup_method, user.email_verified, user.profile_complete })
    assert.equal(1, world:count "SIGNUP_SUCCESS done")
  end)

  it("is found the next time, without a write", function()
    ensure()
    local before = #world.calls
    assert.equal(200, ensure().status)
    assert.same({ "dynamodb.query" }, { table.unpack(world.calls, before + 1) })
    assert.equal(1, world:count "SIGNUP_SUCCESS done")
  end)

  it("says what the profile lacks", function()
    for i, form in ipairs { {}, { organization = "X" }, { country = "DE" } } do
      fresh()
      ensure(nil, form)
      local user = world:item("USER#" .. PERSON.sub, "DETAILS")
      assert.is_false(user.profile_complete, i)
      assert.same({ form.organization or "", form.country or "" }, { user.organization, user.country })
    end
  end)

  it("has ids that come from the person, even when the intent is forgotten in the middle", function()
    world:fail("dynamodb.transact_write", { code = "InternalServerError", status = 500 }, { times = 9 })
    assert.equal("try_again", ensure().code)
    local first = world:intent()
    for at, item in pairs(world.table) do
      if item.sk == "INTENT" then world.table[at] = nil end
    end
    world.faults = {}
    assert.equal(200, ensure().status)
    local second = assert_complete()
    for _, name in ipairs { "signup_id", "visible_account_id", "system_account_id", "key_id" } do
      assert.equal(first[name], second[name])
    end
    assert.matches("^[0-9a-hj-km-np-tv-z]+$", second.visible_account_id)
    assert.equal(16, #second.visible_account_id)
  end)

  it("is one although two ask at once", function()
    ensure()
    local intent = world:intent()
    for at, item in pairs(world.table) do
      if item.sk ~= "INTENT" then world.table[at] = nil end
    end
    intent.step, intent.lease_owner, intent.lease_until = "COGNITO", "somebody else", world.now + 10
    assert.equal("signup_in_progress", ensure().code)
    world.now = world.now + 11
    assert.equal(200, ensure().status)
  end)
end)

describe("an address that somebody has begun with", function()
  before_each(function() fresh() end)

  it("is taken over from who never confirmed, with nothing of theirs", function()
    assert.equal(201, door.sign_up().status)
    local old = world:intent()
    assert.equal(200, ensure().status)
    local new = assert_complete()
    assert.not_equal(old.visible_account_id, new.visible_account_id)
    assert.equal(1, #world.users)
  end)

  it("is left to who has confirmed", function()
    door.sign_up()
    world.users[2].status = "CONFIRMED"
    local before = world:rows()
    assert.same({ 409, "account_exists" }, { ensure().status, ensure().code })
    assert.same(before, world:rows())
  end)

  it("goes on where its own native sign-up stopped", function()
    world:fail("dynamodb.transact_write", { code = "InternalServerError", status = 500 }, { times = 9 })
    assert.equal("try_again", door.sign_up().code)
    world.faults = {}
    local old, native = world:intent(), world.users[2]
    native.status = "CONFIRMED"
    table.remove(world.users, 1)
    local linked = { sub = native.sub, username = native.username, email = PERSON.email, name = "Another Name" }
    assert.equal(200, ensure(linked).status)
    local new = door.assert_complete()
    assert.same({ old.visible_account_id, true }, { new.visible_account_id, new.card_attached })
    assert.equal("email", world:item("ACCOUNT#" .. new.visible_account_id, "USER#" .. native.username).signup_method)
  end)

  it("cannot be signed up with a password, though Cognito would let that pass", function()
    ensure()
    local before = world:rows()
    local reply = door.sign_up()
    assert.same({ 409, "account_exists" }, { reply.status, reply.code })
    assert.matches("Google", reply.message)
    assert.same(before, world:rows())
    table.remove(world.users, 1)
    assert.equal(201, door.sign_up().status)
  end)
end)

describe("a card", function()
  it("is attached at once, also where it waits for the confirmation: none is to come", function()
    fresh { stripe = { attach = "at_confirm" } }
    ensure(nil, { organization = "X", country = "DE", stripe_token = "tok_visa" })
    local intent = assert_complete()
    assert.is_true(intent.card_attached)
    assert.equal(intent.stripe_id, world.methods[intent.payment_method].customer)
  end)

  local WITH <const> = { organization = "X", country = "DE", stripe_token = "tok_visa" }
  local DECLINED <const> = { organization = "X", country = "DE", stripe_token = "tok_chargeDeclined" }

  it("is asked for where the settings want one", function()
    fresh { sso = { card = "required" } }
    assert.same({ 402, "card_required" }, { ensure().status, ensure().code })
    assert.same({}, world.table)
    assert.equal(200, ensure(nil, WITH).status)
    assert.is_true(assert_complete().card_attached)
  end)

  it("may be another one after it was refused", function()
    fresh { sso = { card = "required" } }
    assert.equal("card_not_accepted", ensure(nil, DECLINED).code)
    assert.equal("card_required", ensure().code)
    assert.equal(200, ensure(nil, WITH).status)
    assert.is_true(assert_complete().card_attached)
  end)

  it("is done without after it was refused, where none is wanted", function()
    fresh()
    assert.equal("card_not_accepted", ensure(nil, DECLINED).code)
    assert.equal(200, ensure().status)
    assert.is_false(assert_complete().card_attached)
  end)

  it("is not brought more often than the settings say", function()
    fresh { signup = { max_cards = 2 } }
    for _ = 1, 3 do assert.equal("card_not_accepted", ensure(nil, DECLINED).code) end
    assert.equal("card_not_accepted", ensure(nil, WITH).code)
  end)
end)
