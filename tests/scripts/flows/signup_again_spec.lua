-- SPDX-License-Identifier: MIT
-- The same sign-up again: after an answer, after a failure half way, after a declined card.
local door = require "tests.scripts.door"
local assert_complete, cookie_of = door.assert_complete, door.cookie_of
local fresh, sign_up = door.fresh, door.sign_up
local world


describe("the same request again", function()
  before_each(function() world = fresh() end)

  local KEY = { ["idempotency-key"] = "k-1" }

  it("replays the answer to the byte with its Idempotency-Key", function()
    local first = sign_up(nil, KEY)
    local calls = #world.calls
    local second = sign_up(nil, KEY)
    assert.same(first, second)
    assert.equal(calls + 3, #world.calls) -- the intent, the key, and whether Cognito still has the user
    assert.equal(1, world:count "SIGNUP_SUCCESS done")
    assert_complete()
  end)

  it("replays also while Cognito cannot say whether it has the user", function()
    local first = sign_up(nil, KEY)
    world:fail("cognito.admin_get_user", { code = "InternalErrorException", status = 500 })
    assert.same(first, sign_up(nil, KEY))
    assert_complete()
  end)

  it("begins anew when somebody has removed the user who was to confirm", function()
    local first = sign_up(nil, KEY)
    world.users = {}
    local second = sign_up(nil, KEY)
    assert.equal(201, second.status)
    assert.not_equal(first.json.visible_account_id, second.json.visible_account_id)
    assert.same(second, sign_up(nil, KEY))
    assert_complete()
  end)

  it("replays with its proof, by cookie or by token", function()
    local first = sign_up()
    assert.same(first, sign_up(nil, nil, cookie_of(first)))
    assert.same(first, sign_up { signup_token = first.json.signup_token })
    assert.equal(1, world:count "SIGNUP_SUCCESS done")
  end)

  it("refuses another body under one key", function()
    sign_up(nil, KEY)
    local rows = world:rows()
    for _, changes in ipairs { { name = "Joan" }, { password = "Pw1!yyyy" },
      { stripe_token = "tok_amex" } } do
      local reply = sign_up(changes, KEY)
      assert.equal(422, reply.status)
      assert.equal("idempotency_key_reused", reply.code)
    end
    assert.same(rows, world:rows())
    assert.equal(0, world:count "SIGNUP_FAILURE intent")
  end)

  it("refuses one key for two addresses", function()
    sign_up(nil, KEY)
    local rows, users = world:rows(), #world.users
    for _ = 1, 2 do
      local reply = sign_up({ email = "joan@example.com" }, KEY)
      assert.same({ 422, "idempotency_key_reused" }, { reply.status, reply.code })
      assert.is_nil(cookie_of(reply))
    end
    assert.same({ rows, users }, { world:rows(), #world.users })
    assert.equal(201, sign_up({ email = "joan@example.com" }, { ["idempotency-key"] = "k-2" }).status)
  end)

  it("refuses another body also when the sign-up of the key is superseded", function()
    sign_up(nil, KEY)
    sign_up { organization = "Another" }
    assert.equal(422, sign_up({ name = "Joan" }, KEY).status)
  end)

  it("replays with a second key that its proof has brought", function()
    local first = sign_up()
    assert.same(first, sign_up(nil, KEY, cookie_of(first)))
    assert.same(first, sign_up(nil, KEY))
  end)

  it("gives nothing to a stranger who knows the whole form, not even with a key", function()
    local first = sign_up()
    world.users[1].status = "CONFIRMED"
    for _ = 1, 2 do
      local reply = sign_up(nil, KEY)
      assert.same({ 409, "account_exists" }, { reply.status, reply.code })
      assert.is_nil(cookie_of(reply))
    end
    assert.same(first, sign_up(nil, nil, cookie_of(first)))
  end)

  it("forgets a key when its time is over", function()
    sign_up(nil, KEY)
    world.now = world.now + 604801
    assert.equal(201, sign_up({ email = "joan@example.com" }, KEY).status)
  end)

  it("costs a request without a key nothing", function()
    sign_up()
    assert.equal(1, world:called "dynamodb.put")
  end)

  it("refuses a key that is no key", function()
    for _, key in ipairs { ("k"):rep(256), "a\tb", "" } do
      assert.equal(400, sign_up(nil, { ["idempotency-key"] = key }).status)
    end
    assert.same({}, world.table)
  end)

  it("two at once: the second gets 409 and when to come again", function()
    world:fail("cognito.sign_up", { code = "TooManyRequestsException", status = 400 })
    sign_up(nil, KEY)
    world:intent().lease_until = world.now + 12.5
    local reply = sign_up(nil, KEY)
    assert.equal(409, reply.status)
    assert.equal("signup_in_progress", reply.code)
    assert.equal(13, reply.retry_after)
    assert.equal(409, sign_up().status)
    assert.equal(0, world:count "SIGNUP_FAILURE intent")
  end)

  it("finds the customer whose answer was lost, when Stripe has forgotten the key", function()
    world:fail("stripe.create_customer", { kind = "timeout", sent = true, type = "connection_error" }, { after = true })
    assert.equal(503, sign_up(nil, KEY).status)
    world.now, world.keys = world.now + 25 * 3600, {}
    assert.equal(201, sign_up(nil, KEY).status)
    assert.equal(1, world:called "stripe.create_customer")
    assert.equal(1, world:called "stripe.create_payment_method")
    assert_complete()
  end)

  it("takes a card for attached when it is, though Stripe has forgotten the key and refuses", function()
    world:fail("stripe.update_customer", { status = 500, type = "api_error" })
    assert.equal(503, sign_up(nil, KEY).status)
    world.now, world.keys = world.now + 25 * 3600, {}
    assert.equal(201, sign_up(nil, KEY).status)
    assert.equal(2, world:called "stripe.attach_payment_method")
    assert_complete()
    local customer = world.customers[world:intent().stripe_id]
    assert.equal(world:intent().payment_method, customer.invoice_settings.default_payment_method)
  end)

  it("calls no card refused while Stripe cannot say whether it is attached", function()
    world:fail("stripe.update_customer", { status = 500, type = "api_error" })
    assert.equal(503, sign_up(nil, KEY).status)
    world.now, world.keys = world.now + 25 * 3600, {}
    world:fail("stripe.retrieve_payment_method", { kind = "timeout", sent = true, type = "connection_error" })
    assert.equal(503, sign_up(nil, KEY).status)
    assert.is_nil(world:intent().card_declined)
    assert.equal(201, sign_up(nil, KEY).status)
    assert_complete()
  end)

  it("finds the card that was attached, when its id was lost", function()
    world:fail("stripe.update_customer", { status = 500, type = "api_error" })
    assert.equal(503, sign_up(nil, KEY).status)
    local intent = world:intent()
    intent.stripe_id, intent.payment_method = nil, nil
    world.now, world.keys = world.now + 25 * 3600, {}
    assert.equal(201, sign_up(nil, KEY).status)
    assert.equal(1, world:called "stripe.create_payment_method")
    assert_complete()
  end)

  it("makes a customer after a day, when there was none", function()
    world:fail("stripe.create_customer", { status = 500, type = "api_error" })
    assert.equal(503, sign_up(nil, KEY).status)
    world.now, world.keys = world.now + 25 * 3600, {}
    assert.equal(201, sign_up(nil, KEY).status)
    assert_complete()
  end)

  it("counts a success once, though nobody could tell whether it was one", function()
    local DOWN <const> = { code = "InternalServerError", status = 500, sent = true, ambiguous = true }
    world:fail("dynamodb.transact_write", DOWN, { after = true })
    world:fail("dynamodb.get", DOWN)
    assert.equal(503, sign_up(nil, KEY).status)
    assert.equal(0, world:count "SIGNUP_SUCCESS done")
    for _ = 1, 3 do assert.equal(201, sign_up(nil, KEY).status) end
    assert.equal(1, world:count "SIGNUP_SUCCESS done")
    assert.is_nil(world:intent().uncounted)
    assert_complete()
  end)

  it("counts no success that was none", function()
    local DOWN <const> = { code = "InternalServerError", status = 500, sent = true, ambiguous = true }
    world:fail("dynamodb.transact_write", DOWN)
    assert.equal(503, sign_up(nil, KEY).status)
    for _ = 1, 3 do assert.equal(201, sign_up(nil, KEY).status) end
    assert.equal(1, world:count "SIGNUP_SUCCESS done")
  end)

  it("does not wait for a lease that a clock has given which was ahead", function()
    world:fail("dynamodb.transact_write", { code = "InternalServerError", status = 500 })
    sign_up(nil, KEY)
    world:intent().lease_until = world.now + 3600
    assert.equal(201, sign_up(nil, KEY).status)
    assert_complete()
    world:intent().lease_until = world.now + 3600
    assert.equal(201, sign_up({ name = "Another" }).status) -- nor does who comes with another form
  end)

  it("goes on when the lease of one that died has run out", function()
    world:fail("dynamodb.transact_write", { code = "InternalServerError", status = 500 })
    sign_up(nil, KEY)
    world:intent().lease_until = world.now + 30
    world.now = world.now + 31
    assert.equal(201, sign_up(nil, KEY).status)
    assert_complete()
  end)
end)


-- A dependency fails once: { call, error, after its effect?, status, metrics }. The same request again
-- finishes.
local UNREACHABLE = { code = "Timeout", sent = true, ambiguous = true }
local THROTTLED = { code = "ThrottlingException", status = 400 }
local STRIPE_DOWN = { status = 500, type = "api_error", sent = true }
local interruptions = {
  { "dynamodb.put", THROTTLED, false, 503, "SIGNUP_ERROR intent" },
  { "dynamodb.put", UNREACHABLE, true, 503, "SIGNUP_ERROR intent" },
  { "cognito.sign_up", { code = "TooManyRequestsException", status = 400 }, false, 503,
    "SIGNUP_ERROR cognito" },
  { "cognito.sign_up", UNREACHABLE, false, 201 },
  { "cognito.sign_up", UNREACHABLE, true, 201 },
  { "cognito.sign_up", { code = "InternalErrorException", status = 500, sent = true }, true, 201 },
  { "dynamodb.update", THROTTLED, false, 503, "SIGNUP_ERROR cognito", "INCONSISTENT_USER_STORES cognito" },
  { "dynamodb.update", UNREACHABLE, true, 503, "SIGNUP_ERROR cognito", "INCONSISTENT_USER_STORES cognito" },
  { "stripe.create_customer", STRIPE_DOWN, false, 503, "SIGNUP_ERROR stripe",
    "INCONSISTENT_ACCOUNT_STORES stripe" },
  { "stripe.create_customer", STRIPE_DOWN, true, 503, "SIGNUP_ERROR stripe",
    "INCONSISTENT_ACCOUNT_STORES stripe" },
  { "stripe.create_payment_method", STRIPE_DOWN, true, 503, "SIGNUP_ERROR stripe" },
  { "stripe.attach_payment_method", STRIPE_DOWN, true, 503, "SIGNUP_ERROR stripe" },
  { "stripe.update_customer", { kind = "timeout", sent = true }, true, 503, "SIGNUP_ERROR stripe" },
  { "stripe.create_customer", { status = 401, type = "invalid_request_error" }, false, 503,
    "SIGNUP_ERROR stripe" },
  { "dynamodb.transact_write", THROTTLED, false, 503, "SIGNUP_ERROR account",
    "INCONSISTENT_ACCOUNT_STORES account" },
  { "dynamodb.transact_write", UNREACHABLE, true, 201 },
}

describe("a failure half way", function()
  it("a transaction that was through before is neither an error nor counted again", function()
    world = fresh()
    world:fail("dynamodb.transact_write", { code = "TransactionCanceledException" }, { after = true })
    assert.equal(201, sign_up().status)
    assert.equal(0, world:count "SIGNUP_SUCCESS done")
    assert_complete()
  end)

  for _, case in ipairs(interruptions) do
    local name = ("%s %s %s effect"):format(case[1], case[2].code or case[2].status or case[2].kind,
      case[3] and "after" or "before")
    it(name .. ": the same request again leaves exactly one of everything", function()
      world = fresh()
      world:fail(case[1], case[2], { after = case[3] })
      local headers = { ["idempotency-key"] = "k-1" }
      local reply = sign_up(nil, headers)
      assert.equal(case[4], reply.status)
      for i = 5, #case do assert.equal(1, world:count(case[i]), case[i]) end
      if case[4] == 503 then
        assert.equal("try_again", reply.code)
        assert.is_number(reply.retry_after)
        world.now = world.now + 31
        assert.equal(201, sign_up(nil, headers).status)
      end
      assert_complete()
      assert.equal(1, world:count "SIGNUP_SUCCESS done")
    end)
  end

  it("goes on with the proof that the 503 carried", function()
    world = fresh()
    world:fail("dynamodb.transact_write", THROTTLED)
    local reply = sign_up()
    assert.equal(503, reply.status)
    assert.equal(201, sign_up(nil, nil, cookie_of(reply)).status)
    assert_complete()
    assert.equal(1, world:called "cognito.sign_up")
    assert.equal(1, world:called "stripe.create_customer")
  end)

  it("makes nothing twice when Stripe has forgotten the keys", function()
    world = fresh()
    world:fail("stripe.attach_payment_method", STRIPE_DOWN)
    local reply = sign_up()
    world.keys = {}
    assert.equal(201, sign_up(nil, nil, cookie_of(reply)).status)
    assert.equal(1, world:called "stripe.create_customer")
    assert.equal(1, world:called "stripe.create_payment_method")
    assert_complete()
  end)

  it("is not told in the vendor's words", function()
    world = fresh()
    world:fail("stripe.create_customer", { status = 500, type = "api_error", message = "secret words" })
    local reply = sign_up()
    assert.is_nil(reply.message:find("secret words", 1, true))
    assert.is_nil(require "json".encode { world.logs }:find("secret words", 1, true))
  end)
end)


describe("the card is declined", function()
  before_each(function() world = fresh() end)

  local DECLINED = "tok_chargeDeclined"

  it("402, one text; user and customer stay; a new token finishes the same sign-up", function()
    local reply = sign_up { stripe_token = DECLINED }
    assert.equal(402, reply.status)
    assert.equal("card_not_accepted", reply.code)
    assert.equal(1, #world.users)
    assert.equal(1, world:count "SIGNUP_FAILURE stripe")
    assert.equal(0, world:count "INCONSISTENT_ACCOUNT_STORES stripe")

    assert.equal(201, sign_up({ stripe_token = "tok_visa" }, nil, cookie_of(reply)).status)
    local intent = assert_complete()
    assert.equal(2, intent.card_n)
    assert.is_table(world.keys[("usher:test:%s:payment_method:2"):format(intent.signup_id)])
    assert.equal(1, world:called "cognito.sign_up")
  end)

  it("an unknown token gets the same answer", function()
    local reply = sign_up { stripe_token = "tok_unknown" }
    local other = sign_up({ stripe_token = DECLINED }, nil, cookie_of(reply))
    assert.same({ reply.status, reply.code, reply.message }, { other.status, other.code, other.message })
    assert.equal(402, reply.status)
  end)

  it("the new token may come under the same Idempotency-Key", function()
    local key = { ["idempotency-key"] = "k-1" }
    sign_up({ stripe_token = DECLINED }, key)
    assert.equal(201, sign_up({ stripe_token = "tok_visa" }, key).status)
    assert.equal("idempotency_key_reused", sign_up({ stripe_token = DECLINED }, key).code)
  end)

  it("the same token again is not tried again", function()
    local reply = sign_up { stripe_token = DECLINED }
    local calls = world:called "stripe.attach_payment_method"
    assert.equal(402, sign_up({ stripe_token = DECLINED }, nil, cookie_of(reply)).status)
    assert.equal(calls, world:called "stripe.attach_payment_method")
  end)

  it("three tokens at most", function()
    local cookie
    for _, token in ipairs { DECLINED, "tok_unknown", DECLINED } do
      local reply = sign_up({ stripe_token = token }, nil, cookie)
      assert.equal(402, reply.status)
      cookie = cookie_of(reply)
    end
    local calls = #world.calls
    assert.equal(402, sign_up({ stripe_token = "tok_visa" }, nil, cookie).status)
    assert.equal(calls + 2, #world.calls) -- the intent, and whether Cognito still has the user
  end)
end)
