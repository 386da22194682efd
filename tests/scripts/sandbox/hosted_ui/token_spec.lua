-- SPDX-License-Identifier: MIT
local browser = dofile "tests/scripts/sandbox/browser.lua"
local crypto = require "crypto"
local http = require "http"
local json = require "json"
local jwt = require "jwt"
local sorted_names = require "sandbox.sorted_names"
local client = browser.client
local settings = client.settings

local REAL_FETCH = http.fetch

setup(function() http.fetch = browser.fetch end)
teardown(function() http.fetch = REAL_FETCH end)

local function keys()
  return browser.send("cognito", "/" .. settings.user_pool_id .. "/.well-known/jwks.json").json
end

local function tokens_of(person, changes)
  local reply = browser.redeem(browser.sign_in(person, changes).given.code)
  assert.equal(200, reply.status, json.encode(reply.json))
  return reply.json
end

describe("/oauth2/token", function()
  before_each(function() browser.register() end)

  it("gives a federated user's tokens", function()
    local person = browser.person()
    local issued = tokens_of(person)
    assert.same({ 3600, "Bearer", "string" }, { issued.expires_in, issued.token_type, type(issued.refresh_token) })
    local claims = assert(jwt.verify(issued.id_token, keys()))
    local username = "google_" .. person.sub
    assert.same({ "id", settings.client_id, "N", username, person.email, true, "Ada", "Lovelace" }, { claims.token_use,
      claims.aud, claims.nonce, claims["cognito:username"], claims.email, claims.email_verified, claims.given_name,
      claims.family_name })
    assert.same({ settings.user_pool_id .. "_Google" }, claims["cognito:groups"])
    assert.equal(crypto.base64url(crypto.sha256(issued.access_token):sub(1, 16)), claims.at_hash)
    local entry = claims.identities[1]
    assert.matches("^%d+$", entry.dateCreated)
    entry.dateCreated = nil
    assert.same({ userId = person.sub, providerName = "Google", providerType = "Google", issuer = json.null,
      primary = "true" }, entry)
    assert.not_equal(username, claims.sub)
    local access = assert(jwt.verify(issued.access_token, keys()))
    assert.same({ "access", settings.client_id, username, claims.sub, "openid email profile", 2 }, { access.token_use,
      access.client_id, access.username, access.sub, access.scope, access.version })
    assert.is_nil(access.aud)
    local values, user = client.attributes(username)
    assert.same({ "EXTERNAL_PROVIDER", claims.sub, "true" }, { user.UserStatus, values.sub, values.email_verified })
    assert.matches('^%[{"userId":"%d+","providerName":"Google","providerType":"Google","issuer":null,"primary":true,'
      .. '"dateCreated":%d+}%]$', values.identities)
  end)

  it("gives no id token without the scope openid", function()
    local issued = tokens_of(browser.person(), { scope = "email" })
    assert.is_nil(issued.id_token)
    assert.is_string(issued.access_token)
  end)

  it("knows the same person again", function()
    local person = browser.person()
    local first, second = tokens_of(person), tokens_of(person)
    assert.equal(jwt.decode(first.id_token).sub, jwt.decode(second.id_token).sub)
  end)

  local BASIC = crypto.base64(settings.client_id .. ":" .. settings.client_secret)

  it("takes HTTP Basic", function()
    local code = browser.sign_in(browser.person()).given.code
    local reply = browser.redeem(code, { client_secret = false }, { authorization = "Basic " .. BASIC })
    assert.equal(200, reply.status)
  end)

  it("takes a code once, and not after five minutes", function()
    local code = browser.sign_in(browser.person()).given.code
    assert.equal(200, browser.redeem(code).status)
    assert.same({ 400, { error = "invalid_grant" } }, { browser.redeem(code).status, browser.redeem(code).json })
    local old = browser.sign_in(browser.person()).given.code
    client.time.advance(301)
    assert.equal("invalid_grant", browser.redeem(old).json.error)
    client.time.advance(-301)
  end)

  local REFUSED = {
    { "another address", { redirect_uri = browser.callback .. "x" }, "invalid_grant" },
    { "no address", { redirect_uri = false }, "invalid_request" },
    { "another verifier", { code_verifier = ("w"):rep(43) }, "invalid_grant" },
    { "no verifier", { code_verifier = false }, "invalid_grant" },
    { "a verifier that is too short", { code_verifier = "v" }, "invalid_grant" },
    { "another secret", { client_secret = "wrong" }, "invalid_client" },
    { "no secret", { client_secret = false }, "invalid_client" },
    { "another client", { client_id = "nobody" }, "invalid_client" },
    { "no client", { client_id = false, client_secret = false }, "invalid_request" },
    { "no grant", { grant_type = false }, "invalid_request" },
    { "an unknown grant", { grant_type = "password" }, "unsupported_grant_type" },
    { "a grant that the client has not", { grant_type = "client_credentials" }, "unauthorized_client" },
    { "another code", { code = "x" }, "invalid_grant" },
  }
  for _, case in ipairs(REFUSED) do
    it("refuses " .. case[1], function()
      local reply = browser.redeem(browser.sign_in(browser.person()).given.code, case[2])
      assert.same({ 400, { error = case[3] } }, { reply.status, reply.json })
    end)
  end

  it("renews without a new refresh token, until it is revoked", function()
    local issued = tokens_of(browser.person())
    local again = { grant_type = "refresh_token", refresh_token = issued.refresh_token }
    local reply = browser.redeem(nil, again)
    assert.equal(200, reply.status)
    assert.is_nil(reply.json.refresh_token)
    assert.is_nil(jwt.decode(reply.json.id_token).nonce)
    local ours = { token = issued.refresh_token, client_id = settings.client_id,
      client_secret = settings.client_secret }
    local revoked = browser.send("cognito", "/oauth2/revoke", ours)
    assert.same({ 200, "" }, { revoked.status, revoked.body })
    assert.equal("invalid_grant", browser.redeem(nil, again).json.error)
    ours.token = issued.access_token
    assert.equal("unsupported_token_type", browser.send("cognito", "/oauth2/revoke", ours).json.error)
    assert.equal("UnsupportedTokenTypeException: Only refresh tokens can be revoked.", (client.refused("RevokeToken",
      { Token = ours.token, ClientId = ours.client_id, ClientSecret = ours.client_secret })))
    ours.token = "x"
    assert.equal(200, browser.send("cognito", "/oauth2/revoke", ours).status)
    browser.register { EnableTokenRevocation = false }
    assert.equal("invalid_request", browser.send("cognito", "/oauth2/revoke", ours).json.error)
    ours.client_secret = "wrong"
    local unknown = browser.send("cognito", "/oauth2/revoke", ours)
    assert.same({ 401, "invalid_client" }, { unknown.status, unknown.json.error })
  end)
end)

