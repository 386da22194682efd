-- SPDX-License-Identifier: MIT
-- The newer ways in: USER_AUTH, where people choose, and GetTokensFromRefreshToken.
local here = debug.getinfo(1, "S").source:match("@(.*/)")
local client = dofile(here .. "../client.lua")
local json = require "json"
local ok, refused = client.ok, client.refused
local list = json.array

local NOT <const> = "NotAuthorizedException: "
local pool

setup(function()
  pool = client.pool({}, { ExplicitAuthFlows = list { "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH" } })
  ok("AdminCreateUser", { UserPoolId = pool.id, Username = "ann", MessageAction = "SUPPRESS" })
  ok("AdminSetUserPassword", { UserPoolId = pool.id, Username = "ann", Password = client.password, Permanent = true })
end)

local function start(more, flow)
  local params = { USERNAME = "ann" }
  for name, value in pairs(more or {}) do params[name] = value end
  return { AuthFlow = flow or "USER_AUTH", ClientId = pool.client_id, AuthParameters = params }
end

local function choose(responses)
  local challenge = ok("InitiateAuth", start())
  assert.same({ "SELECT_CHALLENGE", "PASSWORD_SRP PASSWORD" },
    { challenge.ChallengeName, table.concat(challenge.AvailableChallenges, " ") })
  responses.USERNAME = "ann"
  return { ClientId = pool.client_id, ChallengeName = "SELECT_CHALLENGE", Session = challenge.Session,
    ChallengeResponses = responses }
end

describe("USER_AUTH", function()
  local A <const> = ("5"):rep(64)

  it("takes the password at once", function()
    assert.is_table(ok("InitiateAuth",
      start { PREFERRED_CHALLENGE = "PASSWORD", PASSWORD = client.password }).AuthenticationResult)
    assert.equal(NOT .. "Incorrect username or password.",
      (refused("InitiateAuth", start { PREFERRED_CHALLENGE = "PASSWORD", PASSWORD = "Wrong-horse-7" })))
    assert.equal("PASSWORD_VERIFIER",
      ok("InitiateAuth", start { PREFERRED_CHALLENGE = "PASSWORD_SRP", SRP_A = A }).ChallengeName)
  end)

  it("lets people choose", function()
    assert.is_table(ok("RespondToAuthChallenge",
      choose { ANSWER = "PASSWORD", PASSWORD = client.password }).AuthenticationResult)
    assert.equal("PASSWORD_VERIFIER",
      ok("RespondToAuthChallenge", choose { ANSWER = "PASSWORD_SRP", SRP_A = A }).ChallengeName)
  end)

  local REFUSALS = {
    { "another password", { ANSWER = "PASSWORD", PASSWORD = "Wrong-horse-7" },
      NOT .. "Incorrect username or password." },
    { "no answer", {}, "InvalidParameterException: Missing required parameter ANSWER" },
    { "what cannot be chosen", { ANSWER = "WEB_AUTHN" }, "InvalidParameterException: Invalid ANSWER WEB_AUTHN" },
  }
  for _, case in ipairs(REFUSALS) do
    it("refuses " .. case[1], function()
      assert.equal(case[3], (refused("RespondToAuthChallenge", choose(case[2]))))
    end)
  end

  it("plays with strangers too, where the client hides them", function()
    local app = client.pool({},
      { PreventUserExistenceErrors = "ENABLED", ExplicitAuthFlows = list { "ALLOW_USER_AUTH" } })
    local input = start()
    input.ClientId = app.client_id
    local challenge = ok("InitiateAuth", input)
    assert.equal("SELECT_CHALLENGE", challenge.ChallengeName)
    assert.equal(NOT .. "Incorrect username or password.", (refused("RespondToAuthChallenge", {
      ClientId = app.client_id, ChallengeName = "SELECT_CHALLENGE", Session = challenge.Session,
      ChallengeResponses = { USERNAME = "ann", ANSWER = "PASSWORD", PASSWORD = client.password } })))
    input.AuthParameters.PREFERRED_CHALLENGE, input.AuthParameters.PASSWORD = "PASSWORD", client.password
    assert.equal(NOT .. "Incorrect username or password.", (refused("InitiateAuth", input)))
  end)

  it("must be enabled, and custom flows need their functions", function()
    local other = client.pool {}
    local input = start()
    input.ClientId = other.client_id
    assert.equal("InvalidParameterException: USER_AUTH is not enabled for the client.",
      (refused("InitiateAuth", input)))
    assert.equal("InvalidParameterException: Custom auth lambda trigger is not configured for the user pool.",
      (refused("InitiateAuth", start({}, "CUSTOM_AUTH"))))
  end)
end)

