-- SPDX-License-Identifier: MIT
-- The confirmation, step by step in the words of the flow, against small fakes.
local fakes = require "tests.scripts.fakes"
local task = require "task"

local FORM = {
  email = "jane@example.com", name = "Jane Doe", country = "DE", organization = "Example GmbH",
  password = "Pw1!xxxx", stripe_token = "tok_visa",
}

local world, sign_up, confirm_handler, cookie


local function confirm(changes, with_cookie)
  local body = { email = FORM.email, code = world.mails[1] and world.mails[1].code }
  for name, value in pairs(changes or {}) do body[name] = value end
  if with_cookie == nil then with_cookie = cookie end
  return fakes.call(confirm_handler, body, nil, with_cookie or nil)
end


-- A world in which Jane has just signed up. break_sign_up(world) may spoil it; then the answer is a 503.
local function begin(settings, break_sign_up)
  world = fakes.install()
  for section, values in pairs(settings or {}) do
    for name, value in pairs(values) do world.config[section][name] = value end
  end
  sign_up, confirm_handler = require "flows.signup", require "flows.confirm_signup"
  if break_sign_up then break_sign_up(world) end
  local reply = fakes.call(sign_up, FORM)
  cookie = reply.headers["Set-Cookie"]
  return reply
end


local function key_record()
  local intent = world:intent()
  return world:item("ACCOUNT#" .. intent.visible_account_id, "API_KEY#" .. intent.key_id)
end


