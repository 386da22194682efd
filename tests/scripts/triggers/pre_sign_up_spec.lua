-- SPDX-License-Identifier: MIT
-- PreSignUp, rule by rule, with captured events in and the bytes that Cognito reads out.
local fakes = require "tests.scripts.fakes"
local events = dofile "tests/scripts/triggers/events.lua"
local json = require "json"

local PASSED <const> = '{"autoConfirmUser":false,"autoVerifyEmail":false,"autoVerifyPhone":false}'
local LET_IN <const> = '{"autoConfirmUser":true,"autoVerifyEmail":true,"autoVerifyPhone":false}'
local SUB <const> = "4f1e0c5e-0000-4000-8000-000000000001"

local world, trigger


-- text, with attributes of the user changed; json.null takes one away
local function event(text, changes)
  local value = json.decode(text)
  for name, change in pairs(changes or {}) do
    if name == "userName" then
      value.userName = change
    else
      value.request.userAttributes[name] = change ~= json.null and change or nil
    end
  end
  return value
end


-- -> what Cognito gets as text | nil, what was raised
local function run(value)
  local ok, result = pcall(trigger, value)
  if not ok then return nil, result end
  return json.encode(result, { sorted = true })
end


local function response_of(text)
  return text:match '"response":(%b{})'
end


local function native(status, verified, fields)
  local user = { username = SUB, sub = SUB, status = status, enabled = true, created_at = world.now,
    attributes = { sub = SUB, email = "jane@example.com", email_verified = verified } }
  for name, value in pairs(fields or {}) do user[name] = value end
  table.insert(world.users, user)
end


local function begin(settings)
  world = fakes.install()
  for name, value in pairs(settings or {}) do world.config.triggers[name] = value end
  trigger = require "triggers.pre_sign_up"
end


describe("PreSignUp_SignUp", function()
  local cases = {
    -- settings, address, passes
    { {}, "jane@example.com", true },
    { {}, "jane@yopmail.com", false },
    { {}, "jane@YOPmail.com", false },
    { {}, "jane@yopmail.com.", false },
    { {}, "jane@x.yopmail.com", true },
    { {}, "jane@notyopmail.com", true },
    { {}, "jane@yopmail.com.example.org", true },
    { {}, '"a@yopmail.com"@example.com', true },
    { {}, '"a@example.com"@yopmail.com', false },
    { { deny = { "example.com" } }, "jane@example.com", false },
    { { deny = { "jane@example.com" } }, "Jane@Example.com", false },
    { { deny = { "jane@example.com" } }, "john@example.com", true },
    { { allow = { "example.com" } }, "jane@example.com", true },
    { { allow = { "example.com" } }, "jane@example.org", false },
    { { allow = { "jane@yopmail.com" } }, "jane@yopmail.com", true },
    { { allow = { "jane@yopmail.com" } }, "john@yopmail.com", false },
    { { allow = { "example.com" }, deny = { "jane@example.com" } }, "jane@example.com", false },
    { { disposable = {} }, "jane@yopmail.com", true },
  }
  for i, case in ipairs(cases) do
    it(("%d. %s %s"):format(i, case[2], case[3] and "passes" or "is refused"), function()
      begin(case[1])
      local before = event(events.sign_up, { email = case[2] })
      local expected = json.encode(before, { sorted = true })
      local text, err = run(before)
      if case[3] then
        assert.equal(expected, text)
        assert.equal(PASSED, response_of(text))
        assert.equal(1, world:count "EMAIL_PRESIGNUP_SUCCESS done")
      else
        assert.equal("This e-mail address cannot be used", err.message)
        assert.equal(1, world:count "EMAIL_PRESIGNUP_FAILURE done")
      end
      assert.same({}, world.calls)
    end)
  end

  it("never confirms by itself, whatever stood there before", function()
    begin()
    local value = event(events.sign_up)
    value.response = { autoConfirmUser = true, autoVerifyEmail = true }
    assert.equal(PASSED, response_of(run(value)))
  end)
end)


describe("PreSignUp_AdminCreateUser", function()
  it("passes, and no list is asked", function()
    begin()
    local expected = json.encode(json.decode(events.admin_create), { sorted = true })
    assert.equal(expected, run(event(events.admin_create)))
  end)
end)