describe("a machine", function()
  local app

  setup(function()
    local pool = client.ok("CreateUserPool", { PoolName = "machines" }).UserPool.Id
    client.ok("CreateResourceServer", { UserPoolId = pool, Identifier = "shop", Name = "shop", Scopes = json.array {
      { ScopeName = "buy", ScopeDescription = "b" }, { ScopeName = "sell", ScopeDescription = "s" } } })
    app = client.ok("CreateUserPoolClient", { UserPoolId = pool, ClientName = "machine", GenerateSecret = true,
      AllowedOAuthFlowsUserPoolClient = true, AllowedOAuthFlows = json.array { "client_credentials" },
      AllowedOAuthScopes = json.array { "shop/buy", "shop/sell" } }).UserPoolClient
  end)

  local function ask(scope)
    return browser.send("cognito", "/oauth2/token", { grant_type = "client_credentials", scope = scope },
      { authorization = "Basic " .. crypto.base64(app.ClientId .. ":" .. app.ClientSecret) })
  end

  it("signs in by itself, with all its scopes or some", function()
    for asked, given in pairs { [""] = "shop/buy shop/sell", ["shop/sell"] = "shop/sell" } do
      local reply = ask(asked ~= "" and asked or nil)
      assert.same({ 200, 3600, "Bearer" }, { reply.status, reply.json.expires_in, reply.json.token_type })
      assert.is_nil(reply.json.id_token or reply.json.refresh_token)
      local claims = jwt.decode(reply.json.access_token)
      assert.same({ given, app.ClientId, app.ClientId, "access" },
        { claims.scope, claims.sub, claims.client_id, claims.token_use })
    end
    assert.equal("invalid_scope", ask("shop/steal").json.error)
  end)

  it("is nobody to the API", function()
    assert.equal("NotAuthorizedException: Access Token does not have required scopes",
      (client.refused("GetUser", { AccessToken = ask().json.access_token })))
  end)
end)

describe("/oauth2/userInfo", function()
  before_each(function() browser.register() end)

  local function ask(token)
    return browser.send("cognito", "/oauth2/userInfo", nil, token and { authorization = "Bearer " .. token })
  end

  it("says who holds the token", function()
    local person = browser.person()
    local claims = ask(tokens_of(person).access_token).json
    assert.same({ "google_" .. person.sub, person.email, "true" },
      { claims.username, claims.email, claims.email_verified })
  end)

  -- openid alone opens all; each other scope what it names
  local SCOPES = {
    { "openid", "email email_verified family_name given_name identities name picture sub username" },
    { "openid email", "email email_verified sub username" },
    { "openid profile", "family_name given_name identities name picture sub username" },
    { "openid aws.cognito.signin.user.admin",
      "email email_verified family_name given_name identities name picture sub username" },
  }
  for _, case in ipairs(SCOPES) do
    it("opens what the scopes do: " .. case[1], function()
      local issued = tokens_of(browser.person(), { scope = case[1] })
      assert.equal(case[2], table.concat(sorted_names(ask(issued.access_token).json), " "))
      local claims = jwt.decode(issued.id_token)
      for _, name in ipairs { "email", "given_name" } do
        assert.equal(case[2]:find(name, 1, true) ~= nil, claims[name] ~= nil, name)
      end
      assert.is_table(claims.identities)
    end)
  end

  it("is what such a token is for: the API asks for a scope of its own", function()
    local issued = tokens_of(browser.person(), { scope = "openid email" })
    for operation, input in pairs { GetUser = {}, GlobalSignOut = {}, DeleteUserAttributes = {
      UserAttributeNames = json.array { "name" } } } do
      input.AccessToken = issued.access_token
      assert.equal("NotAuthorizedException: Access Token does not have required scopes",
        (client.refused(operation, input)))
    end
    issued = tokens_of(browser.person(), { scope = "openid aws.cognito.signin.user.admin" })
    assert.matches("^google_", client.ok("GetUser", { AccessToken = issued.access_token }).Username)
  end)

  it("refuses other tokens", function()
    local email = client.confirmed()
    local CASES = { { "", 400 }, { "nonsense", 401 }, { client.sign_in(email).AccessToken, 401 },
      { tokens_of(browser.person()).id_token, 401 },
      { tokens_of(browser.person(), { scope = "email" }).access_token, 401 } }
    for _, case in ipairs(CASES) do
      local reply = ask(case[1] ~= "" and case[1])
      assert.equal(case[2], reply.status)
      assert.matches('error="invalid_', reply.headers["WWW-Authenticate"])
    end
  end)
end)
