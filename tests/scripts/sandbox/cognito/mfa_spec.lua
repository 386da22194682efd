-- SPDX-License-Identifier: MIT
-- Second factors: set up by token or in the middle of a sign-in, asked for by what pool and user want.
local here = debug.getinfo(1, "S").source:match("@(.*/)")
local client = dofile(here .. "../client.lua")
local json = require "json"
local totp = require "sandbox.cognito.totp"
local ok, refused = client.ok, client.refused

local NOT = "NotAuthorizedException: "

describe("one-time passwords", function()
  local SECRET <const> = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" -- RFC 6238, appendix B
  local VECTORS = { { 59, "287082" }, { 1111111109, "081804" }, { 1111111111, "050471" }, { 1234567890, "005924" },
    { 2000000000, "279037" }, { 20000000000, "353130" } }
  for _, case in ipairs(VECTORS) do
    it("are those of the standard at " .. case[1], function()
      assert.equal(case[2], totp.code(SECRET, case[1] // 30))
    end)
  end

  it("count half a minute early and late, and no more", function()
    local code = totp.code(SECRET, 100)
    for now, step in pairs { [3000] = 100, [3029] = 100, [2970] = 100, [3059] = 100 } do
      assert.equal(step, totp.step_of(SECRET, code, now))
    end
    assert.is_nil(totp.step_of(SECRET, code, 2969))
    assert.is_nil(totp.step_of(SECRET, code, 3060))
  end)
end)

-- A pool that wants second factors (mode), with one user
local function world(mode)
  local pool = client.pool {}
  if mode then
    ok("SetUserPoolMfaConfig", { UserPoolId = pool.id, MfaConfiguration = mode,
      SoftwareTokenMfaConfiguration = { Enabled = true } })
  end
  ok("AdminCreateUser", { UserPoolId = pool.id, Username = "ann", MessageAction = "SUPPRESS",
    UserAttributes = json.array { { Name = "phone_number", Value = "+15550001234" } } })
  ok("AdminSetUserPassword", { UserPoolId = pool.id, Username = "ann", Password = client.password, Permanent = true })
  return pool
end

local function sign_in(pool)
  return ok("InitiateAuth", { AuthFlow = "USER_PASSWORD_AUTH", ClientId = pool.client_id,
    AuthParameters = { USERNAME = "ann", PASSWORD = client.password } })
end

local function answer(pool, challenge, more)
  local responses = { USERNAME = "ann" }
  for name, value in pairs(more or {}) do responses[name] = value end
  return { ClientId = pool.client_id, ChallengeName = challenge.ChallengeName, Session = challenge.Session,
    ChallengeResponses = responses }
end

-- The digits that an app shows now; each time those of a later moment.
local function digits(secret)
  client.time.advance(30)
  return totp.code(secret, math.floor(client.time.now()) // 30)
end

describe("an app as the second factor", function()
  after_each(client.time.reset)

  it("is set up with an access token, wished for, and asked for once", function()
    local pool = world "OPTIONAL"
    local token = sign_in(pool).AuthenticationResult.AccessToken
    local secret = ok("AssociateSoftwareToken", { AccessToken = token }).SecretCode
    local wish = { AccessToken = token, SoftwareTokenMfaSettings = { Enabled = true, PreferredMfa = true } }
    assert.equal("InvalidParameterException: User has not verified software token mfa",
      (refused("SetUserMFAPreference", wish)))
    assert.equal("EnableSoftwareTokenMFAException: Code mismatch",
      (refused("VerifySoftwareToken", { AccessToken = token, UserCode = "000000" })))
    assert.equal("SUCCESS", ok("VerifySoftwareToken", { AccessToken = token, UserCode = digits(secret) }).Status)
    assert.is_table(sign_in(pool).AuthenticationResult)
    ok("SetUserMFAPreference", wish)
    local _, user = client.attributes("ann", pool.id)
    assert.same({ "SOFTWARE_TOKEN_MFA", "SOFTWARE_TOKEN_MFA" },
      { table.concat(user.UserMFASettingList, " "), user.PreferredMfaSetting })

    local challenge = sign_in(pool)
    assert.same({ "SOFTWARE_TOKEN_MFA", "ann" },
      { challenge.ChallengeName, challenge.ChallengeParameters.USER_ID_FOR_SRP })
    assert.equal("CodeMismatchException: Invalid code received for user",
      (refused("RespondToAuthChallenge", answer(pool, challenge, { SOFTWARE_TOKEN_MFA_CODE = "000000" }))))
    local code = digits(secret)
    local output = ok("RespondToAuthChallenge", answer(pool, challenge, { SOFTWARE_TOKEN_MFA_CODE = code }))
    assert.is_string(output.AuthenticationResult.IdToken)
    assert.same({}, output.ChallengeParameters)
    assert.equal("ExpiredCodeException: Your software token has already been used once.",
      (refused("RespondToAuthChallenge", answer(pool, sign_in(pool), { SOFTWARE_TOKEN_MFA_CODE = code }))))

    ok("AdminSetUserMFAPreference", { UserPoolId = pool.id, Username = "ann",
      SoftwareTokenMfaSettings = { Enabled = false, PreferredMfa = false } })
    assert.is_table(sign_in(pool).AuthenticationResult)
    assert.is_nil(select(2, client.attributes("ann", pool.id)).UserMFASettingList)
  end)

  it("is set up in the middle of a sign-in where the pool wants it of everybody", function()
    local pool = world "ON"
    local challenge = sign_in(pool)
    assert.same({ "MFA_SETUP", '["SOFTWARE_TOKEN_MFA"]' },
      { challenge.ChallengeName, challenge.ChallengeParameters.MFAS_CAN_SETUP })
    assert.equal(NOT .. "Invalid session for the user.",
      (refused("RespondToAuthChallenge", answer(pool, challenge))))
    local app = ok("AssociateSoftwareToken", { Session = challenge.Session })
    assert.matches("^" .. NOT .. "Invalid session",
      (refused("AssociateSoftwareToken", { Session = challenge.Session })))
    local proved = ok("VerifySoftwareToken", { Session = app.Session, UserCode = digits(app.SecretCode) })
    assert.equal("SUCCESS", proved.Status)
    challenge.Session = proved.Session
    assert.is_string(ok("RespondToAuthChallenge", answer(pool, challenge)).AuthenticationResult.AccessToken)
    assert.matches("^" .. NOT, (refused("RespondToAuthChallenge", answer(pool, challenge))))
    assert.equal("SOFTWARE_TOKEN_MFA", sign_in(pool).ChallengeName)
  end)

  it("waits no longer than a session does", function()
    local challenge = sign_in(world "ON")
    client.time.advance(181)
    assert.matches("^" .. NOT .. "Invalid session",
      (refused("AssociateSoftwareToken", { Session = challenge.Session })))
  end)

  it("is nothing for a pool without", function()
    local token = sign_in(world()).AuthenticationResult.AccessToken
    assert.equal("SoftwareTokenMFANotFoundException: Software Token MFA has not been enabled by the userPool.",
      (refused("AssociateSoftwareToken", { AccessToken = token })))
  end)
end)

describe("a text message as the second factor", function()
  it("brings a code", function()
    local pool = world "OPTIONAL"
    ok("AdminSetUserMFAPreference", { UserPoolId = pool.id, Username = "ann",
      SMSMfaSettings = { Enabled = true, PreferredMfa = true } })
    local challenge = sign_in(pool)
    assert.same({ "SMS_MFA", "SMS", "+*******1234" }, { challenge.ChallengeName,
      challenge.ChallengeParameters.CODE_DELIVERY_DELIVERY_MEDIUM,
      challenge.ChallengeParameters.CODE_DELIVERY_DESTINATION })
    local code = client.code "+15550001234"
    assert.equal("CodeMismatchException: Invalid code or auth state for the user.",
      (refused("RespondToAuthChallenge", answer(pool, challenge, { SMS_MFA_CODE = "x" .. code:sub(2) }))))
    assert.is_table(ok("RespondToAuthChallenge", answer(pool, challenge, { SMS_MFA_CODE = code })).AuthenticationResult)
  end)
end)

describe("a pool's second factors", function()
  it("are shown as they were set, and outlive a change of the pool", function()
    local pool = world "OPTIONAL"
    ok("UpdateUserPool", { UserPoolId = pool.id, MfaConfiguration = "OPTIONAL" })
    assert.same({ MfaConfiguration = "OPTIONAL", SoftwareTokenMfaConfiguration = { Enabled = true } },
      ok("GetUserPoolMfaConfig", { UserPoolId = pool.id }))
  end)

  it("are a text message where the pool wants that of everybody", function()
    local pool = world()
    local input = { UserPoolId = pool.id, MfaConfiguration = "ON", SmsMfaConfiguration = {} }
    assert.equal("InvalidParameterException: [SmsConfiguration] is a required member of "
      .. "[SoftwareTokenMfaConfiguration].", (refused("SetUserPoolMfaConfig", input)))
    input.SmsMfaConfiguration.SmsConfiguration = { SnsCallerArn = "arn:aws:iam::123456789012:role/sms" }
    ok("SetUserPoolMfaConfig", input)
    assert.equal("SMS_MFA", sign_in(pool).ChallengeName)
  end)

  it("name at least one", function()
    assert.equal("InvalidParameterException: At least one of [SmsMfaConfiguration] or [SoftwareTokenMfaConfiguration] "
      .. "must be provided.", (refused("SetUserPoolMfaConfig", { UserPoolId = world().id, MfaConfiguration = "ON" })))
  end)
end)
