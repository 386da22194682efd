-- SPDX-License-Identifier: MIT
local here = debug.getinfo(1, "S").source:match("@(.*/)")
local client = dofile(here .. "../client.lua")
local json = require "json"
local ok, refused, named = client.ok, client.refused, client.named

local EXPIRED = "ExpiredCodeException: Invalid code provided, please request a code again."
local MISMATCH = "CodeMismatchException: Invalid verification code provided, please try again."
local LIMIT = "LimitExceededException: Attempt limit exceeded, please try after some time."
local POLICY = "InvalidPasswordException: Password did not conform with policy: "
local VISIBLE = "satisfy regular expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+"
local HOUR = 3600

-- The text of broken constraints: pairs of member and what it must do.
local function broken(...)
  local parts, n = {}, select("#", ...) // 2
  for i = 1, n do
    local member, must = select(2 * i - 1, ...)
    parts[i] = ("Value at '%s' failed to satisfy constraint: Member must %s"):format(member, must)
  end
  return ("InvalidParameterException: %d validation error%s detected: %s")
    :format(n, n == 1 and "" or "s", table.concat(parts, "; "))
end

describe("SignUp", function()
  after_each(client.time.reset)

  it("makes an unconfirmed user and mails the code", function()
    local email, output = client.sign_up(nil, json.array { { Name = "name", Value = "Jane" } })
    assert.is_false(output.UserConfirmed)
    assert.matches("^%x+%-%x+%-4%x+%-%x+%-%x+$", output.UserSub)
    assert.same({ AttributeName = "email", DeliveryMedium = "EMAIL", Destination = "j***@e***" },
      output.CodeDeliveryDetails)
    assert.matches("^%d%d%d%d%d%d$", client.code(email))
    local values, user = client.attributes(email)
    assert.equal("UNCONFIRMED", user.UserStatus)
    assert.equal(output.UserSub, user.Username)
    assert.is_true(user.Enabled)
    assert.same({ email = email, email_verified = "false", name = "Jane", sub = output.UserSub }, values)
  end)

  local long = ("x"):rep(129) .. "@example.com"
  local REFUSALS = {
    { "no password policy: short", { Password = "Aa1!xyz" },
      POLICY .. "Password not long enough" },
    { "no upper case", { Password = "aaaaaaa1!" },
      POLICY .. "Password must have uppercase characters" },
    { "no lower case", { Password = "AAAAAAA1!" },
      POLICY .. "Password must have lowercase characters" },
    { "no digit", { Password = "AAAAaaaa!" },
      POLICY .. "Password must have numeric characters" },
    { "no symbol", { Password = "AAAAaaaa1" },
      POLICY .. "Password must have symbol characters" },
    { "a password below the model's own limit", { Password = "Aa1!" },
      broken("password", "have length greater than or equal to 6") },
    { "a password with a space", { Password = "Correct horse 7" },
      broken("password", "satisfy regular expression pattern: [\\S]+") },
    { "a name that is no address", { Username = "jane" },
      "InvalidParameterException: Username should be an email." },
    { "an address with two dots", { Username = "jane@example..com" },
      "InvalidParameterException: Username should be an email." },
    { "a space in the name", { Username = "jane doe@example.com" }, broken("username", VISIBLE) },
    { "a name that is too long", { Username = long },
      broken("username", "have length less than or equal to 128") },
    { "empty name and password", { Username = "", Password = "", SecretHash = "x" },
      broken("password", "have length greater than or equal to 6",
        "password", "satisfy regular expression pattern: [\\S]+",
        "username", "have length greater than or equal to 1", "username", VISIBLE) },
    { "no password at all", { Password = json.null }, broken("password", "not be null") },
    { "an attribute that is not in the schema",
      { UserAttributes = json.array { { Name = "custom:x", Value = "1" } } },
      "InvalidParameterException: Attributes did not conform to the schema: custom:x: "
      .. "Attribute does not exist in the schema." },
    { "an attribute that only the service writes",
      { UserAttributes = json.array { { Name = "email_verified", Value = "true" } } },
      "NotAuthorizedException: A client attempted to write unauthorized attribute" },
    { "a phone number that is none",
      { UserAttributes = json.array { { Name = "phone_number", Value = "555" } } },
      "InvalidParameterException: Invalid phone number format." },
    { "an unknown client", { ClientId = "nobodysclient" },
      "ResourceNotFoundException: User pool client nobodysclient does not exist." },
    { "a wrong secret hash", { SecretHash = "bm90aGluZw==" },
      "NotAuthorizedException: Unable to verify secret hash for client " .. client.settings.client_id },
    { "no secret hash", { SecretHash = json.null },
      "NotAuthorizedException: Client " .. client.settings.client_id
        .. " is configured with secret but SECRET_HASH was not received" },
  }
  for _, case in ipairs(REFUSALS) do
    it("refuses " .. case[1], function()
      local name = case[2].Username or client.address()
      local input = named(name, { Password = client.password })
      for key, value in pairs(case[2]) do input[key] = value end
      assert.equal(case[3], (refused("SignUp", input)))
    end)
  end

  it("says UsernameExists for an unconfirmed user too, in any case of letters", function()
    local email = client.sign_up()
    for _, name in ipairs { email, email:upper() } do
      assert.equal("UsernameExistsException: An account with the given email already exists.",
        (refused("SignUp", named(name, { Password = client.password }))))
    end
  end)

  it("shows the error in the headers too", function()
    local email = client.sign_up()
    local _, reply = refused("SignUp", named(email, { Password = client.password }))
    assert.equal(400, reply.status)
    assert.equal('{"__type":"UsernameExistsException",'
      .. '"message":"An account with the given email already exists."}', reply.body)
    assert.equal("UsernameExistsException:", reply.headers["x-amzn-errortype"])
    assert.equal("An account with the given email already exists.", reply.headers["x-amzn-errormessage"])
    assert.equal("application/x-amz-json-1.1", reply.headers["Content-Type"])
    assert.matches("^%x+%-%x+%-%x+%-%x+%-%x+$", reply.headers["x-amzn-RequestId"])
  end)
end)

