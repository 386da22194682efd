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