describe("PreSignUp_ExternalProvider", function()
  before_each(function() begin() end)

  it("lets in somebody new", function()
    local text = run(event(events.external))
    assert.equal(LET_IN, response_of(text))
    assert.equal(1, world:count "EMAIL_PRESIGNUP_SUCCESS done")
    assert.same({}, world.links)
  end)

  for name, changes in pairs {
    ["an address that Google has not verified"] = { email_verified = "false" },
    ["no word about that"] = { email_verified = json.null },
    ["anything but true"] = { email_verified = "True" },
    ["no address"] = { email = json.null },
    ["an empty address"] = { email = "" },
    ["another provider"] = { userName = "facebook_1" },
    ["no provider"] = { userName = SUB },
  } do
    it("refuses " .. name, function()
      local text, err = run(event(events.external, changes))
      assert.is_nil(text)
      assert.equal("PreSignUpRefused", err.type)
      assert.same({}, world.calls)
      assert.equal(1, world:count "EMAIL_PRESIGNUP_FAILURE done")
    end)
  end

  for section, name in pairs { sso = "Corp", triggers = "Other" } do
    it("knows the provider by " .. section .. ".provider", function()
      world.config[section].provider = name
      native("CONFIRMED", "true")
      run(event(events.external, { userName = name:lower() .. "_7" }))
      assert.equal(name, world.links[1].provider)
    end)
  end

  for _, user_name in ipairs { "google_109354484677663308178", "Google_109354484677663308178" } do
    it("links a native user who is confirmed and verified: " .. user_name, function()
      native("CONFIRMED", "true")
      local text = run(event(events.external, { userName = user_name, email = "Jane@Example.com" }))
      assert.equal(LET_IN, response_of(text))
      assert.same({ { username = SUB, provider = "Google", subject = "109354484677663308178",
        user_pool_id = "us-west-2_aaaaaaaaa" } }, world.links)
      assert.equal(1, #world.users)
    end)
  end

  -- status, verified, other fields: not linked, not removed
  for i, case in ipairs {
    { "CONFIRMED", "false" }, { "CONFIRMED", nil }, { "FORCE_CHANGE_PASSWORD", "true" },
    { "CONFIRMED", "true", { enabled = false } }, { "UNCONFIRMED", nil, { enabled = false } },
  } do
    it(("refuses beside a native user that proves nothing (%d)"):format(i), function()
      native(case[1], case[2], case[3])
      local text, err = run(event(events.external))
      assert.is_nil(text)
      assert.equal("PreSignUpRefused", err.type)
      assert.same({}, world.links)
      assert.equal(1, #world.users)
    end)
  end

  it("links one whose password is to be reset: it was confirmed", function()
    native("RESET_REQUIRED", "true")
    assert.equal(LET_IN, response_of(run(event(events.external))))
    assert.equal(1, #world.links)
  end)

  for _, call in ipairs { "cognito.admin_get_user", "dynamodb.get" } do
    it("fails closed when a look-up fails: " .. call, function()
      world:fail(call, { code = "InternalErrorException", message = "jane@example.com", status = 500 })
      local text, err = run(event(events.external))
      assert.is_nil(text)
      assert.equal("PreSignUpUnavailable", err.type)
      assert.is_nil(err.message:find("Internal", 1, true))
      assert.is_nil(json.encode(world.logs):find("jane@", 1, true))
      assert.equal(1, world:count "EMAIL_PRESIGNUP_FAILURE done")
    end)
  end

  it("fails closed when the link fails", function()
    native("CONFIRMED", "true")
    world:fail("cognito.admin_link_provider_for_user", { code = "InvalidParameterException", status = 400 })
    assert.is_nil(run(event(events.external)))
  end)
end)


describe("an UNCONFIRMED twin", function()
  local FORM <const> = {
    email = "jane@example.com", name = "Mallory", country = "DE", organization = "Evil", password = "Pw1!xxxx",
    stripe_token = "tok_visa",
  }

  before_each(function()
    begin()
    assert.equal(201, fakes.call(require "flows.signup", FORM).status)
    assert.equal(1, #world.users)
  end)

  local function nothing_is_left()
    assert.same({}, world.users)
    assert.same({}, world:rows())
    assert.same({}, world.customers)
    assert.is_nil(world:intent())
  end

  it("is superseded with its rows, its customer and its intent; nothing is linked", function()
    assert.equal(LET_IN, response_of(run(event(events.external))))
    nothing_is_left()
    assert.same({}, world.links)
  end)

  it("that no intent knows goes all the same", function()
    world.table = {}
    assert.equal(LET_IN, response_of(run(event(events.external))))
    assert.same({}, world.users)
  end)

  it("is left alone while its sign-up is being worked on", function()
    world:intent().lease_until = world.now + 30
    local text, err = run(event(events.external))
    assert.is_nil(text)
    assert.equal("PreSignUpRefused", err.type)
    assert.equal(1, #world.users)
  end)

  it("who is confirmed in the same moment is not removed", function()
    local get, calls = package.loaded.cognito.admin_get_user, 0
    package.loaded.cognito.admin_get_user = function(...)
      calls = calls + 1
      if calls == 2 then world.users[1].status = "CONFIRMED" end
      return get(...)
    end
    assert.is_nil(run(event(events.external)))
    assert.equal(1, #world.users)
    assert.equal(5, #world:rows())
  end)

  for _, call in ipairs { "cognito.admin_delete_user", "dynamodb.query", "stripe.delete_customer",
    "dynamodb.batch_write", "dynamodb.delete" } do
    it("is finished by the next attempt when this one breaks at " .. call, function()
      world:fail(call, { code = "InternalServerError", status = 500 })
      assert.is_nil(run(event(events.external)))
      world.now = world.now + 60
      assert.equal(LET_IN, response_of(run(event(events.external))))
      nothing_is_left()
    end)
  end

  it("that was confirmed once keeps its account when the user is gone", function()
    world:intent().code_accepted = true
    world.users = {}
    assert.equal(LET_IN, response_of(run(event(events.external))))
    assert.equal(5, #world:rows())
    assert.is_not_nil(world:intent())
  end)
end)