describe("ConfirmSignUp", function()
  after_each(client.time.reset)

  local function confirm(email, code) return named(email, { ConfirmationCode = code }) end

  it("confirms, proves the address and works once", function()
    local email = client.sign_up()
    assert.same({}, ok("ConfirmSignUp", confirm(email, client.code(email))))
    local values, user = client.attributes(email)
    assert.equal("CONFIRMED", user.UserStatus)
    assert.equal("true", values.email_verified)
    assert.equal("NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED",
      (refused("ConfirmSignUp", confirm(email, client.code(email)))))
  end)

  it("takes the sub as name, with a hash over it", function()
    local email, output = client.sign_up()
    ok("ConfirmSignUp", confirm(output.UserSub, client.code(email)))
  end)

  it("takes a hash over the sub beside the address", function()
    local email, output = client.sign_up()
    local input = confirm(email, client.code(email))
    input.SecretHash = client.secret_hash(output.UserSub)
    ok("ConfirmSignUp", input)
  end)

  it("refuses a wrong code and keeps the right one", function()
    local email = client.sign_up()
    assert.equal(MISMATCH, (refused("ConfirmSignUp", confirm(email, client.wrong_code(email)))))
    ok("ConfirmSignUp", confirm(email, client.code(email)))
  end)

  it("refuses a code after a day", function()
    local email = client.sign_up()
    client.time.advance(24 * HOUR - 5)
    assert.equal(MISMATCH, (refused("ConfirmSignUp", confirm(email, client.wrong_code(email)))))
    client.time.advance(10)
    assert.equal(EXPIRED, (refused("ConfirmSignUp", confirm(email, client.code(email)))))
  end)

  it("refuses a superseded code", function()
    local email = client.sign_up()
    local first = client.code(email)
    ok("ResendConfirmationCode", named(email))
    assert.equal(EXPIRED, (refused("ConfirmSignUp", confirm(email, first))))
    ok("ConfirmSignUp", confirm(email, client.code(email)))
  end)

  it("counts fifteen tries an hour", function()
    local email = client.sign_up()
    local wrong = client.wrong_code(email)
    for _ = 1, 15 do assert.equal(MISMATCH, (refused("ConfirmSignUp", confirm(email, wrong)))) end
    assert.equal(LIMIT, (refused("ConfirmSignUp", confirm(email, client.code(email)))))
    client.time.advance(HOUR + 1)
    ok("ConfirmSignUp", confirm(email, client.code(email)))
  end)

  it("does not know a stranger", function()
    assert.equal("UserNotFoundException: Username/client id combination not found.",
      (refused("ConfirmSignUp", confirm("stranger@example.com", "123456"))))
  end)

  it("refuses a disabled user", function()
    local email = client.sign_up()
    ok("AdminDisableUser", client.admin(email))
    assert.equal("NotAuthorizedException: User is disabled.",
      (refused("ConfirmSignUp", confirm(email, client.code(email)))))
  end)
end)

