-- SPDX-License-Identifier: MIT
-- The sandbox's STS: what each operation gives, and what it says to parameters that are wrong.
local client = dofile "tests/scripts/sandbox/client.lua"
local form, keys = require "form", require "sandbox.keys"

local ROLE <const> = "arn:aws:iam::123456789012:role/path/R"
local JWT <const> = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1MSIsImF1ZCI6ImEifQ.c2ln"

-- -> status, element(name) -> its text | nil
local function ask(params)
  params.Version = params.Version or "2011-06-15"
  local reply = client.rest("sts", { body = form.encode(params) })
  return reply.status, function(name) return reply.body:match(("<%s>(.-)</%s>"):format(name, name)) end
end

local function with(more)
  local params = { Action = "AssumeRole", RoleArn = ROLE, RoleSessionName = "s1" }
  for name, value in pairs(more) do params[name] = value or nil end
  return params
end

local function problems(...)
  return ("%d validation error%s detected: %s"):format(select("#", ...), select("#", ...) > 1 and "s" or "",
    table.concat({ ... }, "; "))
end

local function wrong(value, member, constraint)
  return ("Value %s at '%s' failed to satisfy constraint: Member must %s"):format(value, member, constraint)
end

local LONG <const> = '{"a":"' .. ("x"):rep(2100) .. '"}'

-- what, params, code, message
local REFUSED = {
  { "nothing", { Action = "AssumeRole" }, "ValidationError", problems(wrong("null", "roleArn", "not be null"),
    wrong("null", "roleSessionName", "not be null")) },
  { "a short session and a short time", with { RoleSessionName = "s", DurationSeconds = 1 }, "ValidationError",
    problems(wrong("'s'", "roleSessionName", "have length greater than or equal to 2"),
      wrong("'1'", "durationSeconds", "have value greater than or equal to 900")) },
  { "a time too long", with { DurationSeconds = 43201 }, "ValidationError",
    problems(wrong("'43201'", "durationSeconds", "have value less than or equal to 43200")) },
  { "a blank in the session", with { RoleSessionName = "a b" }, "ValidationError",
    problems(wrong("'a b'", "roleSessionName", "satisfy regular expression pattern: [\\w+=,.@-]*")) },
  { "a user for a role", with { RoleArn = "arn:aws:iam::123456789012:user/u" }, "ValidationError",
    "arn:aws:iam::123456789012:user/u is invalid" },
  { "a policy too long", with { Policy = LONG }, "ValidationError",
    problems(wrong("'" .. LONG:gsub('"', "&quot;") .. "'", "policy", "have length less than or equal to 2048")) },
  { "a policy that is none", with { Policy = "{" }, "MalformedPolicyDocument",
    "The policy is not in the valid JSON format." },
  { "a federated policy too long", { Action = "GetFederationToken", Name = "Bob", Policy = LONG }, "ValidationError",
    problems(wrong("'" .. LONG:gsub('"', "&quot;") .. "'", "policy", "have length less than or equal to 2048")) },
  { "no name", { Action = "GetFederationToken" }, "ValidationError", problems(wrong("null", "name", "not be null")) },
  { "a session token for ever", { Action = "GetSessionToken", DurationSeconds = 129601 }, "ValidationError",
    problems(wrong("'129601'", "durationSeconds", "have value less than or equal to 129600")) },
  { "a short key", { Action = "GetAccessKeyInfo", AccessKeyId = "AKIA" }, "ValidationError",
    problems(wrong("'AKIA'", "accessKeyId", "have length greater than or equal to 16")) },
  { "an unknown action", { Action = "AssumeNothing" }, "InvalidAction",
    "Could not find operation AssumeNothing for version 2011-06-15" },
  { "an old version", { Action = "GetCallerIdentity", Version = "2010-01-01" }, "InvalidAction",
    "Could not find operation GetCallerIdentity for version 2010-01-01" },
}

describe("STS", function()
  for _, case in ipairs(REFUSED) do
    it("refuses " .. case[1], function()
      local status, element = ask(case[2])
      local message = element("Message"):gsub("&#39;", "'")
      assert.same({ 400, case[3], case[4], "Sender" }, { status, element "Code", message, element "Type" })
    end)
  end

  -- params, seconds that the keys live, who they are
  local GIVEN = {
    { with { DurationSeconds = 900, SourceIdentity = "me", Policy = "{}" }, 900,
      "arn:aws:sts::123456789012:assumed-role/R/s1" },
    { with {}, 3600, "arn:aws:sts::123456789012:assumed-role/R/s1" },
    { { Action = "AssumeRoleWithWebIdentity", RoleArn = ROLE, RoleSessionName = "s1", WebIdentityToken = JWT }, 3600,
      "arn:aws:sts::123456789012:assumed-role/R/s1" },
    { { Action = "GetSessionToken" }, 43200, "arn:aws:iam::123456789012:user/usher-dev" },
    { { Action = "GetFederationToken", Name = "Bob", DurationSeconds = 3600 }, 3600,
      "arn:aws:sts::123456789012:federated-user/Bob" },
  }
  for i, case in ipairs(GIVEN) do
    it(("gives keys: %d, %s"):format(i, case[1].Action), function()
      local before = math.floor(keys.now())
      local status, element = ask(case[1])
      local key = keys.find(element "AccessKeyId")
      assert.same({ 200, case[3] }, { status, key.arn })
      assert.truthy(key.expires >= before + case[2] and key.expires <= keys.now() + case[2])
      assert.equal(case[1].SourceIdentity, element "SourceIdentity")
      assert.equal(case[1].Policy and "1", element "PackedPolicySize")
    end)
  end

  it("knows whose a key is", function()
    local _, element = ask { Action = "GetAccessKeyInfo", AccessKeyId = "AKIAUSHERSANDBOX0001" }
    assert.equal("123456789012", element "Account")
    _, element = ask { Action = "GetCallerIdentity" }
    assert.equal("arn:aws:iam::123456789012:user/usher-dev", element "Arn")
  end)
end)
