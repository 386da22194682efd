-- SPDX-License-Identifier: MIT
local here = debug.getinfo(1, "S").source:match("@(.*/)")
local client = dofile(here .. "../client.lua")
local json = require "json"
local jwt = require "jwt"
local settings = client.settings
local ok, refused = client.ok, client.refused

local WRONG = "NotAuthorizedException: Incorrect username or password."
local HOUR, DAY = 3600, 86400

local function sign_in_text(name, password)
  return (refused("InitiateAuth", client.credentials(name, password)))
end

local function jwks()
  local path = "/" .. settings.user_pool_id .. "/.well-known/jwks.json"
  return json.decode(client.send { listener = "cognito", method = "GET", path = path }.body)
end

describe("InitiateAuth with a password", function()
  after_each(function()
    client.time.reset()
    settings.switches.unconfirmed_before_password = true
  end)

  it("gives the three tokens", function()
    local email = client.confirmed()
    local output = ok("InitiateAuth", client.credentials(email))
    assert.same({}, output.ChallengeParameters)
    local result = output.AuthenticationResult
    assert.equal("Bearer", result.TokenType)
    assert.equal(3600, result.ExpiresIn)
    assert.is_string(result.RefreshToken)
  end)

  it("signs id and access tokens with the published key", function()
    local email, sub = client.confirmed()
    local result, keys = client.sign_in(email), jwks()
    assert.equal(2, #keys.keys)
    local id, header = jwt.verify(result.IdToken, keys)
    assert.equal("RS256", header.alg)
    assert.equal("https://cognito-idp.us-east-1.amazonaws.com/" .. settings.user_pool_id, id.iss)
    assert.same({ sub, settings.client_id, "id", sub, email, true },
      { id.sub, id.aud, id.token_use, id["cognito:username"], id.email, id.email_verified })
    assert.equal(id.iat + 3600, id.exp)
    assert.equal(id.auth_time, id.iat)
    local access = jwt.verify(result.AccessToken, keys)
    assert.same({ sub, settings.client_id, "access", sub, "aws.cognito.signin.user.admin" },
      { access.sub, access.client_id, access.token_use, access.username, access.scope })
    assert.is_nil(access.aud)
    assert.equal(id.origin_jti, access.origin_jti)
    assert.not_equal(id.jti, access.jti)
  end)

  it("takes the sub as name", function()
    local _, sub = client.confirmed()
    client.sign_in(sub)
  end)

  it("tells the unconfirmed before it looks at the password", function()
    local email = client.sign_up()
    assert.equal("UserNotConfirmedException: User is not confirmed.", sign_in_text(email, "Wrong-horse-7"))
    settings.switches.unconfirmed_before_password = false
    assert.equal(WRONG, sign_in_text(email, "Wrong-horse-7"))
    assert.equal("UserNotConfirmedException: User is not confirmed.", sign_in_text(email))
  end)

  it("refuses the disabled, the wrong password and strangers", function()
    local email = client.confirmed()
    assert.equal(WRONG, sign_in_text(email, "Wrong-horse-7"))
    assert.equal("UserNotFoundException: User does not exist.", sign_in_text("stranger@example.com"))
    ok("AdminDisableUser", client.admin(email))
    assert.equal("NotAuthorizedException: User is disabled.", sign_in_text(email))
    ok("AdminEnableUser", client.admin(email))
    client.sign_in(email)
  end)

  it("hides strangers where the client says so", function()
    local app = client.pool({}, { PreventUserExistenceErrors = "ENABLED" })
    local input = { AuthFlow = "USER_PASSWORD_AUTH", ClientId = app.client_id,
      AuthParameters = { USERNAME = "nobody", PASSWORD = client.password } }
    assert.equal(WRONG, (refused("InitiateAuth", input)))
  end)

  it("plays SRP with a stranger whom the client hides, always the same way, to the end", function()
    local app = client.pool({ UsernameAttributes = json.array { "email" } }, { PreventUserExistenceErrors = "ENABLED",
      ExplicitAuthFlows = json.array { "ALLOW_USER_SRP_AUTH" } })
    local input = { AuthFlow = "USER_SRP_AUTH", ClientId = app.client_id,
      AuthParameters = { USERNAME = "nobody@example.com", SRP_A = ("5"):rep(64) } }
    local first = ok("InitiateAuth", input).ChallengeParameters
    local second = ok("InitiateAuth", input).ChallengeParameters
    assert.same({ first.SALT, first.USER_ID_FOR_SRP }, { second.SALT, second.USER_ID_FOR_SRP })
    assert.matches("^%x+%-%x+%-%x+%-%x+%-%x+$", first.USER_ID_FOR_SRP)
    assert.equal(WRONG, (refused("RespondToAuthChallenge", { ClientId = app.client_id,
      ChallengeName = "PASSWORD_VERIFIER", ChallengeResponses = { USERNAME = first.USER_ID_FOR_SRP,
        PASSWORD_CLAIM_SECRET_BLOCK = first.SECRET_BLOCK, PASSWORD_CLAIM_SIGNATURE = "x", TIMESTAMP = "now" } })))
  end)

  it("shuts the door after five wrong passwords, twice as long each time", function()
    local email = client.confirmed()
    for _ = 1, 5 do assert.equal(WRONG, sign_in_text(email, "Wrong-horse-7")) end
    assert.equal("NotAuthorizedException: Password attempts exceeded", sign_in_text(email))
    client.time.advance(1.5)
    assert.equal(WRONG, sign_in_text(email, "Wrong-horse-7"))
    client.time.advance(1.5)
    assert.equal("NotAuthorizedException: Password attempts exceeded", sign_in_text(email))
    client.time.advance(1)
    client.sign_in(email)
    assert.equal(WRONG, sign_in_text(email, "Wrong-horse-7"))
  end)

  it("asks for a new password after a reset by an administrator", function()
    local email = client.confirmed()
    ok("AdminResetUserPassword", client.admin(email))
    assert.equal("PasswordResetRequiredException: Password reset required for the user", sign_in_text(email))
    local code = client.code(email)
    ok("ConfirmForgotPassword", client.named(email,
      { ConfirmationCode = code, Password = "Another-horse-8" }))
    client.sign_in(email, "Another-horse-8")
  end)

  local PARAMETERS = {
    { "no name", { PASSWORD = "x" }, "InvalidParameterException: Missing required parameter USERNAME" },
    { "no password", { USERNAME = "jane@example.com", SECRET_HASH = client.secret_hash("jane@example.com") },
      "InvalidParameterException: Missing required parameter PASSWORD" },
    { "no hash", { USERNAME = "jane@example.com", PASSWORD = "x" }, "NotAuthorizedException: Client "
      .. settings.client_id .. " is configured with secret but SECRET_HASH was not received" },
    { "a wrong hash", { USERNAME = "jane@example.com", PASSWORD = "x", SECRET_HASH = "bm8=" },
      "NotAuthorizedException: Unable to verify secret hash for client " .. settings.client_id },
  }
  for _, case in ipairs(PARAMETERS) do
    it("refuses " .. case[1], function()
      assert.equal(case[3], (refused("InitiateAuth", { AuthFlow = "USER_PASSWORD_AUTH",
        ClientId = settings.client_id, AuthParameters = case[2] })))
    end)
  end

  local FLOWS = {
    { "USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH flow not enabled for this client" },
    { "ADMIN_NO_SRP_AUTH", "Initiate Auth method not supported." },
    { "CUSTOM_AUTH", "Custom auth lambda trigger is not configured for the user pool." },
  }
  for _, case in ipairs(FLOWS) do
    it("refuses the flow " .. case[1] .. " to a client without it", function()
      local app = client.pool({}, { ExplicitAuthFlows = json.array { "ALLOW_REFRESH_TOKEN_AUTH" } })
      local input = { AuthFlow = case[1], ClientId = app.client_id,
        AuthParameters = { USERNAME = "x", PASSWORD = "y" } }
      assert.equal("InvalidParameterException: " .. case[2], (refused("InitiateAuth", input)))
    end)
  end

  it("refuses a flow that does not exist", function()
    assert.matches("Value 'TELEPATHY' at 'authFlow' failed to satisfy constraint: Member must satisfy enum "
      .. "value set: [USER_SRP_AUTH, ", (refused("InitiateAuth", { AuthFlow = "TELEPATHY",
      ClientId = settings.client_id })), 1, true)
  end)
end)

describe("REFRESH_TOKEN_AUTH", function()
  after_each(client.time.reset)

  local function refresh(token, name)
    return { AuthFlow = "REFRESH_TOKEN_AUTH", ClientId = settings.client_id,
      AuthParameters = { REFRESH_TOKEN = token, SECRET_HASH = client.secret_hash(name) } }
  end

  it("gives new tokens of the same sign-in, and no refresh token", function()
    local email, sub = client.confirmed()
    local first = client.sign_in(email)
    client.time.advance(60)
    local again = ok("InitiateAuth", refresh(first.RefreshToken, sub)).AuthenticationResult
    assert.is_nil(again.RefreshToken)
    local old, new = jwt.decode(first.IdToken), jwt.decode(again.IdToken)
    assert.equal(old.origin_jti, new.origin_jti)
    assert.equal(old.auth_time, new.auth_time)
    assert.is_true(new.iat >= old.iat + 60)
  end)

  it("wants the hash over the real username", function()
    local email = client.confirmed()
    local token = client.sign_in(email).RefreshToken
    assert.matches("^NotAuthorizedException: Unable to verify secret hash",
      (refused("InitiateAuth", refresh(token, email))))
  end)

  it("refuses what is none, what ended, what was revoked", function()
    local email, sub = client.confirmed()
    assert.equal("NotAuthorizedException: Invalid Refresh Token",
      (refused("InitiateAuth", refresh("x.y.z", sub))))
    local token = client.sign_in(email).RefreshToken
    client.time.advance(30 * DAY + 1)
    assert.equal("NotAuthorizedException: Refresh Token has expired",
      (refused("InitiateAuth", refresh(token, sub))))
    local other = client.sign_in(email).RefreshToken
    ok("RevokeToken", { Token = other, ClientId = settings.client_id, ClientSecret = settings.client_secret })
    assert.equal("NotAuthorizedException: Refresh Token has been revoked",
      (refused("InitiateAuth", refresh(other, sub))))
  end)
end)

describe("AdminInitiateAuth", function()
  it("signs in with the admin flow", function()
    local email = client.confirmed()
    for _, flow in ipairs { "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH" } do
      local input = client.credentials(email)
      input.AuthFlow, input.UserPoolId = flow, settings.user_pool_id
      assert.is_string(ok("AdminInitiateAuth", input).AuthenticationResult.AccessToken)
    end
  end)
end)

describe("NEW_PASSWORD_REQUIRED", function()
  after_each(client.time.reset)

  local function invited()
    local email = client.address()
    ok("AdminCreateUser", client.admin(email,
      { TemporaryPassword = "Temporary-1", MessageAction = "SUPPRESS" }))
    return email, ok("InitiateAuth", client.credentials(email, "Temporary-1"))
  end

  local function answer(name, session, password)
    return { ChallengeName = "NEW_PASSWORD_REQUIRED", ClientId = settings.client_id, Session = session,
      ChallengeResponses = { USERNAME = name, NEW_PASSWORD = password or "Another-horse-8",
        SECRET_HASH = client.secret_hash(name) } }
  end

  it("is met with a new password, once", function()
    local email, output = invited()
    assert.equal("NEW_PASSWORD_REQUIRED", output.ChallengeName)
    assert.is_nil(output.AuthenticationResult)
    assert.equal("[]", output.ChallengeParameters.requiredAttributes)
    assert.equal(email, json.decode(output.ChallengeParameters.userAttributes).email)
    local _, user = client.attributes(email)
    assert.equal(user.Username, output.ChallengeParameters.USER_ID_FOR_SRP)
    assert.equal("FORCE_CHANGE_PASSWORD", user.UserStatus)

    assert.matches("^InvalidPasswordException", (refused("RespondToAuthChallenge",
      answer(email, output.Session, "tooweak"))))
    assert.is_string(ok("RespondToAuthChallenge", answer(email, output.Session)).AuthenticationResult.IdToken)
    assert.equal("CONFIRMED", select(2, client.attributes(email)).UserStatus)
    assert.equal("NotAuthorizedException: Invalid session for the user, session can only be used once.",
      (refused("RespondToAuthChallenge", answer(email, output.Session))))
    client.sign_in(email, "Another-horse-8")
  end)

  it("ends after three minutes", function()
    local email, output = invited()
    client.time.advance(181)
    assert.equal("NotAuthorizedException: Invalid session for the user, session is expired.",
      (refused("RespondToAuthChallenge", answer(email, output.Session))))
  end)

  it("belongs to one user", function()
    local _, output = invited()
    local other = client.confirmed()
    for _, session in ipairs { output.Session, ("x"):rep(40) } do
      assert.equal("NotAuthorizedException: Invalid session for the user.",
        (refused("RespondToAuthChallenge", answer(other, session))))
    end
  end)

  it("is too late for a temporary password of last week", function()
    local email = invited()
    client.time.advance(7 * DAY + 1)
    assert.equal("NotAuthorizedException: Temporary password has expired and must be reset by an "
      .. "administrator.", sign_in_text(email, "Temporary-1"))
  end)
end)

describe("with an access token", function()
  after_each(client.time.reset)

  it("GetUser shows the caller", function()
    local email, sub = client.confirmed()
    local output = ok("GetUser", { AccessToken = client.sign_in(email).AccessToken })
    assert.equal(sub, output.Username)
    assert.same({ { Name = "email", Value = email }, { Name = "email_verified", Value = "true" },
      { Name = "sub", Value = sub } }, { table.unpack(output.UserAttributes) })
  end)

  it("GlobalSignOut ends it", function()
    local email, sub = client.confirmed()
    local result = client.sign_in(email)
    ok("GlobalSignOut", { AccessToken = result.AccessToken })
    assert.equal("NotAuthorizedException: Access Token has been revoked",
      (refused("GetUser", { AccessToken = result.AccessToken })))
    assert.equal("NotAuthorizedException: Refresh Token has been revoked", (refused("InitiateAuth",
      { AuthFlow = "REFRESH_TOKEN_AUTH", ClientId = settings.client_id, AuthParameters =
        { REFRESH_TOKEN = result.RefreshToken, SECRET_HASH = client.secret_hash(sub) } })))
  end)

  it("ChangePassword wants the old one", function()
    local email = client.confirmed()
    local token = client.sign_in(email).AccessToken
    local function change(old, new)
      return { AccessToken = token, PreviousPassword = old, ProposedPassword = new }
    end
    assert.equal(WRONG, (refused("ChangePassword", change("Wrong-horse-7", "Another-horse-8"))))
    assert.matches("^InvalidPasswordException",
      (refused("ChangePassword", change(client.password, "weakling"))))
    ok("ChangePassword", change(client.password, "Another-horse-8"))
    client.sign_in(email, "Another-horse-8")
  end)

  it("a changed address must be proved", function()
    local email = client.confirmed()
    local token, fresh = client.sign_in(email).AccessToken, client.address()
    local output = ok("UpdateUserAttributes", { AccessToken = token,
      UserAttributes = json.array { { Name = "email", Value = fresh } } })
    assert.equal("j***@e***", output.CodeDeliveryDetailsList[1].Destination)
    assert.equal("false", client.attributes(fresh).email_verified)
    ok("VerifyUserAttribute", { AccessToken = token, AttributeName = "email", Code = client.code(fresh) })
    assert.equal("true", client.attributes(fresh).email_verified)
    assert.equal("UserNotFoundException: User does not exist.",
      (refused("AdminGetUser", client.admin(email))))
  end)

  it("DeleteUser leaves nothing", function()
    local email = client.confirmed()
    local token = client.sign_in(email).AccessToken
    local reply = client.call("DeleteUser", { AccessToken = token })
    assert.equal("", reply.body)
    assert.equal("UserNotFoundException: User does not exist.", (refused("GetUser", { AccessToken = token })))
  end)

  it("takes no other token", function()
    local email = client.confirmed()
    local result = client.sign_in(email)
    local other = jwt.sign({ iss = "https://cognito-idp.us-east-1.amazonaws.com/" .. settings.user_pool_id,
      token_use = "access", exp = 1e10 }, jwt.generate_key(), "x")
    local swap = function(c) return "." .. (c == "e" and "f" or "e") end
    local tampered = result.AccessToken:gsub("%.(.)", swap, 1)
    for _, token in ipairs { result.IdToken, "nonsense", "a.b.c", tampered, other } do
      assert.equal("NotAuthorizedException: Invalid Access Token",
        (refused("GetUser", { AccessToken = token })))
    end
    client.time.advance(HOUR + 1)
    assert.equal("NotAuthorizedException: Access Token has expired",
      (refused("GetUser", { AccessToken = result.AccessToken })))
  end)
end)

describe("ForgotPassword", function()
  after_each(client.time.reset)

  it("mails a code that sets a new password within the hour", function()
    local email = client.confirmed()
    assert.equal("j***@e***", ok("ForgotPassword", client.named(email)).CodeDeliveryDetails.Destination)
    local function confirm(code)
      return client.named(email, { ConfirmationCode = code, Password = "Another-horse-8" })
    end
    assert.equal("CodeMismatchException: Invalid verification code provided, please try again.",
      (refused("ConfirmForgotPassword", confirm(client.wrong_code(email)))))
    client.time.advance(HOUR + 1)
    assert.equal("ExpiredCodeException: Invalid code provided, please request a code again.",
      (refused("ConfirmForgotPassword", confirm(client.code(email)))))
    ok("ForgotPassword", client.named(email))
    ok("ConfirmForgotPassword", confirm(client.code(email)))
    client.sign_in(email, "Another-horse-8")
  end)

  it("needs a proved address", function()
    local email = client.sign_up()
    assert.equal("InvalidParameterException: Cannot reset password for the user as there is no "
      .. "registered/verified email or phone_number", (refused("ForgotPassword", client.named(email))))
  end)

  it("cannot help an invited user", function()
    local email = client.address()
    ok("AdminCreateUser", client.admin(email))
    assert.equal("NotAuthorizedException: User password cannot be reset in the current state.",
      (refused("ForgotPassword", client.named(email))))
  end)

  it("does not know a stranger", function()
    assert.equal("UserNotFoundException: Username/client id combination not found.",
      (refused("ForgotPassword", client.named("stranger@example.com"))))
  end)

  it("sends five codes an hour", function()
    local email = client.confirmed()
    for _ = 1, 5 do ok("ForgotPassword", client.named(email)) end
    assert.equal("LimitExceededException: Attempt limit exceeded, please try after some time.",
      (refused("ForgotPassword", client.named(email))))
  end)
end)
