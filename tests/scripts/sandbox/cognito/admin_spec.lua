-- SPDX-License-Identifier: MIT
local here = debug.getinfo(1, "S").source:match("@(.*/)")
local client = dofile(here .. "../client.lua")
local json = require "json"
local mailbox = require "sandbox.mailbox"
local ok, refused, admin = client.ok, client.refused, client.admin

local function values(list)
  local attributes = json.array {}
  for name, value in pairs(list) do attributes[#attributes + 1] = { Name = name, Value = value } end
  return { UserAttributes = attributes }
end

local MORE = {
  AdminUpdateUserAttributes = values { name = "Jane" },
  AdminDeleteUserAttributes = { UserAttributeNames = json.array { "name" } },
  AdminSetUserPassword = { Password = client.password },
}

describe("every operation on one user", function()
  for _, operation in ipairs { "AdminGetUser", "AdminDeleteUser", "AdminConfirmSignUp", "AdminEnableUser",
    "AdminDisableUser", "AdminResetUserPassword", "AdminUserGlobalSignOut", "AdminUpdateUserAttributes",
    "AdminDeleteUserAttributes", "AdminSetUserPassword" } do
    it(operation .. " knows neither strangers nor other pools", function()
      assert.equal("UserNotFoundException: User does not exist.",
        (refused(operation, admin("stranger@example.com", MORE[operation]))))
      local elsewhere = admin("stranger@example.com", MORE[operation])
      elsewhere.UserPoolId = "us-east-1_nowhere"
      assert.equal("ResourceNotFoundException: User pool us-east-1_nowhere does not exist.",
        (refused(operation, elsewhere)))
      elsewhere.UserPoolId = "not a pool"
      assert.equal("InvalidParameterException: 1 validation error detected: Value 'not a pool' at "
        .. "'userPoolId' failed to satisfy constraint: "
        .. "Member must satisfy regular expression pattern: [\\w-]+_[0-9a-zA-Z]+",
        (refused(operation, elsewhere)))
    end)
  end
end)

describe("AdminGetUser", function()
  it("takes the address in any case of letters, the sub and the username", function()
    local email, output = client.sign_up()
    for _, name in ipairs { email, email:upper(), output.UserSub, output.UserSub:upper() } do
      assert.equal(output.UserSub, ok("AdminGetUser", admin(name)).Username)
    end
  end)

  it("gives dates as numbers", function()
    local email = client.sign_up()
    local user = ok("AdminGetUser", admin(email))
    assert.is_true(math.abs(user.UserCreateDate - client.time.now()) < 60)
    assert.equal(user.UserCreateDate, user.UserLastModifiedDate)
    assert.is_nil(user.Attributes)
  end)
end)

describe("AdminDeleteUser", function()
  it("answers with nothing and frees the address", function()
    local email = client.sign_up()
    local reply = client.call("AdminDeleteUser", admin(email))
    assert.same({ 200, "" }, { reply.status, reply.body })
    client.sign_up(email)
  end)
end)

describe("AdminConfirmSignUp", function()
  it("confirms without proving the address, once", function()
    local email = client.sign_up()
    ok("AdminConfirmSignUp", admin(email))
    local attributes, user = client.attributes(email)
    assert.equal("CONFIRMED", user.UserStatus)
    assert.equal("false", attributes.email_verified)
    assert.equal("NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED",
      (refused("AdminConfirmSignUp", admin(email))))
  end)
end)

describe("AdminUpdateUserAttributes", function()
  it("proves an address", function()
    local email = client.sign_up()
    assert.same({}, ok("AdminUpdateUserAttributes", admin(email, values { email_verified = "true" })))
    assert.equal("true", client.attributes(email).email_verified)
  end)

  it("a new address is unproved and gets a code, unless it comes proved", function()
    local email, fresh, proved = client.confirmed(), client.address(), client.address()
    ok("AdminUpdateUserAttributes", admin(email, values { email = fresh }))
    assert.equal("false", client.attributes(fresh).email_verified)
    assert.matches("^%d+$", client.code(fresh))
    ok("AdminUpdateUserAttributes", admin(fresh, values { email = proved, email_verified = "true" }))
    assert.equal("true", client.attributes(proved).email_verified)
    assert.same({}, { table.unpack(mailbox.list(proved)) })
  end)

  it("an empty value removes", function()
    local email = client.sign_up(nil, json.array { { Name = "name", Value = "Jane" } })
    ok("AdminUpdateUserAttributes", admin(email, values { name = "" }))
    assert.is_nil(client.attributes(email).name)
    ok("AdminUpdateUserAttributes", admin(email, values { nickname = "J" }))
    ok("AdminDeleteUserAttributes", admin(email, { UserAttributeNames = json.array { "nickname" } }))
    assert.is_nil(client.attributes(email).nickname)
  end)

  local taken = client.confirmed()
  local REFUSALS = {
    { { sub = "x" }, "InvalidParameterException: user.sub: Attribute cannot be updated.\n" },
    { { ["custom:x"] = "1" },
      "InvalidParameterException: user.custom:x: Attribute does not exist in the schema.\n" },
    { { email = "nonsense" }, "InvalidParameterException: Invalid email address format." },
    { { phone_number = "12" }, "InvalidParameterException: Invalid phone number format." },
    { { email = taken }, "AliasExistsException: An account with the given email already exists." },
  }
  for _, case in ipairs(REFUSALS) do
    it("refuses " .. next(case[1]), function()
      assert.equal(case[2], (refused("AdminUpdateUserAttributes", admin(client.sign_up(), values(case[1])))))
    end)
  end

  it("says all that is wrong, a line each", function()
    local email = client.sign_up()
    assert.equal("InvalidParameterException: user.custom:x: Attribute does not exist in the schema.\n"
      .. "user.custom:y: Attribute does not exist in the schema.\n",
      (refused("AdminUpdateUserAttributes",
        admin(email, values { ["custom:x"] = "1", ["custom:y"] = "2", name = "J" }))))
    assert.equal("InvalidParameterException: Invalid user attributes: user.custom:y: Attribute does not exist in the "
      .. "schema.\nuser.sub: Attribute cannot be updated.\n", (refused("AdminDeleteUserAttributes",
        admin(email, { UserAttributeNames = json.array { "custom:y", "name", "sub" } }))))
  end)
end)

describe("AdminUpdateUserAttributes in a pool of aliases", function()
  local pool = client.pool { AliasAttributes = json.array { "email" } }
  local function update(name, list)
    local input = values(list)
    input.UserPoolId, input.Username = pool.id, name
    return input
  end
  for _, name in ipairs { "ann", "ben" } do
    ok("AdminCreateUser", { UserPoolId = pool.id, Username = name, MessageAction = "SUPPRESS" })
  end
  ok("AdminUpdateUserAttributes", update("ann", { email = "shared@example.com", email_verified = "true" }))

  it("lets another have the address, but not prove it", function()
    ok("AdminUpdateUserAttributes", update("ben", { email = "shared@example.com" }))
    for _, list in ipairs { { email_verified = "true" },
      { email = "shared@example.com", email_verified = "true" } } do
      assert.equal("AliasExistsException: An account with the given email already exists.",
        (refused("AdminUpdateUserAttributes", update("ben", list))))
    end
    assert.equal("ann", select(2, client.attributes("shared@example.com", pool.id)).Username)
  end)
end)

describe("AdminCreateUser", function()
  it("invites by mail", function()
    local email = client.address()
    local user = ok("AdminCreateUser", admin(email, { DesiredDeliveryMediums = json.array { "EMAIL" } })).User
    assert.equal("FORCE_CHANGE_PASSWORD", user.UserStatus)
    assert.is_true(user.Enabled)
    assert.equal("email", user.Attributes[1].Name)
    local mail = mailbox.list(email)[1]
    assert.equal("Your temporary password", mail.subject)
    local answer = ok("InitiateAuth", client.credentials(email, mail.code))
    assert.equal("NEW_PASSWORD_REQUIRED", answer.ChallengeName)
  end)

  it("can be silent, and can say it again", function()
    local email = client.address()
    ok("AdminCreateUser", admin(email, { MessageAction = "SUPPRESS" }))
    assert.equal(0, #mailbox.list(email))
    ok("AdminCreateUser", admin(email,
      { MessageAction = "RESEND", DesiredDeliveryMediums = json.array { "EMAIL" } }))
    assert.equal(1, #mailbox.list(email))
  end)

  local taken = client.confirmed()
  local REFUSALS = {
    { "a taken address", admin(taken), "UsernameExistsException: User account already exists" },
    { "to invite the confirmed again", admin(taken, { MessageAction = "RESEND" }),
      "UnsupportedUserStateException: Resend not possible. " .. taken
        .. " status is not FORCE_CHANGE_PASSWORD" },
    { "to invite a stranger again", admin("stranger@example.com", { MessageAction = "RESEND" }),
      "UserNotFoundException: User does not exist." },
    { "a name that is no address", admin("jane"), "InvalidParameterException: Username should be an email." },
    { "a weak temporary password", admin("weak@example.com", { TemporaryPassword = "weakling" }),
      "InvalidPasswordException: Password did not conform with policy: "
        .. "Password must have uppercase characters" },
  }
  for _, case in ipairs(REFUSALS) do
    it("refuses " .. case[1], function() assert.equal(case[3], (refused("AdminCreateUser", case[2]))) end)
  end
end)

describe("AdminSetUserPassword", function()
  it("confirms when it is permanent, and asks for a change when not", function()
    local email = client.sign_up()
    ok("AdminSetUserPassword", admin(email, { Password = "Another-horse-8", Permanent = true }))
    client.sign_in(email, "Another-horse-8")
    ok("AdminSetUserPassword", admin(email, { Password = "Another-horse-9", Permanent = false }))
    assert.equal("NEW_PASSWORD_REQUIRED",
      ok("InitiateAuth", client.credentials(email, "Another-horse-9")).ChallengeName)
    assert.matches("^InvalidPasswordException: ", (refused("AdminSetUserPassword",
      admin(email, { Password = "weakling", Permanent = true }))))
  end)
end)

describe("AdminResetUserPassword", function()
  it("needs a proved address", function()
    local email = client.sign_up()
    ok("AdminConfirmSignUp", admin(email))
    assert.equal("InvalidParameterException: Cannot reset password for the user as there is no "
      .. "registered/verified email or phone_number", (refused("AdminResetUserPassword", admin(email))))
    assert.equal("CONFIRMED", select(2, client.attributes(email)).UserStatus)
  end)

  it("cannot reset what was never set", function()
    local email = client.sign_up()
    assert.equal("NotAuthorizedException: User password cannot be reset in the current state.",
      (refused("AdminResetUserPassword", admin(email))))
  end)
end)
