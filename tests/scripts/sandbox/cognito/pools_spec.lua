-- SPDX-License-Identifier: MIT
local here = debug.getinfo(1, "S").source:match("@(.*/)")
local client = dofile(here .. "../client.lua")
local json = require "json"
local settings = client.settings
local ok, refused = client.ok, client.refused

describe("the default pool", function()
  it("is there from the beginning", function()
    local pool = ok("DescribeUserPool", { UserPoolId = settings.user_pool_id }).UserPool
    assert.equal(settings.user_pool_name, pool.Name)
    assert.same({ "email" }, { table.unpack(pool.UsernameAttributes) })
    assert.same({ "email" }, { table.unpack(pool.AutoVerifiedAttributes) })
    assert.is_false(pool.UsernameConfiguration.CaseSensitive)
    assert.same({ MinimumLength = 8, RequireUppercase = true, RequireLowercase = true, RequireNumbers = true,
      RequireSymbols = true, TemporaryPasswordValidityDays = 7 }, pool.Policies.PasswordPolicy)
    assert.equal("arn:aws:cognito-idp:us-east-1:123456789012:userpool/" .. settings.user_pool_id, pool.Arn)
    assert.is_number(pool.EstimatedNumberOfUsers)
    local required = {}
    for _, entry in ipairs(pool.SchemaAttributes) do
      if entry.Required then required[#required + 1] = entry.Name end
    end
    assert.same({ "sub" }, required)
  end)

  it("has a client with a secret", function()
    local app = ok("DescribeUserPoolClient",
      { UserPoolId = settings.user_pool_id, ClientId = settings.client_id }).UserPoolClient
    assert.equal(settings.client_secret, app.ClientSecret)
    assert.matches("^%w+$", app.ClientId)
    assert.equal(26, #app.ClientId)
    assert.equal(51, #app.ClientSecret)
  end)

  it("publishes keys and where things are", function()
    local base = "/" .. settings.user_pool_id .. "/.well-known/"
    local reply = client.send { listener = "cognito", method = "GET", path = base .. "openid-configuration" }
    local document = json.decode(reply.body)
    assert.equal("https://cognito-idp.us-east-1.amazonaws.com/" .. settings.user_pool_id, document.issuer)
    reply = client.send { listener = "cognito", method = "GET", path = base .. "jwks.json" }
    for _, key in ipairs(json.decode(reply.body).keys) do
      assert.same({ "RSA", "RS256", "sig", "AQAB" }, { key.kty, key.alg, key.use, key.e })
      assert.is_string(key.kid)
      assert.equal(342, #key.n)
    end
    assert.equal(200, client.send { listener = "cognito", method = "HEAD", path = base .. "jwks.json" }.status)
    assert.equal(404, client.send { listener = "cognito", method = "GET",
      path = "/us-east-1_none/.well-known/jwks.json" }.status)
  end)
end)

describe("pools and clients", function()
  it("are made, shown, listed, changed and removed", function()
    local pool = ok("CreateUserPool",
      { PoolName = "one", AutoVerifiedAttributes = json.array { "email" } }).UserPool
    assert.matches("^us%-east%-1_%w%w%w%w%w%w%w%w%w$", pool.Id)
    assert.is_nil(pool.UsernameAttributes)
    local app = ok("CreateUserPoolClient", { UserPoolId = pool.Id, ClientName = "web", GenerateSecret = true,
      CallbackURLs = json.array { "https://console.example/cb" } }).UserPoolClient
    assert.matches("^[a-z0-9]+$", app.ClientId)
    assert.equal(26, #app.ClientId)
    assert.matches("^%w+$", app.ClientSecret)
    assert.equal(30, app.RefreshTokenValidity)
    assert.is_nil(app.GenerateSecret)
    assert.same({ { ClientId = app.ClientId, ClientName = "web", UserPoolId = pool.Id } },
      { table.unpack(ok("ListUserPoolClients", { UserPoolId = pool.Id, MaxResults = 10 }).UserPoolClients) })

    local changed = ok("UpdateUserPoolClient",
      { UserPoolId = pool.Id, ClientId = app.ClientId, ClientName = "new" }).UserPoolClient
    assert.same({ "new", app.ClientSecret }, { changed.ClientName, changed.ClientSecret })
    ok("UpdateUserPool", { UserPoolId = pool.Id, Policies = { PasswordPolicy = { MinimumLength = 12 } } })
    local shown = ok("DescribeUserPool", { UserPoolId = pool.Id }).UserPool
    assert.same({ 12, false }, { shown.Policies.PasswordPolicy.MinimumLength,
      shown.Policies.PasswordPolicy.RequireSymbols })

    assert.equal("",
      client.call("DeleteUserPoolClient", { UserPoolId = pool.Id, ClientId = app.ClientId }).body)
    assert.equal(("ResourceNotFoundException: User pool client %s does not exist."):format(app.ClientId),
      (refused("DescribeUserPoolClient", { UserPoolId = pool.Id, ClientId = app.ClientId })))
    assert.equal("", client.call("DeleteUserPool", { UserPoolId = pool.Id }).body)
    assert.equal(("ResourceNotFoundException: User pool %s does not exist."):format(pool.Id),
      (refused("DescribeUserPool", { UserPoolId = pool.Id })))
  end)

  it("are listed by pages", function()
    for i = 1, 3 do ok("CreateUserPool", { PoolName = "page" .. i }) end
    local seen, token = 0, nil
    repeat
      local output = ok("ListUserPools", { MaxResults = 2, NextToken = token })
      seen, token = seen + #output.UserPools, output.NextToken
    until not token
    assert.is_true(seen >= 4)
    assert.is_nil(ok("ListUserPools", { MaxResults = 60 }).NextToken)
  end)

  it("wait for a page size", function()
    assert.equal("InvalidParameterException: 1 validation error detected: Value null at 'maxResults' failed "
      .. "to satisfy constraint: Member must not be null", (refused("ListUserPools", {})))
  end)

  it("do not take both kinds of names", function()
    assert.matches("^InvalidParameterException: ", (refused("CreateUserPool", { PoolName = "both",
      UsernameAttributes = json.array { "email" }, AliasAttributes = json.array { "email" } })))
  end)

  it("give tokens the lifetimes that the client asks for", function()
    local app = client.pool({},
      { AccessTokenValidity = 10, TokenValidityUnits = { AccessToken = "minutes" } })
    ok("AdminCreateUser", { UserPoolId = app.id, Username = "ida", MessageAction = "SUPPRESS" })
    ok("AdminSetUserPassword",
      { UserPoolId = app.id, Username = "ida", Password = client.password, Permanent = true })
    local result = ok("InitiateAuth", { AuthFlow = "USER_PASSWORD_AUTH", ClientId = app.client_id,
      AuthParameters = { USERNAME = "ida", PASSWORD = client.password } }).AuthenticationResult
    assert.equal(600, result.ExpiresIn)
  end)
end)

describe("tags", function()
  it("are added, shown, taken away and kept by a change of the pool", function()
    local pool = ok("CreateUserPool", { PoolName = "tags", UserPoolTags = { team = "a" } }).UserPool
    local function shown() return ok("ListTagsForResource", { ResourceArn = pool.Arn }).Tags end
    ok("TagResource", { ResourceArn = pool.Arn, Tags = { team = "b", stage = "test" } })
    ok("UpdateUserPool", { UserPoolId = pool.Id })
    assert.same({ team = "b", stage = "test" }, shown())
    ok("UntagResource", { ResourceArn = pool.Arn, TagKeys = json.array { "team" } })
    assert.same({ stage = "test" }, ok("DescribeUserPool", { UserPoolId = pool.Id }).UserPool.UserPoolTags)
    ok("UntagResource", { ResourceArn = pool.Arn, TagKeys = json.array { "stage" } })
    assert.same({}, shown())
    assert.equal("ResourceNotFoundException: User pool us-east-1_none does not exist.",
      (refused("ListTagsForResource", { ResourceArn = pool.Arn:gsub("[^/]+$", "us-east-1_none") })))
  end)
end)

describe("a provider's other names", function()
  it("find it", function()
    local named = { UserPoolId = settings.user_pool_id, IdpIdentifier = "by another name" }
    assert.equal("ResourceNotFoundException: Identity provider by another name does not exist.",
      (refused("GetIdentityProviderByIdentifier", named)))
    ok("UpdateIdentityProvider", { UserPoolId = settings.user_pool_id, ProviderName = "Google",
      IdpIdentifiers = json.array { named.IdpIdentifier } })
    assert.equal("Google", ok("GetIdentityProviderByIdentifier", named).IdentityProvider.ProviderName)
  end)
end)
