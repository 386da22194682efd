-- SPDX-License-Identifier: MIT
-- A user's addresses change: codes for each, and values that wait for theirs.
local here = debug.getinfo(1, "S").source:match("@(.*/)")
local client = dofile(here .. "../client.lua")
local json = require "json"
local ok, refused = client.ok, client.refused
local list = json.array

local PHONE <const> = "+15550009876"

local function attributes(values)
  local result = list {}
  for name, value in pairs(values) do result[#result + 1] = { Name = name, Value = value } end
  return result
end

-- A pool that verifies both kinds of addresses, with one user -> pool, access token
local function world(settings)
  local both = list { "email", "phone_number" }
  local pool = client.pool { AutoVerifiedAttributes = both, UserAttributeUpdateSettings = settings }
  ok("AdminCreateUser", { UserPoolId = pool.id, Username = "ann", MessageAction = "SUPPRESS",
    UserAttributes = attributes { email = "ann@example.com", email_verified = "true" } })
  ok("AdminSetUserPassword", { UserPoolId = pool.id, Username = "ann", Password = client.password, Permanent = true })
  return pool, ok("InitiateAuth", { AuthFlow = "USER_PASSWORD_AUTH", ClientId = pool.client_id,
    AuthParameters = { USERNAME = "ann", PASSWORD = client.password } }).AuthenticationResult.AccessToken
end

local WAIT <const> = { AttributesRequireVerificationBeforeUpdate = list { "email" } }

describe("changed addresses", function()
  it("have a code each", function()
    local pool, token = world()
    local fresh = client.address()
    local sent = ok("UpdateUserAttributes", { AccessToken = token,
      UserAttributes = attributes { email = fresh, phone_number = PHONE } }).CodeDeliveryDetailsList
    assert.same({ "email", "phone_number" }, { sent[1].AttributeName, sent[2].AttributeName })
    ok("VerifyUserAttribute", { AccessToken = token, AttributeName = "email", Code = client.code(fresh) })
    ok("VerifyUserAttribute", { AccessToken = token, AttributeName = "phone_number", Code = client.code(PHONE) })
    local values = client.attributes("ann", pool.id)
    assert.same({ "true", "true" }, { values.email_verified, values.phone_number_verified })
    assert.equal("ExpiredCodeException: Invalid code provided, please request a code again.",
      (refused("VerifyUserAttribute", { AccessToken = token, AttributeName = "name", Code = "123456" })))
  end)

  it("wait for the code where the pool says so", function()
    local pool, token = world(WAIT)
    local fresh = client.address()
    ok("UpdateUserAttributes", { AccessToken = token, UserAttributes = attributes { email = fresh, name = "Ann" } })
    local values = client.attributes("ann", pool.id)
    assert.same({ "ann@example.com", "true", "Ann" }, { values.email, values.email_verified, values.name })
    ok("VerifyUserAttribute", { AccessToken = token, AttributeName = "email", Code = client.code(fresh) })
    values = client.attributes("ann", pool.id)
    assert.same({ fresh, "true" }, { values.email, values.email_verified })
  end)

  it("wait for an administrator too, who does not say that they are proved", function()
    local pool = world(WAIT)
    local fresh = client.address()
    local input = { UserPoolId = pool.id, Username = "ann", UserAttributes = attributes { email = fresh } }
    ok("AdminUpdateUserAttributes", input)
    assert.equal("ann@example.com", client.attributes("ann", pool.id).email)
    input.UserAttributes = attributes { email = fresh, email_verified = "true" }
    ok("AdminUpdateUserAttributes", input)
    assert.equal(fresh, client.attributes("ann", pool.id).email)
  end)
end)

describe("ChangePassword", function()
  it("is not the way out of a reset", function()
    local pool, token = world()
    ok("AdminResetUserPassword", { UserPoolId = pool.id, Username = "ann" })
    assert.equal("PasswordResetRequiredException: Password reset required for the user", (refused("ChangePassword",
      { AccessToken = token, PreviousPassword = client.password, ProposedPassword = "Another-horse-8" })))
  end)
end)