describe("ResendConfirmationCode", function()
  after_each(client.time.reset)

  it("mails a new code, five an hour", function()
    local email = client.sign_up()
    for _ = 1, 5 do
      local output = ok("ResendConfirmationCode", named(email))
      assert.same({ AttributeName = "email", DeliveryMedium = "EMAIL", Destination = "j***@e***" },
        output.CodeDeliveryDetails)
    end
    assert.equal(LIMIT, (refused("ResendConfirmationCode", named(email))))
    client.time.advance(HOUR + 1)
    ok("ResendConfirmationCode", named(email))
  end)

  it("has nothing to do for a confirmed user", function()
    local email = client.confirmed()
    assert.equal("InvalidParameterException: User is already confirmed.",
      (refused("ResendConfirmationCode", named(email))))
  end)

  it("does not know a stranger", function()
    assert.equal("UserNotFoundException: Username/client id combination not found.",
      (refused("ResendConfirmationCode", named("stranger@example.com"))))
  end)
end)

describe("a client that prevents user existence errors", function()
  local app = client.pool(
    { UsernameAttributes = json.array { "email" }, AutoVerifiedAttributes = json.array { "email" } },
    { PreventUserExistenceErrors = "ENABLED" })

  local CASES = {
    { "ConfirmSignUp", { ConfirmationCode = "123456" }, EXPIRED },
    { "ConfirmForgotPassword", { ConfirmationCode = "123456", Password = client.password }, MISMATCH },
    { "ResendConfirmationCode", {} },
    { "ForgotPassword", {} },
  }
  for _, case in ipairs(CASES) do
    it("hides a stranger from " .. case[1], function()
      local input = { ClientId = app.client_id, Username = "stranger@example.com" }
      for key, value in pairs(case[2]) do input[key] = value end
      if case[3] then
        assert.equal(case[3], (refused(case[1], input)))
      else
        assert.equal("s***@e***", ok(case[1], input).CodeDeliveryDetails.Destination)
      end
    end)
  end

  it("hides who is disabled, or has no proved address", function()
    local function input(more)
      local all = { ClientId = app.client_id, Username = "joan@example.com" }
      for key, value in pairs(more or {}) do all[key] = value end
      return all
    end
    ok("SignUp", input { Password = client.password })
    assert.equal("j***@e***", ok("ForgotPassword", input()).CodeDeliveryDetails.Destination)
    assert.equal(EXPIRED, (refused("ConfirmForgotPassword",
      input { ConfirmationCode = "123456", Password = client.password })))
    ok("AdminDisableUser", { UserPoolId = app.id, Username = "joan@example.com" })
    for _, operation in ipairs { "ForgotPassword", "ResendConfirmationCode" } do
      assert.equal("j***@e***", ok(operation, input()).CodeDeliveryDetails.Destination)
    end
    assert.equal(MISMATCH, (refused("ConfirmForgotPassword",
      input { ConfirmationCode = "123456", Password = client.password })))
  end)

  it("still says UsernameExists", function()
    local input = { ClientId = app.client_id, Username = "jane@example.com", Password = client.password }
    ok("SignUp", input)
    assert.equal("UsernameExistsException: An account with the given email already exists.",
      (refused("SignUp", input)))
  end)
end)

