-- SPDX-License-Identifier: MIT
-- Cognito refuses a sign-up, or knows the address already.
local door, fakes = require "tests.scripts.door", require "tests.scripts.fakes"
local assert_complete, cookie_of = door.assert_complete, door.cookie_of
local fresh, sign_up = door.fresh, door.sign_up
local world


describe("Cognito refuses", function()
  before_each(function() world = fresh() end)

  -- { error, field, code }
  local cases = {
    { { code = "InvalidPasswordException",
      message = "Password did not conform with policy: Password not long enough" },
      "password", "password_too_short" },
    { { code = "InvalidPasswordException", message = "…: Password must have symbol characters" },
      "password", "password_needs_symbol" },
    { { code = "InvalidPasswordException", message = "new words" }, "password", "password_not_accepted" },
    { { code = "InvalidParameterException", message = "Invalid email address format." }, "email",
      "email_not_accepted" },
    { { code = "InvalidParameterException",
      message = "1 validation error detected: Value at 'password' failed" },
      "password", "password_not_accepted" },
    { { code = "UserLambdaValidationException", message = "PreSignUp failed with error no." }, "email",
      "email_not_accepted" },
  }
  for _, case in ipairs(cases) do
    it(case[1].code .. " " .. case[3] .. ": intent FAILED, field error, and a better form starts anew",
      function()
      case[1].status, case[1].sent = 400, true
      world:fail("cognito.sign_up", case[1])
      local reply = sign_up(nil, { ["idempotency-key"] = "k-1" })
      assert.equal(422, reply.status)
      assert.equal("invalid_input", reply.code)
      assert.equal(case[2], reply.fields[1].field)
      assert.equal(case[3], reply.fields[1].code)
      assert.is_nil(reply.fields[1].message:find(case[1].message, 1, true))
      assert.equal("FAILED", world:intent().step)
      assert.equal(1, world:count "SIGNUP_FAILURE cognito")

      assert.equal(201, sign_up({ password = "Better1!" }, { ["idempotency-key"] = "k-1" }).status)
      assert_complete()
      assert.equal(1, world:intent().sign_ups)
    end)
  end

  for _, words in ipairs { "2026-01-01T00:00:00.000Z 1-2-3 Task timed out after 3.00 seconds",
    "RequestId: 1-2-3 Error: Runtime exited with error: exit status 1",
    "This address cannot be checked right now, please try again" } do
    it("nobody when the trigger only failed: " .. words, function()
      world:fail("cognito.sign_up", { code = "UserLambdaValidationException", status = 400, sent = true,
        message = ("PreSignUp failed with error %s."):format(words) })
      local reply = sign_up(nil, { ["idempotency-key"] = "k-1" })
      assert.same({ 503, "try_again" }, { reply.status, reply.code })
      assert.equal(1, world:count "SIGNUP_ERROR cognito")
      assert.equal(201, sign_up(nil, { ["idempotency-key"] = "k-1" }).status)
      assert_complete()
    end)
  end

  for _, code in ipairs { "LimitExceededException", "CodeDeliveryFailureException" } do
    it(code .. ": the user exists, so it goes on and says that no code was sent", function()
      world:fail("cognito.sign_up", { code = code, status = 400, sent = true }, { after = true })
      local reply = sign_up()
      assert.equal(201, reply.status)
      assert.is_false(reply.json.code_sent)
      assert.equal(1, world:called "cognito.sign_up")
      assert_complete()
    end)
  end
end)


