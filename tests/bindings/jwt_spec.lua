-- SPDX-License-Identifier: MIT
local crypto = require "crypto"
local json = require "json"
local jwt = require "jwt"

local key, other = jwt.generate_key(), jwt.generate_key()

local function jwks(...)
  local keys = {}
  for i, entry in ipairs { ... } do
    keys[i] = entry[2]:jwk()
    keys[i].kid = entry[1]
  end
  return { keys = keys }
end

local function part(value)
  return crypto.base64url(type(value) == "string" and value or json.encode(value))
end

-- A token of these parts, with a signature of the real one's shape.
local function forge(header, claims, signature)
  return table.concat({ part(header), part(claims), signature or part("x") }, ".")
end

describe("jwt.sign and jwt.verify", function()
  it("agree", function()
    local token = jwt.sign({ sub = "jane", exp = 1700000000, admin = false, aud = { "a", "b" } }, key, "k1")
    local claims, header = jwt.verify(token, jwks({ "k0", other }, { "k1", key }))
    assert.same({ "jane", 1700000000, false, "b" }, { claims.sub, claims.exp, claims.admin, claims.aud[2] })
    assert.same({ alg = "RS256", kid = "k1" }, header)
    assert.equal("integer", math.type(claims.exp))
  end)

  it("agree without a kid where there is one key only", function()
    local token = jwt.sign({ sub = "jane" }, key)
    assert.is_table(jwt.verify(token, jwks { "k1", key }))
    assert.same({ nil, "unknown_key" }, { jwt.verify(token, jwks({ "k1", key }, { "k2", other })) })
  end)

  it("agree after the key was written and read", function()
    local copy = assert(jwt.import_key(key:pem()))
    assert.same(key:jwk(), copy:jwk())
    assert.is_table(jwt.verify(jwt.sign({}, copy, "k"), jwks { "k", key }))
  end)

  it("know a vector of RFC 7515, appendix A.2", function()
    local n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B"
      .. "m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5"
      .. "z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7"
      .. "aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    local token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlL"
      .. "mNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"
      .. "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWz"
      .. "O75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZES"
      .. "c6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlU"
      .. "PQGe77Rw"
    local claims = assert(jwt.verify(token, { keys = { { kty = "RSA", n = n, e = "AQAB" } } }))
    assert.equal("joe", claims.iss)
  end)
end)

describe("jwt.verify refuses", function()
  local token = jwt.sign({ sub = "jane" }, key, "k1")
  local head, body, signature = token:match("^(.-)%.(.-)%.(.*)$")
  local keys = jwks { "k1", key }
  local hmac_header = part { alg = "HS256", kid = "k1" }
  local confused = hmac_header .. "." .. body .. "."
    .. crypto.base64url(crypto.hmac_sha256(keys.keys[1].n, hmac_header .. "." .. body))
  local CASES = {
    { "an empty string", "", "malformed" },
    { "two parts", head .. "." .. body, "malformed" },
    { "four parts", token .. ".x", "malformed" },
    { "a header that is no JSON", forge("{", {}), "malformed" },
    { "claims that are no object", forge({ alg = "RS256", kid = "k1" }, "7"), "malformed" },
    { "another alphabet", "!" .. token, "malformed" },
    { "too long a token", ("x"):rep(70000), "malformed" },
    { "no algorithm", forge({ kid = "k1" }, {}), "unsupported_algorithm" },
    { "the algorithm none", forge({ alg = "none", kid = "k1" }, { sub = "jane" }, ""),
      "unsupported_algorithm" },
    { "the public key as an HMAC's", confused, "unsupported_algorithm" },
    { "an unknown key", jwt.sign({}, key, "k2"), "unknown_key" },
    { "another key's signature", jwt.sign({}, other, "k1"), "bad_signature" },
    { "other claims", head .. "." .. part { sub = "joe" } .. "." .. signature, "bad_signature" },
    { "no signature", head .. "." .. body .. ".", "bad_signature" },
    { "a signature that is no base64url", head .. "." .. body .. ".***", "bad_signature" },
    { "half a signature", head .. "." .. body .. "." .. signature:sub(1, 100), "bad_signature" },
  }
  for _, case in ipairs(CASES) do
    it(case[1], function() assert.same({ nil, case[3] }, { jwt.verify(case[2], keys) }) end)
  end

  it("keys that are none", function()
    local KEYS = { { kty = "EC", n = "x", e = "AQAB" }, { kty = "RSA" },
      { kty = "RSA", n = "AQAB", e = "AQAB" }, { kty = "RSA", n = "***", e = "AQAB" },
      { kty = "RSA", n = 5, e = "AQAB" },
      { kty = "RSA", n = keys.keys[1].n, e = "***" } }
    for _, entry in ipairs(KEYS) do
      entry.kid = "k1"
      assert.same({ nil, "unknown_key" }, { jwt.verify(token, { keys = { "junk", entry } }) })
    end
  end)

  it("a caller's bug, by raising", function()
    for _, call in ipairs { { jwt.verify, 5 }, { jwt.verify, token, {} }, { jwt.verify, token, "x" },
      { jwt.sign, {}, "key" }, { jwt.sign, "x", key }, { jwt.generate_key, 512 } } do
      assert.is_false(pcall(table.unpack(call)))
    end
  end)
end)

describe("jwt.decode", function()
  it("reads without judging", function()
    local claims, header = jwt.decode(forge({ alg = "none" }, { iss = "x" }))
    assert.same({ "x", "none" }, { claims.iss, header.alg })
    assert.same({ nil, "malformed" }, { jwt.decode("nonsense") })
  end)
end)

-- Whose passphrase nobody is asked for.
local encrypted = [[
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIIBgjAcBgoqhkiG9w0BDAEDMA4ECPlP07A3mnjNAgIIAASCAWCbUiueEQcncRd0
xKI7bAT6mddMziLP6XFir6YavdKl+qY2S3sRacLbYFPFdkNvwVO2IVGMGOX5UaTw
G1f65LvKki+esdyN4fW4bcoXk4Coe1DEqHX/LLYWUwMPqDAGWWaUNPyYDcXamA8i
B1/QlX1eVQQGIkTULa3ZsP89VGBPLfnqddGP3UWa3HnYBU6DZbT9fmL9+6CFv6Tp
A50ulWGAY/gplFlYffi3CvU3/3JTK5tGfDs1Zq3WLttTnuwQz1EqqviaGjSvTkQN
oGxKplOuxXLZAc0BNkYCuJw6murMqSndYMoPtZj6fVm+4M+oI5Vf1Yg0hiisfa9K
Jv8VGkLjEScqxX6x4jmSd9PuDSj4R/F0Pa5cdWdM8XlYh2L/JXRQHYJwm0Ps5d71
FUtzdDucWqNg9WyudrFDn58B2hYqq87W7lHe1qDBqEg12qWbcT9f9VjowmB0rsDz
Hqslh8eY
-----END ENCRYPTED PRIVATE KEY-----
]]

describe("jwt.import_key", function()
  it("takes private RSA keys only", function()
    local empty = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    for _, pem in ipairs { "", "nonsense", empty, encrypted } do
      local imported, message = jwt.import_key(pem)
      assert.is_nil(imported)
      assert.equal("not a private RSA key in PEM", message)
    end
  end)
end)
