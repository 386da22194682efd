-- SPDX-License-Identifier: MIT
local browser = dofile "tests/scripts/sandbox/browser.lua"
local crypto = require "crypto"
local json = require "json"
local client = browser.client

local CALLBACK <const> = browser.callback

describe("/oauth2/authorize", function()
  before_each(function() browser.register() end)

  it("leads to Google with Google's parameters", function()
    local reply = browser.authorize()
    assert.equal(302, reply.status)
    assert.matches("^https://accounts%.google%.com/o/oauth2/v2/auth%?", reply.location)
    assert.same({ "email profile openid", "code", client.settings.google_client_id },
      { reply.given.scope, reply.given.response_type, reply.given.client_id })
    assert.matches("/oauth2/idpresponse$", reply.given.redirect_uri)
    assert.not_equal("S", reply.given.state)
  end)

  it("leads to the sign-in page without a provider, with the same parameters", function()
    local reply = browser.authorize { identity_provider = false }
    assert.equal(302, reply.status)
    assert.equal("/login", reply.location:match("^[^?]*"))
    local wanted = browser.parameters { identity_provider = false }
    assert.same(wanted, reply.given)
  end)

  it("finds a provider by its identifier", function()
    client.ok("UpdateIdentityProvider", { UserPoolId = client.settings.user_pool_id, ProviderName = "Google",
      IdpIdentifiers = json.array { "gmail.com" } })
    local reply = browser.authorize { identity_provider = false, idp_identifier = "gmail.com" }
    assert.matches("^https://accounts%.google%.com/", reply.location)
    assert.equal(400, browser.authorize({ identity_provider = false, idp_identifier = "example.com" }).status)
  end)

  it("leads to the only provider that the client has, and has no form for passwords then", function()
    browser.register { SupportedIdentityProviders = json.array { "Google" } }
    assert.matches("^https://accounts%.google%.com/", browser.authorize({ identity_provider = false }).location)
    local page = browser.send("cognito", "/login?" .. browser.query_of { identity_provider = false })
    assert.equal(200, page.status)
    assert.is_nil(page.body:find("<form", 1, true))
    assert.equal(400, browser.send("cognito", "/login?" .. browser.query_of { identity_provider = false },
      { username = "a", password = "b" }).status)
  end)

  -- what is wrong -> no redirect at all
  local PAGES = {
    { "no client", { client_id = false } }, { "an unknown client", { client_id = "nobody" } },
    { "no address to return to", { redirect_uri = false } },
    { "an address that is not registered", { redirect_uri = "https://evil.example/" } },
    { "a registered address with more", { redirect_uri = CALLBACK .. "/" } },
    { "a registered address with a query", { redirect_uri = CALLBACK .. "?x=1" } },
    { "a registered address in capitals", { redirect_uri = CALLBACK:upper() } },
    { "a provider that the client has not", { identity_provider = "Facebook" } },
  }
  for _, case in ipairs(PAGES) do
    it("shows a page for " .. case[1], function()
      local reply = browser.authorize(case[2])
      assert.equal(400, reply.status)
      assert.is_nil(reply.location)
      assert.matches("^text/html", reply.headers["Content-Type"])
    end)
  end

  local ERRORS = {
    { "no response_type", { response_type = false }, "invalid_request" },
    { "an unknown response_type", { response_type = "id_token" }, "invalid_request" },
    { "PKCE plain", { code_challenge_method = "plain" }, "invalid_request" },
    { "a challenge without a method", { code_challenge_method = false }, "invalid_request" },
    { "a method without a challenge", { code_challenge = false }, "invalid_request" },
    { "a challenge that is none", { code_challenge = "short" }, "invalid_request" },
    { "a scope that the client has not", { scope = "openid phone" }, "invalid_scope" },
    { "no page for people when nobody is signed in", { identity_provider = false, prompt = "none" }, "login_required" },
  }
  for _, case in ipairs(ERRORS) do
    it("goes back with an error for " .. case[1], function()
      local reply = browser.authorize(case[2])
      assert.equal(302, reply.status)
      assert.equal(CALLBACK, reply.location:match("^[^?]*"))
      assert.same({ error = case[3], state = "S" }, reply.given)
    end)
  end

  it("goes back with unauthorized_client for a grant that the client has not", function()
    browser.register { AllowedOAuthFlows = json.array { "implicit" } }
    assert.equal("unauthorized_client", browser.authorize().given.error)
    browser.register { AllowedOAuthFlowsUserPoolClient = false }
    assert.equal("unauthorized_client", browser.authorize().given.error)
  end)
end)

