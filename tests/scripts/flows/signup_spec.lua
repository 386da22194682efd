-- SPDX-License-Identifier: MIT
-- The sign-up, step by step in the words of the flow, against small fakes.
local door = require "tests.scripts.door"
local assert_complete, cookie_of = door.assert_complete, door.cookie_of
local fresh, sign_up = door.fresh, door.sign_up
local world


describe("sign-up", function()
  before_each(function() world = fresh() end)

  it("0. Validate everything: nothing is written for a form that cannot succeed", function()
    local reply = sign_up { email = "jane", country = "XX" }
    assert.equal(422, reply.status)
    assert.equal("invalid_input", reply.code)
    assert.equal(2, #reply.fields)
    assert.same({}, world.calls)
    assert.equal(1, world:count "SIGNUP_FAILURE validate")
  end)

  it("1. Put the intent: every id, time and key is made here once, and nothing of the person can be read",
    function()
    world:fail("cognito.sign_up", { code = "TooManyRequestsException", status = 400 })
    assert.equal(503, sign_up().status)
    local intent = world:intent()
    assert.matches("^SIGNUP#%x+$", intent.pk)
    assert.equal(64 + 7, #intent.pk)
    for _, name in ipairs { "signup_id", "visible_account_id", "system_account_id", "key_id",
      "transaction_token",
      "proof_hash", "fingerprint", "created_at" } do
      assert.is_string(intent[name], name)
    end
    assert.is_nil(intent.form.password)
    assert.equal(world.now + 604800, intent.expires_at)
    assert.equal("OPENED", intent.step)
  end)

  it("2. Cognito SignUp with the address in its one spelling; Cognito mails the code now", function()
    sign_up()
    assert.equal("jane@example.com", world.users[1].attributes.email)
    assert.equal("Jane Doe", world.users[1].attributes.name)
    assert.equal(1, #world.mails)
  end)

  it("3. Put the user record", function()
    sign_up()
    local user = world:item("USER#sub-1", "DETAILS")
    assert.same({
      pk = "USER#sub-1", sk = "DETAILS", email = "jane@example.com", name = "Jane Doe", country = "DE",
      organization = "Example GmbH", email_verified = false, signup_method = "email",
        utm = { source = "ads" },
      created_at = "2026-01-01T00:00:00Z", updated_at = "2026-01-01T00:00:00Z",
    }, user)
  end)

  it("4. Stripe: customer, payment method, attached and made the default", function()
    sign_up()
    local intent = world:intent()
    local customer = world.customers[intent.stripe_id]
    assert.equal("jane@example.com", customer.email)
    assert.equal("Jane Doe", customer.name)
    assert.same({ country = "DE" }, customer.address)
    assert.same({ signup_id = intent.signup_id, sub = "sub-1", account = intent.visible_account_id },
      customer.metadata)
    local method = customer.invoice_settings.default_payment_method
    assert.equal(customer.id, world.methods[method].customer)
    for _, call in ipairs { "customer", "payment_method", "attach", "default" } do
      local key = ("usher:test:%s:%s:1"):format(intent.signup_id, call)
      assert.is_table(world.keys[key], key)
    end
  end)

  it("4. Stripe: a payment method needs no token", function()
    world.methods.pm_card_visa = { id = "pm_card_visa", token = "tok_visa" }
    sign_up { stripe_token = "pm_card_visa" }
    assert.equal(0, world:called "stripe.create_payment_method")
    assert.equal("pm_card_visa", next(world.customers) and world.customers[world:intent().stripe_id]
      .invoice_settings.default_payment_method)
  end)

  it("4. Stripe: attach = at_confirm leaves the card for later", function()
    world = fresh { stripe = { attach = "at_confirm" } }
    assert.equal(201, sign_up().status)
    assert.equal(0, world:called "stripe.attach_payment_method")
    assert.is_string(world:intent().payment_method)
    assert.is_false(world:intent().card_attached)
  end)

  it("5. One transaction: account, both memberships, API key record, intent DONE", function()
    sign_up()
    local intent = assert_complete()
    local account_pk = "ACCOUNT#" .. intent.visible_account_id
    assert.same({
      pk = account_pk, sk = "DETAILS", system_account_id = intent.system_account_id,
        stripe_id = intent.stripe_id,
      cell_id = "cell-1", limits = { max_indexes = 5 }, organization = "Example GmbH", country = "DE",
      owner = "sub-1", created_at = intent.created_at, signup_id = intent.signup_id,
    }, world:item(account_pk, "DETAILS"))
    assert.same({
      pk = "USER#sub-1", sk = account_pk, role = "OWNER", status = "ACTIVE",
      system_account_id = intent.system_account_id, cloud_provider = "AWS",
    }, world:item("USER#sub-1", account_pk))
    assert.same({
      pk = account_pk, sk = "USER#sub-1", role = "OWNER", status = "ACTIVE", email = "jane@example.com",
      signup_method = "email",
    }, world:item(account_pk, "USER#sub-1"))
    assert.same({
      pk = account_pk, sk = "API_KEY#" .. intent.key_id, name = "default", prefix = "usher_test",
      status = "PENDING_REVEAL", created_at = intent.created_at,
    }, world:item(account_pk, "API_KEY#" .. intent.key_id))
  end)

  it("6. Answer: the account, the proof as token and cookie, and what comes next", function()
    local reply = sign_up()
    assert.equal(201, reply.status)
    assert.same({
      visible_account_id = world:intent().visible_account_id, signup_token = reply.json.signup_token,
      code_sent = true, next = "confirm_signup",
    }, reply.json)
    assert.equal("__Host-usher_signup=" .. reply.json.signup_token
      .. "; Path=/; Secure; HttpOnly; SameSite=Lax",
      cookie_of(reply))
    assert.matches("^[%w_-]+$", reply.json.signup_token)
    assert.equal(43, #reply.json.signup_token)
    assert.equal(1, world:count "SIGNUP_SUCCESS done")
    assert.equal(0, world:count "SIGNUP_FAILURE validate")
  end)

  it("keeps the proof, the password and the address out of table keys and logs", function()
    local token = sign_up().json.signup_token
    local dump = require "json".encode { logs = world.logs, counts = world.counts }
    for _, secret in ipairs { token, door.FORM.password, "example.com", "Jane" } do
      assert.is_nil(dump:find(secret, 1, true), secret)
    end
    for _, entry in ipairs(world.logs) do assert.is_string(entry.fields.signup_id) end
    for _, item in pairs(world.table) do
      assert.is_nil(require "json".encode(item):find(token, 1, true))
      assert.is_nil(require "json".encode(item):find(door.FORM.password, 1, true))
      assert.is_nil(item.pk:find("example", 1, true))
    end
  end)
end)