describe("a pool of free usernames with e-mail aliases", function()
  local app = client.pool {
    AliasAttributes = json.array { "email" }, AutoVerifiedAttributes = json.array { "email" },
  }

  local function sign_up(name, email)
    return ok("SignUp", { ClientId = app.client_id, Username = name, Password = client.password,
      UserAttributes = json.array { { Name = "email", Value = email } } })
  end
  local function confirm(name, email, force)
    return { ClientId = app.client_id, Username = name, ConfirmationCode = client.code(email),
      ForceAliasCreation = force }
  end

  it("keeps the username apart from the sub", function()
    local output = sign_up("ann", "ann@example.com")
    local values, user = client.attributes("ann", app.id)
    assert.equal("ann", user.Username)
    assert.equal(output.UserSub, values.sub)
  end)

  it("refuses a name that looks like an address", function()
    local input = { ClientId = app.client_id, Username = "a@example.com", Password = client.password }
    assert.equal("InvalidParameterException: Username cannot be of email format, "
      .. "since user pool is configured for email alias.", (refused("SignUp", input)))
  end)

  it("refuses a taken username", function()
    sign_up("bob", "bob@example.com")
    assert.equal("UsernameExistsException: User already exists", (refused("SignUp",
      { ClientId = app.client_id, Username = "bob", Password = client.password })))
  end)

  it("lets two claim an address until one proves it", function()
    sign_up("carl", "c@example.com")
    ok("ConfirmSignUp", confirm("carl", "c@example.com"))
    sign_up("cora", "c@example.com")
    assert.equal("AliasExistsException: An account with the email already exists.",
      (refused("ConfirmSignUp", confirm("cora", "c@example.com", false))))
    ok("ConfirmSignUp", confirm("cora", "c@example.com", true))
    assert.equal("true", client.attributes("cora", app.id).email_verified)
    assert.equal("false", client.attributes("carl", app.id).email_verified)
    assert.equal("cora", select(2, client.attributes("c@example.com", app.id)).Username)
  end)
end)

describe("a pool that verifies nothing", function()
  local app = client.pool {}

  it("sends no code and has none to resend", function()
    local output = ok("SignUp", { ClientId = app.client_id, Username = "dora", Password = client.password })
    assert.is_nil(output.CodeDeliveryDetails)
    assert.equal("InvalidParameterException: Cannot resend codes. Auto verification not turned on.",
      (refused("ResendConfirmationCode", { ClientId = app.client_id, Username = "dora" })))
  end)
end)

describe("a pool with rules of its own", function()
  it("asks for its required attributes", function()
    local app = client.pool { Schema = json.array { { Name = "email", Required = true },
      { Name = "tier", AttributeDataType = "String" } } }
    assert.equal("InvalidParameterException: Attributes did not conform to the schema: email: "
      .. "The attribute is required",
      (refused("SignUp", { ClientId = app.client_id, Username = "eve", Password = client.password })))
    local attributes = json.array { { Name = "email", Value = "eve@example.com" },
      { Name = "custom:tier", Value = "gold" } }
    ok("SignUp", { ClientId = app.client_id, Username = "eve", Password = client.password,
      UserAttributes = attributes })
    assert.equal("gold", client.attributes("eve", app.id)["custom:tier"])
  end)

  it("applies its own password policy", function()
    local app = client.pool { Policies = { PasswordPolicy = { MinimumLength = 6 } } }
    ok("SignUp", { ClientId = app.client_id, Username = "finn", Password = "simple" })
  end)

  it("can forbid signing up", function()
    local app = client.pool { AdminCreateUserConfig = { AllowAdminCreateUserOnly = true } }
    assert.equal("NotAuthorizedException: SignUp is not permitted for this user pool",
      (refused("SignUp", { ClientId = app.client_id, Username = "gus", Password = client.password })))
  end)

  it("tells cases of letters apart when it says so", function()
    local app = client.pool { UsernameConfiguration = { CaseSensitive = true } }
    for _, name in ipairs { "Hal", "hal" } do
      ok("SignUp", { ClientId = app.client_id, Username = name, Password = client.password })
    end
  end)
end)
