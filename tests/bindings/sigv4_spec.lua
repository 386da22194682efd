-- SPDX-License-Identifier: MIT
-- sigv4: the border between Lua and core's signer. Known answers and the official suite are in tests/core.
local crypto, secret, sigv4 = require "crypto", require "secret", require "sigv4"

local KEYS = { access_key_id = "AKIDEXAMPLE", secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" }
local TIME <const> = 1440938160
local TARGET <const> = "DynamoDB_20120810.PutItem"

local function with(base, over)
  local out = {}
  for name, value in pairs(base) do out[name] = value end
  for name, value in pairs(over or {}) do out[name] = value end
  return out
end

-- What sigv4.sign takes, with what a row changes.
local function outgoing(over)
  return with({ method = "POST", url = "https://dynamodb.us-east-1.amazonaws.com/", body = "{}", time = TIME,
    headers = { ["Content-Type"] = "application/x-amz-json-1.0", ["X-Amz-Target"] = TARGET },
    service = "dynamodb", region = "us-east-1", credentials = KEYS }, over)
end

-- The same request as it arrives.
local function incoming(over)
  local sent = outgoing()
  local headers = sigv4.sign(sent)
  headers.Host = "dynamodb.us-east-1.amazonaws.com"
  return with({ method = "POST", target = "/", headers = headers, body = sent.body,
    secret_access_key = KEYS.secret_access_key, region = "us-east-1", service = "dynamodb", now = TIME,
    window = 300 }, over)
end

describe("sigv4.sign", function()
  it("adds its headers to a copy of the caller's", function()
    local request = outgoing()
    local headers = sigv4.sign(request)
    assert.same({
      ["Content-Type"] = "application/x-amz-json-1.0", ["X-Amz-Target"] = TARGET,
      ["x-amz-date"] = "20150830T123600Z", authorization = headers.authorization,
    }, headers)
    assert.matches("^AWS4%-HMAC%-SHA256 Credential=AKIDEXAMPLE/20150830/us%-east%-1/dynamodb/"
      .. "aws4_request, SignedHeaders=content%-type;host;x%-amz%-date;x%-amz%-target, Signature=%x+$",
      headers.authorization)
    assert.is_nil(request.headers.authorization)
  end)

  it("answers as AWS's worked example", function()
    local canonical, text, signature = sigv4.canonical {
      method = "GET", url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", time = TIME,
      headers = { ["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8" }, service = "iam",
      region = "us-east-1", credentials = KEYS,
    }
    assert.equal("f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59",
      crypto.hex(crypto.sha256(canonical)))
    assert.matches("\n20150830/us-east-1/iam/aws4_request\n", text, 1, true)
    assert.equal("5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7", signature)
  end)

  it("signs the Host header that goes with the url", function()
    for _, row in ipairs {
      { "https://a.example/x", "a.example" }, { "https://a.example:443", "a.example" },
      { "http://a.example:80/", "a.example" }, { "http://a.example:443/", "a.example:443" },
      { "https://a.example:80/", "a.example:80" }, { "http://127.0.0.1:8000?q=1", "127.0.0.1:8000" },
      { "http://[::1]:8000/", "[::1]:8000" }, { "http://me:secret@h:1/", "h:1" }, { "HTTPS://h:443/#f", "h" },
      { "http://h#f/g", "h" },
    } do
      local canonical = sigv4.canonical(outgoing { url = row[1], headers = {} })
      assert.equal(row[2], canonical:match("\nhost:([^\n]*)\n"))
    end
    local canonical = sigv4.canonical(outgoing { headers = { HOST = "given" } })
    assert.equal("given", canonical:match("\nhost:([^\n]*)\n"))
  end)

  it("takes path and query from the url, the path encoded once more", function()
    for _, row in ipairs {
      { "", "/", "" }, { "/", "/", "" }, { "?b=2&a=1", "/", "a=1&b=2" }, { "/a//b/../c/", "/a/c/", "" },
      { "/x%3Ay?z=%3a#f?g", "/x%253Ay", "z=%3A" },
    } do
      local canonical = sigv4.canonical(outgoing { url = "http://h" .. row[1] })
      local path, query = canonical:match("^POST\n([^\n]*)\n([^\n]*)\n")
      assert.same({ row[2], row[3] }, { path, query })
    end
    local canonical = sigv4.canonical(outgoing { url = "http://h/a//b/../c/", normalize = false })
    assert.matches("^POST\n/a//b/%.%./c/\n", canonical)
  end)

  it("takes secrets as handles, and gives a token back as it came", function()
    local plain = sigv4.sign(outgoing { credentials = with(KEYS, { session_token = "TOKEN" }) })
    local token = secret.new("token", "TOKEN")
    local kept = sigv4.sign(outgoing { credentials = { access_key_id = secret.new("id", KEYS.access_key_id),
      secret_access_key = secret.new("key", KEYS.secret_access_key), session_token = token } })
    assert.equal(plain.authorization, kept.authorization)
    assert.equal("TOKEN", plain["x-amz-security-token"])
    assert.equal(token, kept["x-amz-security-token"])
    assert.matches("x-amz-security-token", plain.authorization, 1, true)
    local outside = sigv4.sign(outgoing { omit_session_token = true, credentials = with(KEYS,
      { session_token = "TOKEN" }) })
    assert.equal("TOKEN", outside["x-amz-security-token"])
    assert.equal(sigv4.sign(outgoing()).authorization, outside.authorization)
  end)

  it("takes headers as a list, with doubles, and gives a list", function()
    local headers = sigv4.sign(outgoing { headers = { { "B", "1" }, { "a", "2" }, { "b", " 3 " } } })
    assert.same({ "B", "a", "b", "x-amz-date", "authorization" },
      { headers[1][1], headers[2][1], headers[3][1], headers[4][1], headers[5][1] })
    assert.matches("SignedHeaders=a;b;host;x-amz-date,", headers[5][2], 1, true)
    local canonical = sigv4.canonical(outgoing { headers = { { "B", "1" }, { "a", "2" }, { "b", " 3 " } } })
    assert.matches("\na:2\nb:1,3\nhost:", canonical, 1, true)
  end)

  it("sends the body's hash where asked", function()
    local headers = sigv4.sign(outgoing { sign_body = true })
    assert.equal(crypto.hex(crypto.sha256("{}")), headers["x-amz-content-sha256"])
    assert.matches("x-amz-content-sha256", headers.authorization, 1, true)
  end)

  it("presigns", function()
    local request = outgoing { url = "https://h:8443/p?q=1", headers = {}, body = "", expires = 60 }
    local url = sigv4.presign(request)
    assert.matches("^https://h:8443/p%?q=1&X%-Amz%-Algorithm=AWS4%-HMAC%-SHA256&X%-Amz%-Credential="
      .. "AKIDEXAMPLE%%2F20150830%%2Fus%-east%-1%%2Fdynamodb%%2Faws4_request"
      .. "&X%-Amz%-Date=20150830T123600Z&X%-Amz%-Expires=60&X%-Amz%-SignedHeaders=host"
      .. "&X%-Amz%-Signature=%x+$", url)
  end)

  it("raises the caller's mistakes", function()
    local many = {}
    for i = 1, 129 do many["x-" .. i] = "v" end
    for _, over in ipairs {
      { method = 1 }, { url = "nowhere" }, { url = "http://" }, { url = "http:///p" }, { body = {} },
      { headers = "x" }, { headers = { x = 1 } }, { headers = { { "x" } } }, { headers = { true } },
      { headers = many }, { service = false }, { time = "now" }, { time = 1e300 }, { time = 0 / 0 },
      { credentials = "x" }, { credentials = {} }, { credentials = { access_key_id = "x" } },
      { credentials = with(KEYS, { session_token = 1 }) },
    } do
      assert.has_error(function() sigv4.sign(outgoing(over)) end)
    end
    assert.has_error(function() sigv4.sign() end)
    assert.has_error(function() sigv4.presign(outgoing { expires = 604801 }) end)
  end)

  -- An __index runs between the reading of the headers and the signing.
  it("holds what it has read", function()
    local function fill(headers)
      for i = 1, 10 do headers[("x-%d-%s"):format(i, ("n"):rep(60))] = ("v"):rep(60 + i) end
      return headers
    end
    local wanted = sigv4.sign(outgoing { headers = fill {} }).authorization
    local headers = fill {}
    local request = outgoing { headers = headers }
    local region = request.region
    request.region = nil
    setmetatable(request, { __index = function(_, name)
      if name ~= "region" then return nil end
      for header in pairs(headers) do headers[header] = nil end
      collectgarbage()
      for i = 1, 1000 do local _ <const> = ("o"):rep(60 + i % 20) .. i end -- takes the place of what went
      fill(headers)
      return region
    end })
    assert.equal(wanted, sigv4.sign(request).authorization)
  end)
end)

describe("sigv4.verify", function()
  it("accepts what sigv4.sign made", function()
    local seen, problem = sigv4.verify(incoming())
    assert.is_nil(problem)
    assert.is_true(seen.ok)
    assert.is_nil(seen.problem)
    assert.same({ "AKIDEXAMPLE", "us-east-1", "dynamodb", "20150830T123600Z", TIME },
      { seen.access_key_id, seen.region, seen.service, seen.date, seen.time })
    assert.same({ "content-type", "host", "x-amz-date", "x-amz-target" }, seen.signed_headers)
  end)

  it("accepts headers as a list, and a secret as a handle", function()
    local request = incoming { secret_access_key = secret.new("key", KEYS.secret_access_key) }
    local list = {}
    for name, value in pairs(request.headers) do list[#list + 1] = { name:upper(), value } end
    request.headers = list
    assert.is_true(sigv4.verify(request).ok)
  end)

  it("shows the key id before the secret is known", function()
    local request = incoming()
    request.secret_access_key = nil
    local seen = sigv4.verify(request)
    assert.is_false(seen.ok)
    assert.equal("AKIDEXAMPLE", seen.access_key_id)
  end)

  it("says what is wrong with what can be read", function()
    for _, row in ipairs {
      { { method = "PUT" }, "signature" }, { { target = "/x" }, "signature" },
      { { target = "/?a" }, "signature" }, { { body = "{} " }, "signature" },
      { { secret_access_key = "other" }, "signature" },
      { { region = "eu-west-1" }, "scope" }, { { service = "ses" }, "scope" },
      { { now = TIME + 301 }, "expired" }, { { now = TIME - 301 }, "early" },
    } do
      local seen = sigv4.verify(incoming(row[1]))
      assert.is_false(seen.ok)
      assert.equal(row[2], seen.problem.code)
      assert.equal("string", type(seen.problem.message))
    end
    assert.is_true(sigv4.verify(incoming { now = TIME + 300 }).ok)
    assert.is_true(sigv4.verify(with(incoming(), { now = 0, window = 0 })).ok)
  end)

  it("says what it cannot read", function()
    local function headers(authorization)
      return { host = "h", ["x-amz-date"] = "20150830T123600Z", authorization = authorization }
    end
    for _, row in ipairs {
      { {}, "missing", "Request is missing Authentication Token" },
      { headers("Bearer x"), "missing", "Request is missing Authentication Token" },
      { headers("AWS4-HMAC-SHA256 Credential=a/b/c/d/e"), "incomplete",
        "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' "
        .. "parameter. Authorization=AWS4-HMAC-SHA256 Credential=a/b/c/d/e" },
      { headers("AWS4-HMAC-SHA512 Credential=a/b/c/d/e, SignedHeaders=c, Signature=d"), "algorithm",
        "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'." },
      { headers("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=c, Signature=d"), "credential",
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
        .. "got 'a/b'" },
    } do
      local seen, problem = sigv4.verify(incoming { headers = row[1] })
      assert.is_nil(seen)
      assert.same({ code = row[2], message = row[3] }, problem)
    end
  end)
end)
