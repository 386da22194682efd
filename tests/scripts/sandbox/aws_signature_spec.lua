-- SPDX-License-Identifier: MIT
-- Who may call a signed operation. Each case is one thing wrong with an otherwise good request.
local here = debug.getinfo(1, "S").source:match("@(.*/)")
local client = dofile(here .. "client.lua")
local json = require "json"
local settings = client.settings

local BODY = json.encode { UserPoolId = settings.user_pool_id }
local MISMATCH = "InvalidSignatureException: The request signature we calculated does not match the "
  .. "signature you provided. Check your AWS Secret Access Key and signing method. "
  .. "Consult the service documentation for details."
local INVALID_TOKEN = "UnrecognizedClientException: The security token included in the request is invalid."

local function header(headers, name)
  for key, value in pairs(headers) do
    if key:lower() == name then return key, value end
  end
end

local function describe_pool(change, over, body)
  local headers = client.sign("cognito", client.headers("cognito", "DescribeUserPool"), BODY, over)
  if change then change(headers) end
  return client.send { listener = "cognito", headers = headers, body = body or BODY }
end

-- A gsub's replacement: the digit behind what is kept is another one.
local function another(kept, digit)
  return kept .. (digit == "0" and "1" or "0")
end

local function edit(name, pattern, replacement)
  return function(headers)
    local key, value = header(headers, name)
    headers[key] = pattern and value:gsub(pattern, replacement) or nil
  end
end

local function stamp(seconds)
  return client.time.basic(math.floor(client.time.now()) + seconds)
end

local function other_key(id, secret, token)
  return { credentials = { access_key_id = id, secret_access_key = secret, session_token = token } }
end

describe("a signed operation", function()
  after_each(client.time.reset)

  it("is for who signs it", function()
    local reply = describe_pool()
    assert.equal(200, reply.status)
  end)

  local CASES = {
    { "without a signature", edit("authorization"), nil,
      "MissingAuthenticationTokenException: Missing Authentication Token" },
    { "with a bearer token", edit("authorization", "^.*$", "Bearer x"), nil,
      "MissingAuthenticationTokenException: Missing Authentication Token" },
    { "with an unknown key", nil, other_key("AKIANOBODY0000000000", "x"), INVALID_TOKEN },
    { "with a wrong secret", nil, other_key(settings.access_key_id, "wrong"), MISMATCH },
    { "with a session token that nobody gave", nil,
      other_key(settings.access_key_id, settings.secret_access_key, "token"), INVALID_TOKEN },
    { "with another signature", edit("authorization", "(Signature=)(%x)", another), nil, MISMATCH },
    { "for another region", nil, { region = "eu-west-1" },
      "InvalidSignatureException: Credential should be scoped to a valid region." },
    { "for another service", nil, { service = "dynamodb" },
      "InvalidSignatureException: Credential should be scoped to correct service: 'cognito-idp'." },
    { "with half a credential", edit("authorization", "/aws4_request", ""), nil,
      "IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements" },
    { "without its parts", edit("authorization", "^.*$", "AWS4-HMAC-SHA256 Credential=x/y/z/a/b"), nil,
      "IncompleteSignatureException: Authorization header requires 'Signature' parameter. Authorization "
      .. "header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256 Credential=x/y/z/a/b" },
    { "without a date", edit("x-amz-date"), nil,
      "IncompleteSignatureException: Authorization header requires existence of either a 'X-Amz-Date' or a "
      .. "'Date' header. Authorization=" },
    { "with a date that is none", edit("x-amz-date", "^.*$", "yesterday"), nil,
      "IncompleteSignatureException: Date must be in ISO-8601 'basic format'. Got 'yesterday'." },
    { "by another method", edit("authorization", "^AWS4%-HMAC%-SHA256", "AWS4-HMAC-SHA1"), nil,
      "IncompleteSignatureException: Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'" },
  }
  for _, case in ipairs(CASES) do
    it("is refused " .. case[1], function()
      local reply = describe_pool(case[2], case[3])
      assert.equal(400, reply.status)
      local body = json.decode(reply.body)
      assert.equal(case[4], (body.__type .. ": " .. body.message):sub(1, #case[4]))
    end)
  end

  it("is refused when the body was changed", function()
    local reply = describe_pool(nil, nil, BODY .. " ")
    assert.equal("InvalidSignatureException", json.decode(reply.body).__type)
  end)

  it("is refused when it is old, or early", function()
    local WINDOWS = { { -299, 200 }, { -302, 400, "Signature expired: " }, { 299, 200 },
      { 302, 400, "Signature not yet current: " } }
    for _, case in ipairs(WINDOWS) do
      local reply = describe_pool(nil, { time = math.floor(client.time.now()) + case[1] })
      assert.equal(case[2], reply.status)
      if case[3] then
        assert.equal(case[3] .. stamp(case[1]), json.decode(reply.body).message:sub(1, #case[3] + 16))
        assert.matches("%(%d+T%d+Z [-+] 5 min%.%)$", json.decode(reply.body).message)
      end
    end
  end)

  it("knows temporary keys, until they end", function()
    settings.keys.ASIATEMPORARY0000001 = { secret_access_key = "s", session_token = "t",
      expires = os.time() + 60 }
    finally(function() settings.keys.ASIATEMPORARY0000001 = nil end)
    assert.equal(200, describe_pool(nil, other_key("ASIATEMPORARY0000001", "s", "t")).status)
    assert.equal(400, describe_pool(nil, other_key("ASIATEMPORARY0000001", "s")).status)
    settings.keys.ASIATEMPORARY0000001.expires = os.time() - 1
    assert.equal("ExpiredTokenException",
      json.decode(describe_pool(nil, other_key("ASIATEMPORARY0000001", "s", "t")).body).__type)
  end)
end)

describe("an unsigned operation", function()
  it("ignores a signature, good or bad", function()
    local headers = client.headers("cognito", "GetUser")
    headers.authorization = "AWS4-HMAC-SHA256 nonsense"
    local reply = client.send { listener = "cognito", headers = headers, body = '{"AccessToken":"x"}' }
    assert.equal("Invalid Access Token", json.decode(reply.body).message)
  end)
end)