describe("Cognito says UsernameExists", function()
  before_each(function() world = fresh() end)

  local function stranger(status, options)
    world.users[1] = { username = options.username, sub = options.sub or options.username, status = status,
      password = options.password, created_at = world.now - 3600, enabled = true,
      attributes = { sub = options.sub or options.username, email = "jane@example.com",
        email_verified = status == "CONFIRMED" and "true" or "false" } }
  end

  it("UNCONFIRMED and ours: resume at the stored step", function()
    world:fail("dynamodb.update", { code = "Timeout", sent = true })
    local reply = sign_up()
    assert.equal(503, reply.status)
    assert.equal("OPENED", world:intent().step)
    assert.equal(201, sign_up(nil, nil, cookie_of(reply)).status)
    assert.equal("sub-1", world.users[1].sub)
    assert_complete()
  end)

  it("UNCONFIRMED and anyone else's: superseded, and nothing of it is handed over", function()
    local first = sign_up()
    local old = world:intent()
    local second = sign_up { password = "Other1!x" }
    assert.equal(201, second.status)
    local intent = assert_complete()
    assert.equal("sub-2", intent.sub)
    assert.equal("Other1!x", world.users[1].password)
    assert.equal(2, intent.sign_ups)
    assert.is_nil(intent.supersedes)
    assert.not_equal(old.stripe_id, intent.stripe_id)
    assert.not_equal(first.json.visible_account_id, second.json.visible_account_id)
    assert.not_equal(first.json.signup_token, second.json.signup_token)
    assert.equal(2, world:count "SIGNUP_SUCCESS done")
  end)

  it("UNCONFIRMED and no intent knows it: superseded too", function()
    stranger("UNCONFIRMED", { username = "old-1" })
    world.table["USER#old-1\0DETAILS"] = { pk = "USER#old-1", sk = "DETAILS" }
    world.table["USER#old-1\0ACCOUNT#a"] = { pk = "USER#old-1", sk = "ACCOUNT#a", role = "OWNER" }
    world.table["ACCOUNT#a\0DETAILS"] = { pk = "ACCOUNT#a", sk = "DETAILS", stripe_id = "cus_old" }
    world.customers.cus_old = { id = "cus_old", email = "jane@example.com" }
    assert.equal(201, sign_up().status)
    assert_complete()
    assert.equal(2, world:intent().sign_ups)
  end)

  it("UNCONFIRMED, made a moment ago by somebody else: superseded, not mistaken for our own", function()
    stranger("UNCONFIRMED", { username = "old-1" })
    world.users[1].created_at = world.now
    assert.equal(201, sign_up().status)
    assert.equal("sub-1", assert_complete().sub)
  end)

  it("a customer whose id was lost on the way goes too", function()
    world:fail("stripe.create_customer", { status = 500, type = "api_error", sent = true }, { after = true })
    assert.equal(503, sign_up().status)
    assert.is_nil(world:intent().stripe_id)
    assert.equal(201, sign_up().status)
    assert_complete()
  end)

  -- Something happens while this sign-up asks Cognito about the address for the nth time.
  local function meanwhile(n, fn)
    local cognito = package.loaded.cognito
    local admin_get_user, asked = cognito.admin_get_user, 0
    cognito.admin_get_user = function(username)
      asked = asked + 1
      if asked == n then fn() end
      return admin_get_user(username)
    end
  end

  it("an intent that somebody works on meanwhile is left to them", function()
    sign_up()
    local rows = world:rows()
    meanwhile(1, function() world:intent().lease_owner = "somebody else" end)
    assert.equal("signup_in_progress", sign_up().code)
    assert.equal("somebody else", world:intent().lease_owner)
    assert.same(rows, world:rows())
    assert.equal(0, world:called "cognito.admin_delete_user")
  end)

  it("a user who confirms meanwhile is not deleted", function()
    sign_up()
    local rows = world:rows()
    meanwhile(2, function() world.users[1].status = "CONFIRMED" end)
    assert.equal("account_exists", sign_up().code)
    assert.same(rows, world:rows())
    assert.equal(1, #world.users)
    assert.equal(0, world:called "stripe.delete_customer")
  end)

  it("superseding that stops half way goes on with the same request", function()
    sign_up()
    world:fail("stripe.delete_customer", { status = 500, type = "api_error", sent = true })
    local reply = sign_up()
    assert.equal(503, reply.status)
    assert.is_table(world:intent().supersedes)
    assert.equal(201, sign_up(nil, nil, cookie_of(reply)).status)
    assert_complete()
  end)

  it("CONFIRMED, account exists: write nothing, call no Stripe, 409", function()
    sign_up()
    world.users[1].status = "CONFIRMED"
    local before, calls = world:rows(), world:called "stripe.create_customer"
    local reply = sign_up { password = "Other1!x" }
    assert.equal(409, reply.status)
    assert.equal("account_exists", reply.code)
    assert.same(before, world:rows())
    assert.equal("DONE", world:intent().step)
    assert.equal(calls, world:called "stripe.create_customer")
    assert.is_nil(cookie_of(reply))
  end)

  it("CONFIRMED, account exists, no intent: none is left behind", function()
    stranger("CONFIRMED", { username = "old-1", password = door.FORM.password })
    world.table["USER#old-1\0ACCOUNT#a"] = { pk = "USER#old-1", sk = "ACCOUNT#a", role = "OWNER" }
    local reply = sign_up()
    assert.equal("account_exists", reply.code)
    assert.is_nil(world:intent())
    assert.is_nil(cookie_of(reply))
    assert.equal(0, world:called "stripe.create_customer")
    assert.equal(1, world:count "SIGNUP_FAILURE cognito")
  end)

  it("CONFIRMED, account exists: the right password changes nothing about that", function()
    sign_up()
    world.users[1].status = "CONFIRMED"
    assert.equal("account_exists", sign_up { organization = "Another" }.code)
    assert_complete()
  end)

  it("CONFIRMED and DONE, but its rows are gone: left to repair", function()
    sign_up()
    world.users[1].status = "CONFIRMED"
    local intent = world:intent()
    world.table["USER#sub-1\0ACCOUNT#" .. intent.visible_account_id] = nil
    assert.equal("account_exists", sign_up { organization = "Another" }.code)
    assert.equal(1, world:called "stripe.create_customer")
  end)

  it("a user that was deleted after it had confirmed: its account is not touched", function()
    local reply = sign_up()
    fakes.call(require "flows.confirm_signup", { email = door.FORM.email, code = world.mails[1].code }, nil,
      cookie_of(reply))
    local before, customer = world:rows(), world:intent().stripe_id
    world.users = {}
    assert.equal(201, sign_up({ organization = "Another" }).status)
    assert.is_table(world.customers[customer])
    local after = table.concat(world:rows(), "\n")
    for _, row in ipairs(before) do assert.is_not_nil(after:find(row, 1, true), row) end
  end)

  it("CONFIRMED, account missing: the password proves the caller, and the account is completed", function()
    stranger("CONFIRMED", { username = "google_1", sub = "sub-9", password = door.FORM.password })
    local reply = sign_up()
    assert.equal(201, reply.status)
    assert.equal("sign_in", reply.json.next)
    assert.is_false(reply.json.code_sent)
    local id = reply.json.visible_account_id
    assert.is_true(world:item("USER#sub-9", "DETAILS").email_verified)
    assert.is_table(world:item("USER#google_1", "ACCOUNT#" .. id))
    assert.is_table(world:item("ACCOUNT#" .. id, "USER#google_1"))
    assert.equal("sub-9", world:item("ACCOUNT#" .. id, "DETAILS").owner)
  end)

  it("CONFIRMED, account missing, no proof: as account exists", function()
    stranger("CONFIRMED", { username = "old-1", password = "Another1!" })
    assert.equal("account_exists", sign_up().code)
    assert.is_nil(world:intent())
    assert.same({}, world:rows())
  end)

  it("CONFIRMED, account missing, and Cognito cannot judge the password: again later", function()
    for _, err in ipairs {
      { code = "Timeout", sent = true, ambiguous = true, retryable = true },
      { code = "InternalErrorException", sent = true, status = 500, retryable = true },
      { code = "TooManyRequestsException", sent = true, status = 400, retryable = true },
      { code = "ConnectionFailed", sent = false, retryable = true },
    } do
      world = fresh()
      stranger("CONFIRMED", { username = "old-1", password = door.FORM.password })
      world:fail("cognito.initiate_auth", err)
      local reply = sign_up()
      assert.same({ 503, "try_again" }, { reply.status, reply.code }, err.code)
      assert.equal(1, world:count "SIGNUP_ERROR cognito")
      assert.is_nil(world:intent())
      assert.equal(201, sign_up().status)
    end
  end)

  it("EXTERNAL_PROVIDER: 409, sign in with Google", function()
    stranger("EXTERNAL_PROVIDER", { username = "google_1" })
    local reply = sign_up()
    assert.equal(409, reply.status)
    assert.equal("account_exists", reply.code)
    assert.is_not_nil(reply.message:find("Google", 1, true))
    assert.same({}, world:rows())
  end)
end)
