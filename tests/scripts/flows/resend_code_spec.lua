-- SPDX-License-Identifier: MIT
-- Another code: always the same answer, and a mail only where it is due.
local fakes = require "tests.scripts.fakes"

local FORM = {
  email = "jane@example.com", name = "Jane Doe", country = "DE", organization = "Example GmbH",
  password = "Pw1!xxxx", stripe_token = "tok_visa",
}

local world, resend_handler, cookie


local function resend(changes, with_cookie)
  local body = { email = FORM.email }
  for name, value in pairs(changes or {}) do body[name] = value end
  if with_cookie == nil then with_cookie = cookie end
  return fakes.call(resend_handler, body, nil, with_cookie or nil)
end


describe("resend", function()
  before_each(function()
    world = fakes.install()
    resend_handler = require "flows.resend_code"
    cookie = fakes.call(require "flows.signup", FORM).headers["Set-Cookie"]
    assert.equal(1, #world.mails)
  end)

  it("0. an address is needed", function()
    assert.equal(422, resend({ email = "jane" }).status)
    assert.equal(422, resend({ email = 7 }).status)
  end)

  it("1. Only the browser that signed up, and only while the code is still wanted", function()
    assert.equal(202, resend(nil, false).status)
    assert.equal(202, resend({ signup_token = ("x"):rep(43) }, false).status)
    assert.equal(202, resend({ email = "nobody@example.com" }).status)
    assert.equal(1, #world.mails)
    world:intent().code_accepted = true
    assert.equal(202, resend().status)
    assert.equal(1, #world.mails)
  end)

  it("1. the proof may come as signup_token", function()
    resend({ signup_token = cookie:match("=([^;]+)") }, false)
    assert.equal(2, #world.mails)
  end)

  it("2. One per minute and intent", function()
    -- { seconds since the last request, mails after it }
    for _, case in ipairs { { 0, 2 }, { 0, 2 }, { 59, 2 }, { 2, 3 }, { 1, 3 } } do
      world.now = world.now + case[1]
      assert.equal(202, resend().status)
      assert.equal(case[2], #world.mails)
    end
    assert.equal(3, world:count "SIGNUP_RESEND_FAILURE limits")
  end)

  for what, err in pairs {
    ["over Cognito's limit"] = { code = "LimitExceededException" },
    ["disabled"] = { code = "NotAuthorizedException", message = "User is disabled." },
    ["deleted meanwhile"] = { code = "UserNotFoundException" },
    ["confirmed meanwhile"] = { code = "InvalidParameterException", message = "User is already confirmed." },
  } do
    it("3. not for who is " .. what .. ", which is nobody's error", function()
      err.status, err.sent = 400, true
      world:fail("cognito.resend_confirmation_code", err)
      assert.equal(202, resend().status)
      assert.same({ 1, 0 }, { world:count "SIGNUP_RESEND_FAILURE cognito", world:count "SIGNUP_RESEND_ERROR cognito" })
    end)
  end

  it("2. five per hour", function()
    for _ = 1, 8 do
      resend()
      world.now = world.now + 61
    end
    assert.equal(1 + 5, #world.mails)
    world.now = world.now + 3600
    resend()
    assert.equal(1 + 6, #world.mails)
  end)

  it("3. Cognito mails a new code; the one before it no longer counts", function()
    local old = world.mails[1].code
    resend()
    assert.not_equal(old, world.mails[1].code)
    assert.equal(1, world:count "SIGNUP_RESEND_SUCCESS done")
    local confirm = require "flows.confirm_signup"
    local reply = fakes.call(confirm, { email = FORM.email, code = old }, nil, cookie)
    assert.equal("code_invalid_or_expired", reply.code)
    assert.equal(200, fakes.call(confirm, { email = FORM.email, code = world.mails[1].code }, nil,
      cookie).status)
  end)

  for call, step in pairs { ["dynamodb.get"] = "intent", ["dynamodb.update"] = "intent",
    ["cognito.resend_confirmation_code"] = "cognito" } do
    it("4. Always 202, also when " .. call .. " fails", function()
      local plain = resend(nil, false)
      world:fail(call, { code = "InternalServerError", status = 500, message = "a vendor's words" })
      assert.same(plain, resend())
      assert.equal(1, #world.mails)
      assert.equal(1, world:count("SIGNUP_RESEND_ERROR " .. step))
    end)
  end
end)