describe("a code instead of a password", function()
  local EMAIL <const>, PHONE <const> = "cy@example.com", "+15550007777"
  local app

  setup(function()
    app = client.pool({ Policies = { SignInPolicy = {
      AllowedFirstAuthFactors = list { "PASSWORD", "EMAIL_OTP", "SMS_OTP" } } } },
      { ExplicitAuthFlows = list { "ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH" } })
    for name, attributes in pairs { ann = { email = EMAIL, phone_number = PHONE }, bob = {} } do
      local given = list {}
      for attribute, value in pairs(attributes) do given[#given + 1] = { Name = attribute, Value = value } end
      ok("AdminCreateUser",
        { UserPoolId = app.id, Username = name, MessageAction = "SUPPRESS", UserAttributes = given })
      ok("AdminSetUserPassword",
        { UserPoolId = app.id, Username = name, Password = client.password, Permanent = true })
    end
  end)

  local function begin(more)
    local input = start(more)
    input.ClientId = app.client_id
    return ok("InitiateAuth", input)
  end

  local function respond(challenge, responses)
    responses.USERNAME = "ann"
    return { ClientId = app.client_id, ChallengeName = challenge.ChallengeName, Session = challenge.Session,
      ChallengeResponses = responses }
  end

  local WAYS = { { "EMAIL_OTP", EMAIL, "EMAIL", "c***@e***" }, { "SMS_OTP", PHONE, "SMS", "+*******7777" } }
  for _, way in ipairs(WAYS) do
    local name, address, medium, masked = table.unpack(way)
    it("is sent for " .. name .. ", wished or chosen", function()
      local chosen = ok("RespondToAuthChallenge", respond(begin(), { ANSWER = name }))
      for _, challenge in ipairs { chosen, begin { PREFERRED_CHALLENGE = name } } do
        local parameters = challenge.ChallengeParameters
        assert.same({ name, medium, masked }, { challenge.ChallengeName, parameters.CODE_DELIVERY_DELIVERY_MEDIUM,
          parameters.CODE_DELIVERY_DESTINATION })
      end
      local code = client.code(address)
      assert.equal("CodeMismatchException: Invalid code or auth state for the user.",
        (refused("RespondToAuthChallenge", respond(chosen, { [name .. "_CODE"] = "x" .. code:sub(2) }))))
      assert.is_table(ok("RespondToAuthChallenge", respond(chosen, { [name .. "_CODE"] = code })).AuthenticationResult)
    end)
  end

  local function offered(name) return table.concat(begin { USERNAME = name }.AvailableChallenges, " ") end

  it("is offered to those who can get it, and need nothing more", function()
    assert.equal("PASSWORD_SRP PASSWORD", offered "bob")
    assert.equal("PASSWORD_SRP PASSWORD EMAIL_OTP SMS_OTP", offered "ann")
    local token = ok("InitiateAuth", { AuthFlow = "USER_PASSWORD_AUTH", ClientId = app.client_id,
      AuthParameters = { USERNAME = "ann", PASSWORD = client.password } }).AuthenticationResult.AccessToken
    assert.same({ Username = "ann", ConfiguredUserAuthFactors = { "PASSWORD", "EMAIL_OTP", "SMS_OTP" } },
      ok("GetUserAuthFactors", { AccessToken = token }))
    ok("SetUserPoolMfaConfig", { UserPoolId = app.id, MfaConfiguration = "ON",
      SoftwareTokenMfaConfiguration = { Enabled = true } })
    assert.equal("PASSWORD_SRP PASSWORD", offered "ann")
  end)
end)

describe("a sign-up that goes on into a sign-in", function()
  local settings = { AutoVerifiedAttributes = list { "email" }, UsernameAttributes = list { "email" } }

  local function sign_up(flows)
    local app = client.pool(settings, { ExplicitAuthFlows = flows })
    local named = { ClientId = app.client_id, Username = client.address() }
    return named, ok("SignUp", { ClientId = app.client_id, Username = named.Username, Password = client.password })
  end

  it("needs no password in its session, once", function()
    local named, signed_up = sign_up(list { "ALLOW_USER_AUTH" })
    named.ConfirmationCode, named.Session = client.code(named.Username), signed_up.Session
    local session = ok("ConfirmSignUp", named).Session
    local input = { AuthFlow = "USER_AUTH", ClientId = named.ClientId, Session = session,
      AuthParameters = { USERNAME = named.Username } }
    assert.is_string(ok("InitiateAuth", input).AuthenticationResult.AccessToken)
    assert.equal(NOT .. "Invalid session for the user, session can only be used once.",
      (refused("InitiateAuth", input)))
    input.Session = signed_up.Session
    assert.matches("^" .. NOT .. "Invalid session", (refused("InitiateAuth", input)))
  end)

  it("has no session where people do not choose, or do not go on", function()
    assert.is_nil(select(2, sign_up(list { "ALLOW_USER_SRP_AUTH" })).Session)
    local named = sign_up(list { "ALLOW_USER_AUTH" })
    named.ConfirmationCode = client.code(named.Username)
    assert.same({}, ok("ConfirmSignUp", named))
  end)
end)

describe("GetTokensFromRefreshToken", function()
  it("gives new tokens for the client's secret", function()
    local email = client.confirmed()
    local input = { RefreshToken = client.sign_in(email).RefreshToken, ClientId = client.settings.client_id,
      ClientSecret = client.settings.client_secret }
    local result = ok("GetTokensFromRefreshToken", input).AuthenticationResult
    assert.same({ "string", "string", "nil" },
      { type(result.AccessToken), type(result.IdToken), type(result.RefreshToken) })
    input.ClientSecret = ("x"):rep(51)
    assert.matches("^" .. NOT, (refused("GetTokensFromRefreshToken", input)))
    input.ClientSecret = nil
    assert.matches("^" .. NOT, (refused("GetTokensFromRefreshToken", input)))
  end)
end)
