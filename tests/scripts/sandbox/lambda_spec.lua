-- SPDX-License-Identifier: MIT
-- The sandbox's Lambda API without sockets: references to functions, headers, logs. boto3's turn is in interop/.
local client = dofile "tests/scripts/sandbox/client.lua"
local crypto, form, json = require "crypto", require "form", require "json"

local NAME <const> = "usher-dev-PreSignUp"
local ARN <const> = "arn:aws:lambda:us-east-1:123456789012:function:" .. NAME
local EVENT <const> = json.encode { version = "1", userName = "u", triggerSource = "PreSignUp_SignUp",
  request = { userAttributes = { email = "ada@example.com" } }, response = {} }

local function invoke(reference, headers, query, path)
  path = path or ("/2015-03-31/functions/%s/invocations"):format(form.escape(reference))
  return client.rest("lambda", { path = path, query = query, headers = headers, body = EVENT })
end

local WRONG <const> = "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must "
  .. "satisfy "

-- reference, headers, query, status, code, a piece of the message
local REFUSED = {
  { "a b", nil, nil, 400, "ValidationException",
    WRONG:format("a b", "functionName") .. "regular expression pattern: (arn:" },
  { NAME .. ":x:y", nil, nil, 400, "ValidationException", "at 'functionName'" },
  { "nobody", nil, nil, 404, "ResourceNotFoundException",
    "Function not found: arn:aws:lambda:us-east-1:123456789012:function:nobody" },
  { ARN:gsub("us%-east%-1", "eu-west-1"), nil, nil, 404, "ResourceNotFoundException",
    "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')" },
  { ARN:gsub("123456789012", "999999999999"), nil, nil, 403, "AccessDeniedException",
    "is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:999999999999:" },
  { NAME, nil, "Qualifier=7", 404, "ResourceNotFoundException", "Function not found: " .. ARN .. ":7" },
  { NAME, { ["x-amz-invocation-type"] = "Later" }, nil, 400, "ValidationException",
    WRONG:format("Later", "invocationType") .. "enum value set: [RequestResponse, Event, DryRun]" },
  { NAME, { ["x-amz-log-type"] = "All" }, nil, 400, "ValidationException",
    WRONG:format("All", "logType") .. "enum value set: [None, Tail]" },
  { NAME, { ["x-amz-client-context"] = "%%%" }, nil, 400, "InvalidRequestContentException",
    "Client context must be a valid Base64-encoded JSON object." },
  { NAME, { ["x-amz-client-context"] = crypto.base64(("x"):rep(3000)) }, nil, 400, "InvalidRequestContentException",
    "Client context must be no more than 3583 bytes." },
}

describe("Lambda", function()
  for i, case in ipairs(REFUSED) do
    it(("refuses %d: %s"):format(i, case[1]), function()
      local reply = invoke(case[1], case[2], case[3])
      assert.same({ case[4], case[5] }, { reply.status, reply.headers["x-amzn-ErrorType"] })
      local capital = case[5] == "ResourceNotFoundException" or case[5] == "AccessDeniedException"
      local message = reply.json[capital and "Message" or "message"]
      assert.truthy(message:find(case[6], 1, true), message)
    end)
  end

  for _, reference in ipairs { NAME, ARN, ARN .. ":$LATEST", "123456789012:function:" .. NAME, "function:" .. NAME,
    NAME .. ":$LATEST", "us-east-1:123456789012:function:" .. NAME } do
    it("knows " .. reference, function()
      local reply = invoke(reference)
      assert.same({ 200, "$LATEST" }, { reply.status, reply.headers["X-Amz-Executed-Version"] })
    end)
  end

  it("shows the tail of its log as the runtime writes it", function()
    local log = crypto.unbase64(invoke(NAME, { ["x-amz-log-type"] = "Tail" }).headers["X-Amz-Log-Result"])
    local id = log:match "^START RequestId: ([%x-]+) Version: $LATEST\n"
    assert.truthy(log:find(("END RequestId: %s\nREPORT RequestId: %s\tDuration: "):format(id, id), 1, true))
    assert.truthy(log:find("Duration: [%d.]+ ms\tBilled Duration: %d+ ms\t"
      .. "Memory Size: 128 MB\tMax Memory Used: %d+ MB\t\n$"))
    assert.is_nil(invoke(NAME).headers["X-Amz-Log-Result"])
  end)

  it("takes the older call", function()
    local path = ("/2014-11-13/functions/%s/invoke-async/"):format(NAME)
    local reply = invoke(nil, nil, nil, path)
    assert.same({ 202, { Status = 202 } }, { reply.status, reply.json })
    assert.equal(404, invoke(nil, nil, nil, "/2014-11-13/functions/nobody/invoke-async/").status)
  end)
end)
