-- SPDX-License-Identifier: MIT
-- cognito.lua over a fake aws.lua: what each function asks for, and what it makes of the answers.

local keep_modules = require "tests.bindings.keep_modules"

local CLIENT <const>, POOL <const> = "1example23456789", "us-east-1_Ab12cd"
local SECRET <const> = "s3cr3tClientSecretExample0123456789abcdef"

local restore, cognito, calls, answers

local function begin(settings)
  calls, answers = {}, {}
  package.loaded.config = { cognito = settings }
  package.loaded.aws = { call = function(request)
    calls[#calls + 1] = request
    local answer = table.remove(answers, 1) or {}
    if answer.code then return nil, answer end
    return answer
  end }
  package.loaded.cognito = nil
  cognito = require "cognito"
end

describe("cognito", function()
  before_each(function()
    restore = keep_modules { "aws", "config", "cognito" }
    begin { client_id = CLIENT, user_pool_id = POOL, client_secret = SECRET }
  end)

  after_each(function() restore() end)

  describe("asks for", function()
    local HASH <const> = "zgz7RhxuP7nbOiSO33nYuQvB4YATuiI1+uxfqHacZIk="
    local jane = "jane@example.com"
    -- operation, function, arguments, signed, mode, input without client and pool
    local cases = {
      { "SignUp", "sign_up", { { username = jane, password = "Pw1!xxxx",
          attributes = { name = "Jane", email = jane } } }, false, "throttle",
        { Username = jane, Password = "Pw1!xxxx", SecretHash = HASH, UserAttributes = {
          { Name = "email", Value = jane }, { Name = "name", Value = "Jane" } } } },
      { "ConfirmSignUp", "confirm_sign_up", { { username = jane, code = "123456" } }, false, "throttle",
        { Username = jane, ConfirmationCode = "123456", SecretHash = HASH } },
      { "ResendConfirmationCode", "resend_confirmation_code", { { username = jane } }, false, "throttle",
        { Username = jane, SecretHash = HASH } },
      { "InitiateAuth", "initiate_auth", { { username = jane, password = "p" } }, false, "throttle",
        { AuthFlow = "USER_PASSWORD_AUTH",
          AuthParameters = { USERNAME = jane, PASSWORD = "p", SECRET_HASH = HASH } } },
      { "AdminGetUser", "admin_get_user", { jane }, true, "safe", { Username = jane } },
      { "AdminUpdateUserAttributes", "admin_update_user_attributes", { jane, { email_verified = true } },
        true, "safe", { Username = jane, UserAttributes = { { Name = "email_verified", Value = "true" } } } },
      { "AdminDeleteUser", "admin_delete_user", { jane }, true, "safe", { Username = jane } },
      { "AdminConfirmSignUp", "admin_confirm_sign_up", { jane }, true, "safe", { Username = jane } },
      { "AdminLinkProviderForUser", "admin_link_provider_for_user",
        { { username = "d841", provider = "Google", subject = "1093" } }, true, "safe",
        { DestinationUser = { ProviderName = "Cognito", ProviderAttributeValue = "d841" },
          SourceUser = { ProviderName = "Google", ProviderAttributeName = "Cognito_Subject",
            ProviderAttributeValue = "1093" } } },
      { "ListUsers", "list_users", { { filter = 'email = "a@b.c"', limit = 1, token = "t" } }, true, "safe",
        { Filter = 'email = "a@b.c"', Limit = 1, PaginationToken = "t" } },
      { "DescribeUserPool", "describe_user_pool", {}, true, "safe", {} },
    }
    for _, case in ipairs(cases) do
      local operation, name, arguments, signed, mode, input = table.unpack(case)
      it(operation, function()
        cognito[name](table.unpack(arguments))
        local seen = calls[1]
        assert.are.equal("cognito-idp", seen.service)
        assert.are.equal("AWSCognitoIdentityProviderService." .. operation, seen.target)
        assert.are.equal("1.1", seen.json_version)
        assert.are.same({ signed, mode }, { seen.signed, seen.retry })
        assert.are.equal(signed and POOL or CLIENT, seen.input.UserPoolId or seen.input.ClientId)
        seen.input.UserPoolId, seen.input.ClientId = nil, nil
        assert.are.same(input, seen.input)
      end)
    end
  end)

  it("sends no hash for a client without a secret", function()
    begin { client_id = CLIENT, user_pool_id = POOL }
    cognito.sign_up { username = "a@b.c", password = "p" }
    cognito.initiate_auth { username = "a@b.c", password = "p" }
    assert.is_nil(calls[1].input.SecretHash)
    assert.is_nil(calls[1].input.UserAttributes)
    assert.is_nil(calls[2].input.AuthParameters.SECRET_HASH)
  end)

  it("passes the caller's time on", function()
    cognito.admin_get_user("a@b.c", { deadline = 5 })
    cognito.confirm_sign_up { username = "a@b.c", code = "1", timeout = 2, retry = "none" }
    assert.are.equal(5, calls[1].deadline)
    assert.are.same({ 2, "none" }, { calls[2].timeout, calls[2].retry })
  end)

  describe("makes plain results of", function()
    local details = { AttributeName = "email", DeliveryMedium = "EMAIL", Destination = "j***@e***" }
    local delivery = { attribute = "email", medium = "EMAIL", destination = "j***@e***" }
    local cases = {
      { "a sign-up", "sign_up", { { username = "a@b.c" } },
        { UserConfirmed = false, UserSub = "d841", CodeDeliveryDetails = details },
        { sub = "d841", confirmed = false, delivery = delivery } },
      { "a sign-up that was confirmed at once", "sign_up", { { username = "a@b.c" } },
        { UserConfirmed = true, UserSub = "d841" }, { sub = "d841", confirmed = true } },
      { "a confirmation", "confirm_sign_up", { { username = "a@b.c" } }, {}, true },
      { "a resent code", "resend_confirmation_code", { { username = "a@b.c" } },
        { CodeDeliveryDetails = details }, { delivery = delivery } },
      { "tokens", "initiate_auth", { { username = "a@b.c" } },
        { AuthenticationResult = { AccessToken = "a", IdToken = "i", RefreshToken = "r", ExpiresIn = 3600,
          TokenType = "Bearer" }, ChallengeParameters = {} },
        { access_token = "a", id_token = "i", refresh_token = "r", expires_in = 3600,
          token_type = "Bearer" } },
      { "a challenge", "initiate_auth", { { username = "a@b.c" } },
        { ChallengeName = "NEW_PASSWORD_REQUIRED", Session = "s", ChallengeParameters = { x = "y" } },
        { challenge = "NEW_PASSWORD_REQUIRED", session = "s", parameters = { x = "y" } } },
      { "a user", "admin_get_user", { "a@b.c" },
        { Enabled = true,
          UserAttributes = { { Name = "email", Value = "a@b.c" }, { Name = "sub", Value = "d841" } },
          UserCreateDate = 1.527712402757E9, UserLastModifiedDate = 1730227640.131, UserStatus = "CONFIRMED",
          Username = "d841" },
        { username = "d841", sub = "d841", status = "CONFIRMED", enabled = true,
          created_at = 1527712402.757, updated_at = 1730227640.131,
          attributes = { email = "a@b.c", sub = "d841" } } },
      { "a list of users", "list_users", { {} },
        { PaginationToken = "t", Users = { {
          Username = "u", Enabled = false, UserStatus = "EXTERNAL_PROVIDER",
          Attributes = { { Name = "email", Value = "a@b.c" } } } } },
        { next = "t", { username = "u", status = "EXTERNAL_PROVIDER", enabled = false,
          attributes = { email = "a@b.c" } } } },
      { "a pool", "describe_user_pool", {}, { UserPool = { Id = POOL } }, { Id = POOL } },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        answers = { case[4] }
        assert.are.same(case[5], (cognito[case[2]](table.unpack(case[3]))))
      end)
    end
  end)

  describe("reads as success what is success", function()
    local confirmed = "User cannot be confirmed. Current status is CONFIRMED"
    local linked = "SourceUser is already linked to DestinationUser"
    -- name, function, arguments, error, result
    local cases = {
      { "deleted by the try whose answer was lost", "admin_delete_user", { "u" },
        { code = "UserNotFoundException", ambiguous = true }, true },
      { "not there to delete", "admin_delete_user", { "u" }, { code = "UserNotFoundException" }, nil },
      { "confirmed by the try whose answer was lost", "admin_confirm_sign_up", { "u" },
        { code = "NotAuthorizedException", message = confirmed, ambiguous = true }, true },
      { "confirmed by somebody else", "admin_confirm_sign_up", { "u" },
        { code = "NotAuthorizedException", message = confirmed }, nil },
      { "not allowed to confirm", "admin_confirm_sign_up", { "u" },
        { code = "NotAuthorizedException", message = "User is disabled.", ambiguous = true }, nil },
      { "linked already", "admin_link_provider_for_user", { { username = "u" } },
        { code = "InvalidParameterException", message = linked }, true },
      { "not linkable", "admin_link_provider_for_user", { { username = "u" } },
        { code = "InvalidParameterException", message = "Merging is not currently supported" }, nil },
      { "a user's own second confirmation is not", "confirm_sign_up", { { username = "u" } },
        { code = "NotAuthorizedException", message = confirmed, ambiguous = true }, nil },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        answers = { case[4] }
        local result, err = cognito[case[2]](table.unpack(case[3]))
        assert.are.equal(case[5], result)
        assert.are.equal(case[5] == nil, err == case[4])
      end)
    end

    it("and can tell an earlier confirmation", function()
      assert.is_true(cognito.is_already_confirmed { code = "NotAuthorizedException", message = confirmed })
      assert.is_false(cognito.is_already_confirmed { code = "NotAuthorizedException" })
      assert.is_false(cognito.is_already_confirmed { code = "AliasExistsException", message = confirmed })
    end)

    it("and can tell a user that somebody has disabled", function()
      local disabled = "User is disabled."
      assert.is_true(cognito.is_disabled { code = "NotAuthorizedException", message = disabled })
      assert.is_false(cognito.is_disabled { code = "NotAuthorizedException", message = confirmed })
      assert.is_false(cognito.is_disabled { code = "UserNotFoundException", message = disabled })
    end)
  end)

  describe("escapes a filter", function()
    local cases = {
      { { "email", "=", "a@b.c" }, 'email = "a@b.c"' },
      { { "email", "^=", "a" }, 'email ^= "a"' },
      { { "email", "=", 'a" or sub ^= "' }, 'email = "a\\" or sub ^= \\""' },
      { { "name", "=", "back\\slash" }, 'name = "back\\\\slash"' },
      { { "name", "=", "100%" }, 'name = "100%"' },
    }
    for _, case in ipairs(cases) do
      it(case[2], function() assert.are.equal(case[2], cognito.filter(table.unpack(case[1]))) end)
    end

    local refused = { { "custom:x", "=", "a" }, { "email", "!=", "a" }, { "email", "=", 5 } }
    for row, case in ipairs(refused) do
      it("or refuses it, row " .. row, function()
        assert.has_error(function() cognito.filter(table.unpack(case)) end)
      end)
    end
  end)

  it("raises without a username", function()
    assert.has_error(function() cognito.sign_up { password = "p" } end)
    assert.has_error(function() cognito.admin_get_user("") end)
    assert.are.same({}, calls)
  end)
end)
