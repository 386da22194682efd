-- SPDX-License-Identifier: MIT
-- Tokens made here; tests/interop/test_id_tokens.py has those of another implementation.
local clock, crypto, http = require "clock", require "crypto", require "http"
local json, jwt, task = require "json", require "jwt", require "task"

local REAL <const> = { fetch = http.fetch, now = clock.now, monotonic = clock.monotonic }
local NOW <const> = 1767225600
local URL <const>, ISSUER <const> = "https://keys.example/jwks", "https://issuer.example"
local OPTIONS <const> = { max_age = 3600, cool_down = 30, stale = 86400, timeout = 5 }

local key, other = jwt.generate_key(), jwt.generate_key()
local oidc, issuer, elapsed

local function jwk(kid, of, more)
  local entry = of:jwk()
  entry.kid = kid
  for name, value in pairs(more or {}) do entry[name] = value end
  return entry
end

-- issuer: what the keys' address answers; asked counts.
local function answer()
  issuer.asked = issuer.asked + 1
  if issuer.slow then clock.sleep(0.02) end
  if issuer.down then return nil, { kind = "connect" } end
  return { status = issuer.status or 200, body = issuer.body or json.encode { keys = json.array(issuer.keys) } }
end

before_each(function()
  elapsed = 0
  issuer = { asked = 0, keys = { jwk("k1", key) } }
  http.fetch, clock.now = answer, function() return NOW end
  clock.monotonic = function() return 1000 + elapsed end
  package.loaded.jwks, package.loaded.oidc = nil, nil
  oidc = require "oidc"
end)
teardown(function()
  http.fetch, clock.now, clock.monotonic = REAL.fetch, REAL.now, REAL.monotonic
  package.loaded.jwks, package.loaded.oidc = nil, nil
end)

local function claims(changes)
  local all = { iss = ISSUER, aud = "app", sub = "s", token_use = "id", iat = NOW, exp = NOW + 3600, nonce = "N" }
  for name, value in pairs(changes or {}) do
    all[name] = value ~= json.null and value or nil
  end
  return all
end

local function expected(changes)
  local all = { issuer = ISSUER, jwks_url = URL, audience = { "app", "console" }, use = "id", nonce = "N", skew = 30,
    jwks = OPTIONS }
  for name, value in pairs(changes or {}) do
    all[name] = value ~= json.null and value or nil
  end
  return all
end

local function verify(changes, wanted, kid)
  return oidc.verify(jwt.sign(claims(changes), key, kid or "k1"), expected(wanted))
end

