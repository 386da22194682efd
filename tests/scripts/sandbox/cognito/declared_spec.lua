-- SPDX-License-Identifier: MIT
-- What pools and clients may be set to: one row for each refusal, in the service's words.
local here = debug.getinfo(1, "S").source:match("@(.*/)")
local client = dofile(here .. "../client.lua")
local json = require "json"
local ok, refused = client.ok, client.refused
local list = json.array

local BAD <const> = "InvalidParameterException: "
local FLOW <const> = "InvalidOAuthFlowException: "

local function entry(name, kind, more)
  local result = { Name = name, AttributeDataType = kind }
  for key, value in pairs(more or {}) do result[key] = value end
  return result
end

local function strings(low, high) return { StringAttributeConstraints = { MinLength = low, MaxLength = high } } end
local function numbers(low, high) return { NumberAttributeConstraints = { MinValue = low, MaxValue = high } } end

describe("a pool's schema", function()
  local REFUSALS = {
    { "a type that there is not", entry("x", "Banana"),
      "1 validation error detected: Value 'Banana' at 'schema.1.member.attributeDataType' failed to satisfy "
      .. "constraint: Member must satisfy enum value set: [String, Number, DateTime, Boolean]" },
    { "no name", entry(nil, "String"), "A schema attribute needs a name." },
    { "no type", entry("x"),
      "Invalid AttributeDataType input, consider using the provided AttributeDataType enum." },
    { "a custom one that must be there", entry("x", "String", { Required = true }),
      "Required custom attributes are not supported currently." },
    { "another type of a standard one", entry("email", "Number"),
      "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email" },
    { "a standard one for developers", entry("email", nil, { DeveloperOnlyAttribute = true }),
      "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email" },
    { "a length that is no number", entry("email", "String", strings("x")),
      "Invalid StringAttributeConstraints for schema attribute email" },
    { "a value that is no number", entry("updated_at", "Number", numbers(nil, "x")),
      "Invalid NumberAttributeConstraints for schema attribute updated_at" },
    { "a length beyond all", entry("email", "String", strings(nil, "2049")),
      "user.email: String attributes cannot have a length of more than 2048" },
    { "lengths the wrong way round", entry("email", "String", strings("2", "1")),
      "user.email: Max length cannot be less than min length." },
    { "values the wrong way round", entry("updated_at", "Number", numbers("2", "1")),
      "user.updated_at: Max value cannot be less than min value." },
  }
  for _, case in ipairs(REFUSALS) do
    it("refuses " .. case[1], function()
      assert.equal(BAD .. case[3], (refused("CreateUserPool", { PoolName = "schema", Schema = list { case[2] } })))
    end)
  end

  local both = { StringAttributeConstraints = { MinLength = "1" }, NumberAttributeConstraints = { MaxValue = "9" } }
  local SHOWN = {
    { entry("s", "String", both), { StringAttributeConstraints = { MinLength = "1" } } },
    { entry("n", "Number", both), { NumberAttributeConstraints = { MaxValue = "9" } } },
    { entry("b", "Boolean", both), {} },
    { entry("e", "String"), { StringAttributeConstraints = {} } },
    { entry("f", "Number"), {} },
    { entry("d", "String", { DeveloperOnlyAttribute = true }), { Name = "dev:custom:d", DeveloperOnlyAttribute = true,
      StringAttributeConstraints = {} } },
    { entry("i", "DateTime", { Mutable = false }), { Mutable = false } },
  }
  for _, case in ipairs(SHOWN) do
    it("shows only what belongs to " .. case[1].Name, function()
      local pool = ok("CreateUserPool", { PoolName = "schema", Schema = list { case[1] } }).UserPool
      local expected = { Name = "custom:" .. case[1].Name, AttributeDataType = case[1].AttributeDataType,
        Mutable = true, Required = false, DeveloperOnlyAttribute = false }
      for key, value in pairs(case[2]) do expected[key] = value end
      assert.same(expected, pool.SchemaAttributes[#pool.SchemaAttributes])
    end)
  end

  it("grows, but not twice by the same name", function()
    local pool = ok("CreateUserPool", { PoolName = "grows" }).UserPool.Id
    local more = { UserPoolId = pool, CustomAttributes = list { entry("plan", "String") } }
    assert.same({}, ok("AddCustomAttributes", more))
    ok("AdminCreateUser", { UserPoolId = pool, Username = "ann",
      UserAttributes = list { { Name = "custom:plan", Value = "free" } } })
    assert.equal("free", client.attributes("ann", pool)["custom:plan"])
    assert.equal(BAD .. "custom:plan: Existing attribute already has name custom:plan.",
      (refused("AddCustomAttributes", more)))
  end)
end)

describe("a pool's description", function()
  it("has the same message in both its places", function()
    local pool = ok("CreateUserPool", { PoolName = "texts", VerificationMessageTemplate = {
      EmailMessage = "Take {####}", EmailSubject = "Here" }, SmsVerificationMessage = "By phone {####}" }).UserPool
    assert.same({ "Take {####}", "Here", "By phone {####}" },
      { pool.EmailVerificationMessage, pool.EmailVerificationSubject, pool.VerificationMessageTemplate.SmsMessage })
    assert.equal("CONFIRM_WITH_CODE", pool.VerificationMessageTemplate.DefaultEmailOption)
  end)
end)

describe("an app client", function()
  local url = list { "https://console.example/cb" }
  local REFUSALS = {
    { "OAuth without flows", { AllowedOAuthFlowsUserPoolClient = true }, BAD
      .. "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows." },
    { "a code without an address", { AllowedOAuthFlows = list { "code" }, AllowedOAuthScopes = list { "openid" } },
      FLOW .. "CallbackUrls can not be empty when code flow or implicit flow is selected" },
    { "machines beside people", { AllowedOAuthFlows = list { "code", "client_credentials" }, CallbackURLs = url,
      GenerateSecret = true }, FLOW
      .. "client_credentials flow can not be selected along with code flow or implicit flow." },
    { "machines without a secret", { AllowedOAuthFlows = list { "client_credentials" } }, FLOW
      .. "client_credentials flow can not be selected if client does not have a client secret." },
    { "openid for machines", { AllowedOAuthFlows = list { "client_credentials" }, GenerateSecret = true,
      AllowedOAuthScopes = list { "openid" } }, FLOW .. "openid is not supported with client_credentials flow" },
    { "a scope of nobody's", { AllowedOAuthScopes = list { "shop/buy" } },
      "ScopeDoesNotExistException: Invalid scope requested: shop/buy" },
    { "a flow that there is not", { AllowedOAuthFlows = list { "token" } }, BAD
      .. "1 validation error detected: Value '[token]' at 'allowedOAuthFlows' failed to satisfy constraint: Member "
      .. "must satisfy constraint: [Member must satisfy enum value set: [implicit, client_credentials, code]]" },
    { "an attribute to read", { ReadAttributes = list { "email", "nope" } },
      BAD .. "Invalid read attributes specified while creating a client" },
    { "an attribute to write", { WriteAttributes = list { "nope" } },
      BAD .. "Invalid write attributes specified while creating a client" },
  }
  local pool
  setup(function() pool = ok("CreateUserPool", { PoolName = "clients" }).UserPool.Id end)
  for _, case in ipairs(REFUSALS) do
    it("refuses " .. case[1], function()
      local input = { UserPoolId = pool, ClientName = "app" }
      for key, value in pairs(case[2]) do input[key] = value end
      assert.equal(case[3], (refused("CreateUserPoolClient", input)))
    end)
  end

  it("writes what the pool requires, and is shown what it may read", function()
    local strict = ok("CreateUserPool", { PoolName = "strict",
      Schema = list { { Name = "name", Required = true } } }).UserPool.Id
    local input = { UserPoolId = strict, ClientName = "app", WriteAttributes = list { "email" } }
    assert.equal(BAD .. "Invalid write attributes specified while creating a client",
      (refused("CreateUserPoolClient", input)))
    input.WriteAttributes, input.ReadAttributes = list { "email", "name" }, list { "name" }
    input.ExplicitAuthFlows = list { "ALLOW_USER_PASSWORD_AUTH" }
    local app = ok("CreateUserPoolClient", input).UserPoolClient.ClientId
    ok("AdminCreateUser", { UserPoolId = strict, Username = "ann", TemporaryPassword = client.password,
      UserAttributes = list { { Name = "email", Value = "ann@example.com" } } })
    local challenge = ok("InitiateAuth", { AuthFlow = "USER_PASSWORD_AUTH", ClientId = app,
      AuthParameters = { USERNAME = "ann", PASSWORD = client.password } })
    assert.equal('["userAttributes.name"]', challenge.ChallengeParameters.requiredAttributes)
    local token = ok("RespondToAuthChallenge", { ClientId = app, ChallengeName = "NEW_PASSWORD_REQUIRED",
      Session = challenge.Session, ChallengeResponses = { USERNAME = "ann", NEW_PASSWORD = "Another-horse-8",
        ["userAttributes.name"] = "Ann" } }).AuthenticationResult.AccessToken
    local shown = ok("GetUser", { AccessToken = token }).UserAttributes
    assert.same({ "name", "sub" }, { shown[1].Name, shown[2].Name })
  end)

  it("has the providers of its pool only", function()
    assert.equal(BAD .. "The provider Google does not exist for User Pool " .. pool, (refused("CreateUserPoolClient",
      { UserPoolId = pool, ClientName = "app", SupportedIdentityProviders = list { "COGNITO", "Google" } })))
  end)

  it("is judged again when it is changed", function()
    local app = ok("CreateUserPoolClient", { UserPoolId = pool, ClientName = "app" }).UserPoolClient
    assert.equal(BAD .. "Invalid read attributes specified while updating a client", (refused("UpdateUserPoolClient",
      { UserPoolId = pool, ClientId = app.ClientId, ReadAttributes = list { "nope" } })))
  end)

  it("may bring its secret", function()
    local secret = ("s3cret"):rep(5)
    assert.equal(secret, ok("CreateUserPoolClient",
      { UserPoolId = pool, ClientName = "app", ClientSecret = secret }).UserPoolClient.ClientSecret)
  end)
end)

describe("identity providers", function()
  local pool
  setup(function() pool = ok("CreateUserPool", { PoolName = "providers" }).UserPool.Id end)
  local function create(name, kind)
    return { UserPoolId = pool, ProviderName = name, ProviderType = kind, ProviderDetails = { client_id = "x" } }
  end

  it("of Google's have its name", function()
    assert.equal(BAD .. "Provider Mine cannot be of type Google.",
      (refused("CreateIdentityProvider", create("Mine", "Google"))))
  end)

  it("are listed by pages", function()
    for i = 1, 3 do ok("CreateIdentityProvider", create("Saml" .. i, "SAML")) end
    local first = ok("ListIdentityProviders", { UserPoolId = pool, MaxResults = 2 })
    local second = ok("ListIdentityProviders", { UserPoolId = pool, MaxResults = 2, NextToken = first.NextToken })
    assert.same({ 2, 1 }, { #first.Providers, #second.Providers })
    assert.is_nil(second.NextToken)
  end)
end)
