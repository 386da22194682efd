-- SPDX-License-Identifier: MIT
local browser = dofile "tests/scripts/sandbox/browser.lua"
local crypto = require "crypto"
local form = require "form"
local identity = require "sandbox.google.identity"
local jwt = require "jwt"
local settings = browser.client.settings

local HERE <const> = "http://127.0.0.1:9/cb"
-- RFC 7636, appendix B
local VERIFIER <const> = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
local CHALLENGE <const> = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

local function target(changes)
  local params = { client_id = settings.google_client_id, redirect_uri = HERE, response_type = "code",
    scope = "openid email profile", state = "a b", nonce = "N", consent = "auto", sub = "42", email = "jo@corp.example",
    email_verified = "true", code_challenge = CHALLENGE, code_challenge_method = "S256" }
  for name, value in pairs(changes or {}) do params[name] = value or nil end
  local parts = {}
  for name, value in pairs(params) do parts[#parts + 1] = name .. "=" .. form.escape(value) end
  return "/o/oauth2/v2/auth?" .. table.concat(parts, "&")
end

local function exchange(changes)
  local fields = { grant_type = "authorization_code", redirect_uri = HERE, client_id = settings.google_client_id,
    client_secret = settings.google_client_secret, code_verifier = VERIFIER }
  for name, value in pairs(changes or {}) do fields[name] = value or nil end
  return browser.send("google", "/token", fields)
end

local function code(changes)
  return browser.send("google", target(changes)).given.code
end

describe("Google's /o/oauth2/v2/auth", function()
  after_each(function() identity.choose {} end)

  it("goes back with state, code and scope", function()
    local reply = browser.send("google", target())
    assert.same({ 302, "a b", "0" }, { reply.status, reply.given.state, reply.given.authuser })
    assert.matches("^4/0A", reply.given.code)
    assert.matches("openid", reply.given.scope)
  end)

  it("asks on a page, and the page's form answers", function()
    local asking = target { consent = false }
    local page = browser.send("google", asking)
    assert.equal(200, page.status)
    assert.truthy(page.body:find('<label for="email">', 1, true))
    local reply = browser.send("google", asking, { consent = "allow", sub = "7", email = "x@y.example" })
    assert.is_string(reply.given.code)
    assert.is_false(jwt.decode(exchange { code = reply.given.code }.json.id_token).email_verified)
    assert.equal("access_denied", browser.send("google", asking, { consent = "deny" }).given.error)
    asking = target { consent = false, prompt = "none" }
    assert.equal("interaction_required", browser.send("google", asking).given.error)
  end)

  it("does as the switch says", function()
    identity.choose { auto = true, sub = "77" }
    assert.equal("77", jwt.decode(exchange { code = code { consent = false } }.json.id_token).sub)
    identity.choose { auto = true, deny = true }
    assert.equal("access_denied", browser.send("google", target { consent = false }).given.error)
    assert.is_nil(identity.choose { sub = 5 })
  end)

  local PAGES = {
    { "no client", { client_id = false }, 400 }, { "an unknown client", { client_id = "x" }, 401 },
    { "another address", { redirect_uri = "https://evil.example/" }, 400 },
    { "an address that only looks like this machine", { redirect_uri = "http://127.0.0.1@evil.example/" }, 400 },
    { "an address that begins like this machine", { redirect_uri = "http://localhost.evil.example/" }, 400 },
    { "no scope", { scope = false }, 400 }, { "no response_type", { response_type = false }, 400 },
    { "the implicit grant", { response_type = "token" }, 400 },
  }
  for _, case in ipairs(PAGES) do
    it("shows a page for " .. case[1], function()
      local reply = browser.send("google", target(case[2]))
      assert.equal(case[3], reply.status)
      assert.is_nil(reply.location)
    end)
  end
end)

describe("Google's /token", function()
  it("gives tokens whose signature its certs verify", function()
    local issued = exchange { code = code() }.json
    assert.same({ 3599, "Bearer" }, { issued.expires_in, issued.token_type })
    local claims = assert(jwt.verify(issued.id_token, browser.send("google", "/oauth2/v3/certs").json))
    local client = settings.google_client_id
    assert.same({ "https://accounts.google.com", client, client, "42", "N", true, "corp.example" },
      { claims.iss, claims.aud, claims.azp, claims.sub, claims.nonce, claims.email_verified, claims.hd })
    assert.equal(3600, claims.exp - claims.iat)
    assert.equal(crypto.base64url(crypto.sha256(issued.access_token):sub(1, 16)), claims.at_hash)
    local who = browser.send("google", "/v1/userinfo", nil, { authorization = "Bearer " .. issued.access_token })
    assert.equal("jo@corp.example", who.json.email)
    assert.equal(401, browser.send("google", "/v1/userinfo").status)
  end)

  it("gives a refresh token for offline access only", function()
    assert.is_nil(exchange { code = code() }.json.refresh_token)
    local refresh = exchange { code = code { access_type = "offline" } }.json.refresh_token
    assert.matches("^1//", refresh)
    assert.is_string(exchange { grant_type = "refresh_token", refresh_token = refresh }.json.id_token)
  end)

  local REFUSED = {
    { "another code", { code = "4/0Ax" }, 400, "invalid_grant" },
    { "another address", { redirect_uri = HERE .. "x" }, 400, "redirect_uri_mismatch" },
    { "another verifier", { code_verifier = ("x"):rep(43) }, 400, "invalid_grant" },
    { "no verifier", { code_verifier = false }, 400, "invalid_grant" },
    { "no code", { code = false }, 400, "invalid_request" },
    { "no address", { redirect_uri = false }, 400, "invalid_request" },
    { "no refresh token", { grant_type = "refresh_token" }, 400, "invalid_request" },
    { "no secret", { client_secret = false }, 400, "invalid_request" },
    { "another secret", { client_secret = "x" }, 401, "invalid_client" },
    { "another client", { client_id = "x" }, 401, "invalid_client" },
    { "no client", { client_id = false, client_secret = false }, 400, "invalid_request" },
    { "another grant", { grant_type = "password" }, 400, "unsupported_grant_type" },
  }
  for _, case in ipairs(REFUSED) do
    it("refuses " .. case[1], function()
      local changes = { code = code() }
      for name, value in pairs(case[2]) do changes[name] = value end
      local reply = exchange(changes)
      assert.same({ case[3], case[4] }, { reply.status, reply.json.error })
    end)
  end

  it("takes a code once", function()
    local one = code()
    assert.equal(200, exchange { code = one }.status)
    assert.equal("invalid_grant", exchange { code = one }.json.error)
  end)
end)