describe("oidc.verify", function()
  local AT_HASH <const> = crypto.base64url(crypto.sha256("access"):sub(1, 16))
  local GOOD = {
    { "a token for us" }, { "another of our clients", { aud = "console" } },
    { "an audience of one", { aud = { "app" } } },
    { "several audiences whose party is ours", { aud = { "else", "app" }, azp = "app" } },
    { "one whose party is ours", { azp = "app" } },
    { "no nonce where none was asked for", { nonce = json.null }, { nonce = json.null } },
    { "the access token's hash", { at_hash = AT_HASH }, { access_token = "access" } },
    { "no hash", {}, { access_token = "access" } },
    { "one that ended within the skew", { exp = NOW - 29 } },
    { "one issued within the skew", { iat = NOW + 30, nbf = NOW + 30 } },
    { "an access token", { aud = json.null, client_id = "console", token_use = "access", nonce = json.null },
      { use = "access", nonce = json.null } },
  }
  for _, case in ipairs(GOOD) do
    it("takes " .. case[1], function() assert.equal("s", assert(verify(case[2], case[3])).sub) end)
  end

  local BAD = {
    { "another issuer", { iss = ISSUER .. "/" }, "wrong_issuer" }, { "no issuer", { iss = json.null }, "wrong_issuer" },
    { "a list as issuer", { iss = { ISSUER } }, "wrong_issuer" },
    { "another audience", { aud = "else" }, "wrong_audience" },
    { "no audience", { aud = json.null }, "wrong_audience" },
    { "several audiences without a party", { aud = { "else", "app" } }, "wrong_audience" },
    { "a party that is not ours", { azp = "else" }, "wrong_audience" },
    { "an audience that is no text", { aud = { 1 } }, "wrong_audience" },
    { "no audience at all in a list", { aud = json.array {} }, "wrong_audience" },
    { "the end of its time", { exp = NOW - 30 }, "expired" }, { "no end", { exp = json.null }, "no_times" },
    { "an end in words", { exp = "4102444800" }, "no_times" }, { "no beginning", { iat = json.null }, "no_times" },
    { "a beginning to come", { iat = NOW + 31 }, "not_yet_valid" },
    { "a start to come", { nbf = NOW + 31 }, "not_yet_valid" }, { "a start in words", { nbf = "0" }, "not_yet_valid" },
    { "another nonce", { nonce = "M" }, "wrong_nonce" }, { "no nonce", { nonce = json.null }, "wrong_nonce" },
    { "a nonce that is no text", { nonce = { "N" } }, "wrong_nonce" },
    { "an access token", { token_use = "access", client_id = "app" }, "wrong_use" },
    { "no use", { token_use = json.null }, "wrong_use" },
    { "another access token's hash", { at_hash = AT_HASH:reverse() }, "wrong_at_hash", { access_token = "access" } },
    { "a hash that is no text", { at_hash = 7 }, "wrong_at_hash", { access_token = "access" } },
    { "nobody", { sub = json.null }, "no_subject" }, { "an empty subject", { sub = "" }, "no_subject" },
    { "a subject too long", { sub = ("s"):rep(256) }, "no_subject" },
    { "an access token of another client", { token_use = "access", client_id = "else" }, "wrong_audience",
      { use = "access" } },
    { "an access token with an audience only", { token_use = "access" }, "wrong_audience", { use = "access" } },
  }
  for _, case in ipairs(BAD) do
    it("refuses " .. case[1], function() assert.same({ nil, case[3] }, { verify(case[2], case[4]) }) end)
  end

  it("asks nobody about a token that cannot be good", function()
    local part = function(value) return crypto.base64url(json.encode(value)) end
    for header, problem in pairs {
      [part { alg = "none", kid = "k1" }] = "unsupported_algorithm",
      [part { alg = "HS256", kid = "k1" }] = "unsupported_algorithm",
      [part { alg = "RS512", kid = "k1" }] = "unsupported_algorithm",
      [part { alg = "rs256", kid = "k1" }] = "unsupported_algorithm",
      [part { alg = "RS256", kid = "k1", crit = { "b64" }, b64 = false }] = "unsupported_header",
      [part { alg = "RS256" }] = "unknown_key", [part { alg = "RS256", kid = 7 }] = "unknown_key",
    } do
      assert.same({ nil, problem }, { oidc.verify(header .. "." .. part(claims()) .. ".x", expected()) })
    end
    assert.same({ nil, "malformed" }, { oidc.verify("nonsense", expected()) })
    assert.equal(0, issuer.asked)
  end)

  it("takes no key from the header, and none that is for something else", function()
    issuer.keys = { jwk("k1", key, { use = "enc" }), jwk("k2", key, { alg = "RS512" }), jwk("k3", key),
      jwk("k3", other) }
    assert.same({ nil, "unknown_key" }, { verify({}, nil, "k1") })
    assert.same({ nil, "unknown_key" }, { verify({}, nil, "k2") })
    assert.is_table(verify({}, nil, "k3"))
  end)
end)

describe("the keys", function()
  it("are asked for once, while they are fresh", function()
    for _ = 1, 5 do assert.is_table(verify()) end
    elapsed = 3600
    assert.is_table(verify())
    assert.equal(1, issuer.asked)
    elapsed = 3601
    assert.is_table(verify())
    assert.equal(2, issuer.asked)
  end)

  it("are fetched by one for all who wait", function()
    issuer.slow = true
    local found = task.all { verify, verify, verify, verify }
    assert.equal(4, #found)
    assert.equal(1, issuer.asked)
  end)

  it("rotate: a new one is found at once, forged ones make us ask once in a cool-down", function()
    assert.is_table(verify())
    issuer.keys = { jwk("k2", key) }
    assert.is_table(verify({}, nil, "k2"))
    assert.same({ nil, "unknown_key" }, { verify({}, nil, "k1") })
    for i = 1, 20 do assert.same({ nil, "unknown_key" }, { verify({}, nil, "forged" .. i) }) end
    assert.equal(2, issuer.asked)
    elapsed = 30
    assert.same({ nil, "unknown_key" }, { verify({}, nil, "forged") })
    assert.equal(3, issuer.asked)
  end)

  it("are good for a bounded time when the issuer is down", function()
    assert.is_table(verify())
    issuer.down, elapsed = true, 3601
    assert.is_table(verify())
    assert.is_table(verify())
    assert.equal(2, issuer.asked)
    elapsed = 3600 + 86400
    assert.is_table(verify())
    elapsed = 3601 + 86400
    assert.same({ nil, "keys_unavailable" }, { verify() })
    issuer.down, elapsed = false, 3700 + 86400
    assert.is_table(verify())
  end)

  it("are kept when the issuer answers nonsense", function()
    assert.is_table(verify())
    elapsed = 4000
    for _, wrong in ipairs { { body = "nonsense" }, { body = "[]" }, { body = '{"keys":7}' }, { body = '{"keys":[7]}' },
      { body = '{"keys":[]}' }, { body = "null" }, { status = 500 }, { status = 404 } } do
      issuer.body, issuer.status, elapsed = wrong.body, wrong.status, elapsed + 31
      assert.is_table(verify())
    end
    assert.equal(9, issuer.asked)
  end)

  it("can be missing from the start, and then each asks again", function()
    issuer.down = true
    assert.same({ nil, "keys_unavailable" }, { verify() })
    issuer.down = false
    assert.is_table(verify())
  end)
end)