describe("confirm", function()
  before_each(function() begin() end)

  it("0. a form that cannot succeed is told so, and no code is spent", function()
    local reply = confirm { code = "12345" }
    assert.equal(422, reply.status)
    assert.equal("code", reply.fields[1].field)
    assert.equal(0, world:called "cognito.confirm_sign_up")
  end)

  it("1. Check the proof: without the current one the code is not spent", function()
    -- { what is brought, proof in the body, cookie }
    local cases = {
      { "nothing", nil, false }, { "another's token", ("x"):rep(43), false },
      { "another's cookie", nil, "__Host-usher_signup=" .. ("x"):rep(43) }, { "an empty cookie", nil,
        "__Host-usher_signup=" },
    }
    for _, case in ipairs(cases) do
      local reply = confirm({ signup_token = case[2] }, case[3])
      assert.equal(422, reply.status, case[1])
      assert.equal("signup_superseded", reply.code, case[1])
    end
    assert.equal("signup_superseded", confirm({ email = "nobody@example.com" }).code)
    assert.equal(0, world:called "cognito.confirm_sign_up")
    assert.equal(5, world:count "SIGNUP_CONFIRM_FAILURE proof")
    assert.equal(200, confirm().status)
  end)

  it("1. Check the proof: it may come as signup_token", function()
    local token = cookie:match("=([^;]+)")
    assert.equal(200, confirm({ signup_token = token }, false).status)
  end)

  it("1. Check the proof: that of a superseded sign-up is none", function()
    local code = world.mails[1].code
    assert.equal(201, fakes.call(sign_up, FORM).status)
    assert.equal("signup_superseded", confirm().code)
    assert.equal("signup_superseded", confirm({ code = code }).code)
    assert.equal("UNCONFIRMED", world.users[1].status)
  end)

  it("1. Check the proof: when_superseded asks for it only where there was more than one sign-up", function()
    begin { confirm = { require_proof = "when_superseded" } }
    local refused = confirm({ code = "000000" }, false)
    assert.equal("code_invalid_or_expired", refused.code)
    assert.is_nil(refused.headers, "a proof is given to nobody who has not shown it")
    assert.equal(200, confirm(nil, false).status)

    begin { confirm = { require_proof = "when_superseded" } }
    local second = fakes.call(sign_up, FORM)
    assert.equal("signup_superseded", confirm(nil, false).code)
    assert.equal(200, confirm(nil, second.headers["Set-Cookie"]).status)
    assert.equal("code_invalid_or_expired", confirm({ email = "nobody@example.com" }, false).code)
  end)

  it("2. ConfirmSignUp: mismatch, expired, not found: one answer", function()
    local answers = {}
    for _, code in ipairs { "CodeMismatchException", "ExpiredCodeException", "UserNotFoundException" } do
      world:fail("cognito.confirm_sign_up", { code = code, status = 400, message = "a vendor's words" })
      local reply = confirm()
      assert.equal(422, reply.status)
      answers[reply.code .. reply.message] = true
    end
    local only = next(answers)
    assert.is_nil(next(answers, only))
    assert.is_not_nil(only:find("code_invalid_or_expired", 1, true))
    assert.equal(3, world:count "SIGNUP_CONFIRM_FAILURE code")
    assert.is_nil(world:intent().confirming)
    assert.equal(200, confirm().status)
  end)

  it("2. ConfirmSignUp: a user whom somebody has disabled, and who asks", function()
    begin { confirm = { require_proof = "when_superseded" } }
    local disabled = { code = "NotAuthorizedException", status = 400, message = "User is disabled." }
    -- what stands in for a proof, status, code
    for _, case in ipairs { { nil, 403, "account_disabled" }, { false, 422, "code_invalid_or_expired" } } do
      world:fail("cognito.confirm_sign_up", disabled)
      local reply = confirm(nil, case[1])
      assert.same({ case[2], case[3] }, { reply.status, reply.code })
    end
    assert.equal(2, world:count "SIGNUP_CONFIRM_FAILURE code")
    assert.equal(0, world:count "SIGNUP_CONFIRM_ERROR code")
    assert.equal(200, confirm().status)
  end)

  it("2. ConfirmSignUp: Cognito has had enough of this user's codes", function()
    world:fail("cognito.confirm_sign_up", { code = "LimitExceededException", status = 400 })
    local reply = confirm()
    assert.equal(429, reply.status)
    assert.is_number(reply.retry_after)
  end)

  it("2. ConfirmSignUp: already CONFIRMED is success only if this intent had its code accepted", function()
    world.users[1].status = "CONFIRMED"
    assert.equal("code_invalid_or_expired", confirm().code)
    assert.is_nil(world:intent().code_accepted)
    assert.equal("PENDING_REVEAL", key_record().status)
  end)

  it("2. ConfirmSignUp: an answer that was lost is looked up", function()
    for _, err in ipairs { { code = "Timeout", sent = true, ambiguous = true },
      { code = "UserLambdaValidationException", status = 400, sent = true } } do
      begin()
      world:fail("cognito.confirm_sign_up", err, { after = true })
      assert.equal(200, confirm().status)
      assert.is_true(world:intent().code_accepted)
      assert.equal(1, world:count "SIGNUP_CONFIRM_SUCCESS done")
    end
  end)

  it("2. ConfirmSignUp: a typing error after a lost answer does not shut the person out", function()
    local lost = { code = "Timeout", sent = true, ambiguous = true }
    world:fail("cognito.confirm_sign_up", lost, { after = true })
    world:fail("cognito.admin_get_user", lost)
    assert.equal(503, confirm().status)
    assert.equal("code_invalid_or_expired", confirm({ code = "000000" }).code)
    world:fail("cognito.confirm_sign_up", { code = "LimitExceededException", status = 400 })
    assert.equal(429, confirm().status)
    assert.equal("code_invalid_or_expired", confirm({ code = "111111" }).code)
    local reply = confirm()
    assert.equal(200, reply.status)
    assert.is_string(reply.json.api_key.secret)
    assert.is_nil(world:intent().confirming)
  end)

  it("2. ConfirmSignUp: without effect and without answer it is 503, and can be tried again", function()
    world:fail("cognito.confirm_sign_up", { code = "Timeout", sent = true, ambiguous = true })
    assert.equal(503, confirm().status)
    assert.equal(1, world:count "SIGNUP_CONFIRM_ERROR code")
    assert.equal(200, confirm().status)
  end)

  it("3. Store code_accepted: when that fails, the same code again goes on", function()
    local updates = 0
    local dynamodb = package.loaded.dynamodb
    local update = dynamodb.update
    dynamodb.update = function(request)
      updates = updates + 1
      if updates >= 2 and updates <= 3 then return nil, { code = "InternalServerError", status = 500 } end
      return update(request)
    end
    assert.equal(503, confirm().status)
    assert.equal("CONFIRMED", world.users[1].status)
    assert.equal(409, confirm().status)
    world.now = world.now + 31
    local reply = confirm()
    assert.equal(200, reply.status)
    assert.is_string(reply.json.api_key.secret)
    assert.equal(1, world:count "SIGNUP_CONFIRM_SUCCESS done")
  end)

  it("4. AdminUpdateUserAttributes email_verified=true", function()
    confirm()
    assert.equal("true", world.users[1].attributes.email_verified)
    assert.equal(1, world:called "cognito.admin_update_user_attributes")
  end)

  it("5. User record email_verified=true, and nothing else of it changes", function()
    world:item("USER#sub-1", "DETAILS").name = "Jane Changed"
    world.now = world.now + 60
    confirm()
    local user = world:item("USER#sub-1", "DETAILS")
    assert.is_true(user.email_verified)
    assert.equal("Jane Changed", user.name)
    assert.equal("2026-01-01T00:01:00Z", user.updated_at)
    assert.equal("2026-01-01T00:00:00Z", user.created_at)
  end)

  it("5. a user record that is missing is made", function()
    local before = world:item("USER#sub-1", "DETAILS")
    world.table["USER#sub-1\0DETAILS"] = nil
    confirm()
    before.email_verified = true
    assert.same(before, world:item("USER#sub-1", "DETAILS"))
  end)

  for step, call in pairs { ["4"] = "cognito.admin_update_user_attributes" } do
    it(step .. ". an update that fails leaves the person confirmed", function()
      world:fail(call, { code = "InternalErrorException", status = 500 })
      assert.equal(200, confirm().status)
      assert.equal(1, world:count "INCONSISTENT_USER_STORES attributes")
      assert.equal(1, world:count "SIGNUP_CONFIRM_SUCCESS done")
      assert.equal(0, world:count "SIGNUP_CONFIRM_ERROR attributes")
    end)
  end

  it("6. If the account is missing, steps 3 to 5 of the sign-up are resumed", function()
    for _, call in ipairs { "stripe.create_customer", "dynamodb.transact_write" } do
      local reply = begin(nil, function(w) w:fail(call, { code = "Throttling", status = 500,
        type = "api_error" }) end)
      assert.equal(503, reply.status)
      reply = confirm()
      assert.equal(200, reply.status)
      assert.is_string(reply.json.api_key.secret)
      assert.equal("DONE", world:intent().step)
      assert.equal(1, world:count "SIGNUP_SUCCESS done")
      assert.is_true(world:item("USER#sub-1", "DETAILS").email_verified)
    end
  end)

  it("6. the confirmation is not held up when that fails again", function()
    begin(nil, function(w) w:fail("stripe.create_customer", { status = 500, type = "api_error" },
      { times = 2 }) end)
    local reply = confirm()
    assert.equal(200, reply.status)
    assert.equal("confirmed", reply.json.status)
    assert.is_nil(reply.json.api_key)
    assert.equal(2, world:count "INCONSISTENT_ACCOUNT_STORES stripe")
    reply = confirm()
    assert.is_string(reply.json.api_key.secret)
    assert.equal(1, world:count "SIGNUP_CONFIRM_SUCCESS done")
  end)

  it("6. attach = at_confirm makes the card the default now", function()
    begin { stripe = { attach = "at_confirm" } }
    confirm()
    local customer = world.customers[world:intent().stripe_id]
    assert.equal(customer.id, world.methods[customer.invoice_settings.default_payment_method].customer)
    assert.is_true(world:intent().card_attached)
    confirm()
    assert.equal(1, world:called "stripe.attach_payment_method")
  end)

  it("7. Mint the default key's secret, store its hash, show it once", function()
    local reply = confirm()
    assert.equal(200, reply.status)
    local key = reply.json.api_key
    assert.same({ status = "confirmed", visible_account_id = world:intent().visible_account_id,
      api_key = key }, reply.json)
    assert.matches("^usher_test_" .. ("%w"):rep(24) .. "_" .. ("%w"):rep(6) .. "$", key.secret)
    assert.equal("ACTIVE", key_record().status)
    assert.equal(require "lib.api_key".hash(key.secret), key_record().secret_hash)
    assert.equal(0, world:intent().lease_until)
    for _, item in pairs(world.table) do
      assert.is_nil(require "json".encode(item):find(key.secret, 1, true))
    end
    assert.is_nil(require "json".encode { world.logs }:find(key.secret, 1, true))
  end)

  it("7. a second confirmation is a success that shows no secret", function()
    local first = confirm()
    local second = confirm()
    assert.equal(200, second.status)
    assert.same({ id = first.json.api_key.id }, second.json.api_key)
    assert.equal(1, world:called "cognito.confirm_sign_up")
    assert.equal(1, world:count "SIGNUP_CONFIRM_SUCCESS done")
    for _, entry in ipairs(world.logs) do assert.equal("info", entry.level, entry.event) end
    assert.equal(require "lib.api_key".hash(first.json.api_key.secret), key_record().secret_hash)
  end)

  it("7. an answer of the table that was lost does not lose the secret", function()
    world:fail("dynamodb.transact_write", { code = "Timeout", sent = true, ambiguous = true },
      { after = true })
    local secret = confirm().json.api_key.secret
    assert.equal(require "lib.api_key".hash(secret), key_record().secret_hash)
  end)

  it("7. nobody took the answer: the same secret is shown again, and then no more", function()
    fakes.gone = true
    local first = confirm().json.api_key
    fakes.gone = false
    assert.is_string(key_record().seed)
    assert.same(first, confirm().json.api_key)
    assert.same({ id = first.id }, confirm().json.api_key) -- also while the table has not forgotten yet
    task.all { function() end }
    assert.is_nil(key_record().seed)
    assert.same({ id = first.id }, confirm().json.api_key)
    assert.equal(require "lib.api_key".hash(first.secret), key_record().secret_hash)
  end)

  it("7. another signup.key shows nothing wrong", function()
    fakes.gone = true
    local first = confirm().json.api_key
    fakes.gone = false
    key_record().seed = ("0"):rep(64)
    assert.same({ id = first.id }, confirm().json.api_key)
  end)

  it("7. a key that could not be stored is shown the next time", function()
    world:fail("dynamodb.transact_write", { code = "InternalServerError", status = 500 })
    local reply = confirm()
    assert.equal(200, reply.status)
    assert.is_nil(reply.json.api_key.secret)
    assert.is_string(confirm().json.api_key.secret)
  end)

  it("is one at a time", function()
    world:intent().lease_until = world.now + 5
    local reply = confirm()
    assert.equal(409, reply.status)
    assert.equal("signup_in_progress", reply.code)
    assert.equal(0, world:called "cognito.confirm_sign_up")
  end)
end)