describe("/login", function()
  local function target()
    browser.register()
    return browser.authorize { identity_provider = false }.location
  end

  -- The page's form, sent by the browser that was given it.
  local function sign_in(fields)
    local address = target()
    local shown = browser.send("cognito", address)
    fields._csrf = shown.body:match('name="_csrf" value="([%x-]+)"')
    return browser.send("cognito", address, fields, { cookie = shown.headers["Set-Cookie"]:match("^[^;]*") })
  end

  it("is a page with labels and the way to Google", function()
    local body = browser.send("cognito", target()).body
    for _, piece in ipairs { '<html lang="en">', '<label for="username">', '<label for="password">',
      "identity_provider=Google" } do
      assert.truthy(body:find(piece, 1, true), piece)
    end
  end)

  it("gives a code for the right password, and a session that is not asked again", function()
    local email = client.confirmed()
    local reply = sign_in { username = email, password = client.password }
    assert.equal(CALLBACK, reply.location:match("^[^?]*"))
    local cookie = reply.headers["Set-Cookie"]
    assert.truthy(cookie:find("HttpOnly", 1, true))
    local session = { cookie = cookie:match("^[^;]*") }
    local again = browser.authorize({ identity_provider = false }, session)
    assert.is_string(again.given.code)
    assert.not_equal(reply.given.code, again.given.code)
    local asked = browser.authorize({ identity_provider = false, prompt = "login" }, session)
    assert.matches("^/login", asked.location)
    browser.send("cognito", "/logout?client_id=" .. client.settings.client_id
      .. "&logout_uri=https%3A%2F%2Fconsole.example.com%2Fbye", nil, session)
    local after = browser.authorize({ identity_provider = false }, session)
    assert.matches("^/login", after.location)
  end)

  it("says what is wrong, to the reader of the screen too, and repeats the name safely", function()
    local email = client.sign_up()
    local CASES = {
      { { username = email, password = client.password }, "User is not confirmed." },
      { { username = "nobody@example.com", password = "x" }, "Incorrect username or password." },
      { { username = client.confirmed(), password = "wrong" }, "Incorrect username or password." },
      { {}, "Incorrect username or password." },
    }
    for _, case in ipairs(CASES) do
      local reply = sign_in(case[1])
      assert.equal(200, reply.status)
      assert.truthy(reply.body:find('role="alert">' .. case[2], 1, true), reply.body)
    end
    local reply = sign_in { username = '"><script>', password = "x" }
    assert.is_nil(reply.body:find("<script>", 1, true))
  end)

  it("takes its form from the browser that was given it, and from nobody else", function()
    local fields = { username = client.confirmed(), password = client.password }
    local address = target()
    local shown = browser.send("cognito", address)
    local cookie = shown.headers["Set-Cookie"]
    local token = cookie:match("^XSRF%-TOKEN=([%x-]+); Path=/; HttpOnly; SameSite=Lax$")
    assert.equal(36, #token)
    local other = crypto.uuid()
    local CASES = { { nil, nil }, { token, nil }, { nil, token }, { token, other }, { other, token }, { "", "" } }
    for i = 1, 6 do
      fields._csrf = CASES[i][2]
      local reply = browser.send("cognito", address, fields,
        { cookie = CASES[i][1] and "XSRF-TOKEN=" .. CASES[i][1] or nil })
      assert.same({ 403, nil }, { reply.status, reply.location })
    end
    fields._csrf = token
    local again = browser.send("cognito", address, nil, { cookie = "XSRF-TOKEN=" .. token })
    assert.equal(cookie, again.headers["Set-Cookie"])
    assert.equal(302, browser.send("cognito", address, fields, { cookie = "XSRF-TOKEN=" .. token }).status)
  end)
end)

describe("/logout", function()
  it("goes to registered addresses only", function()
    browser.register()
    local base = "/logout?client_id=" .. client.settings.client_id
    local reply = browser.send("cognito", base .. "&logout_uri=https%3A%2F%2Fconsole.example.com%2Fbye")
    assert.same({ 302, "https://console.example.com/bye" }, { reply.status, reply.location })
    assert.equal(400, browser.send("cognito", base .. "&logout_uri=https%3A%2F%2Fevil.example").status)
    assert.equal(400, browser.send("cognito", "/logout").status)
    assert.equal(405, browser.send("cognito", "/oauth2/authorize", {}).status)
  end)
end)
