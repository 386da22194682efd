-- SPDX-License-Identifier: MIT
-- lambda.invoke over aws.lua, between a fake http and a signer that signs nothing: what goes out, what each answer
-- means, what is sent again.
local clock, json = require "clock", require "json"
local keep_modules = require "tests.bindings.keep_modules"

local REPLACED <const> = { "aws", "aws_env", "clock", "config", "http", "lambda", "sigv4" }
local FUNCTION <const> = "score"

local restore, lambda, sent, slept

local function nothing() return nil end


-- answers: what http.fetch gives in turn, {status, body, headers} or a failure {kind=, sent=}
local function with(answers)
  local now = 1000
  sent, slept = {}, {}
  package.loaded.config = { lambda = { timeout = 5 }, aws = { region = "eu-west-1" } }
  package.loaded.aws_env = { region = nothing, endpoint_url = nothing, setting = nothing }
  package.loaded.clock = { parse_http_date = clock.parse_http_date,
    now = function() return now end, monotonic = function() return now end,
    sleep = function(seconds) slept[#slept + 1] = seconds end }
  package.loaded.sigv4 = { sign = function(request)
    local headers = { authorization = ("%s %s"):format(request.service, request.region) }
    for name, value in pairs(request.headers) do headers[name] = value end
    return headers
  end }
  package.loaded.http = { fetch = function(request)
    sent[#sent + 1] = request
    local answer = assert(answers[#sent], "one call too many")
    if answer.kind then return nil, { kind = answer.kind, message = "m", sent = answer.sent } end
    return { status = answer[1], body = answer[2] or "", headers = answer[3] or {} }
  end }
  package.loaded.aws, package.loaded.lambda = nil, nil
  lambda = require "lambda"
end


local function refused(code, status, members, headers)
  local all = { ["x-amzn-errortype"] = code .. ":http://internal.amazon.com/coral/", ["x-amzn-requestid"] = "r-1" }
  for name, value in pairs(headers or {}) do all[name] = value end
  return { status, json.encode(members), all }
end


describe("lambda", function()
  before_each(function() restore = keep_modules(REPLACED) end)
  after_each(function() restore() end)

  it("posts the event to the function, signed for Lambda", function()
    with { { 200, "[1]", { ["x-amz-executed-version"] = "7", ["x-amzn-requestid"] = "r-1" } } }
    local result = assert(lambda.invoke { function_name = FUNCTION, payload = { b = 1, a = json.array {} } })
    assert.same({ status = 200, payload = { 1 }, executed_version = "7", request_id = "r-1" }, result)
    assert.equal("https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/score/invocations", sent[1].url)
    assert.same({ "POST", '{"a":[],"b":1}', "lambda eu-west-1", "RequestResponse", "application/json" },
      { sent[1].method, sent[1].body, sent[1].headers.authorization, sent[1].headers["x-amz-invocation-type"],
        sent[1].headers["content-type"] })
    assert.is_nil(sent[1].headers["x-amz-target"])
    assert.is_false(sent[1].repeatable)
  end)

  -- name, qualifier, what stands behind the host
  for _, case in ipairs {
    { "score", nil, "/2015-03-31/functions/score/invocations" },
    { "score", "$LATEST", "/2015-03-31/functions/score/invocations?Qualifier=%24LATEST" },
    { "arn:aws:lambda:eu-west-1:123456789012:function:score:live", nil,
      "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Ascore%3Alive/invocations" },
    { "../x?y", nil, "/2015-03-31/functions/..%2Fx%3Fy/invocations" },
  } do
    it("is at " .. case[3], function()
      with { { 200, "null" } }
      assert(lambda.invoke { function_name = case[1], qualifier = case[2] })
      assert.equal("https://lambda.eu-west-1.amazonaws.com" .. case[3], sent[1].url)
    end)
  end

  -- payload, body
  for _, case in ipairs { { nil, "{}" }, { {}, "{}" }, { "text", '"text"' }, { 5, "5" }, { false, "false" },
    { json.null, "null" }, { json.array { 1 }, "[1]" } } do
    it("sends " .. case[2] .. " for a payload that is a " .. type(case[1]), function()
      with { { 200, "null" } }
      assert.equal(json.null, assert(lambda.invoke { function_name = FUNCTION, payload = case[1] }).payload)
      assert.equal(case[2], sent[1].body)
    end)
  end

  it("asks for the log, and says who calls", function()
    with { { 200, "1", { ["x-amz-log-result"] = "U1RBUlQK" } } }
    local result = assert(lambda.invoke { function_name = FUNCTION, log_type = "Tail", client_context = { env = {} } })
    assert.equal("START\n", result.log)
    assert.same({ "Tail", "eyJlbnYiOnt9fQ==" },
      { sent[1].headers["x-amz-log-type"], sent[1].headers["x-amz-client-context"] })
  end)

  for kind, status in pairs { Event = 202, DryRun = 204 } do
    it("does not wait for an " .. kind, function()
      with { { status, "" } }
      assert.same({ status = status }, assert(lambda.invoke { function_name = FUNCTION, invocation_type = kind }))
      assert.equal(kind, sent[1].headers["x-amz-invocation-type"])
    end)
  end

  -- what the function said, its type, its message
  for _, case in ipairs {
    { '{"errorMessage":"boom","errorType":"Error","trace":["Error: boom"]}', "Error", "boom" },
    { '{"errorMessage":"2024-09-17T20:31:07.019Z r-1 Task timed out after 3.01 seconds"}', nil,
      "2024-09-17T20:31:07.019Z r-1 Task timed out after 3.01 seconds" },
    { '{"errorMessage":{"deep":1},"errorType":5}', nil, nil }, { '"nonsense"', nil, nil }, { "", nil, nil },
  } do
    it("hears the function fail with " .. (case[1] ~= "" and case[1] or "nothing"), function()
      with { { 200, case[1], { ["x-amz-function-error"] = "Unhandled", ["x-amzn-requestid"] = "r-1",
        ["x-amz-log-result"] = "WA==" } } }
      local result, err = lambda.invoke { function_name = FUNCTION, retry = "safe" }
      assert.is_nil(result)
      assert.same({ "FunctionError", "Unhandled", case[2], case[3], 200, "r-1", "X" }, { err.code,
        err.function_error, err.error_type, err.message, err.status, err.request_id, err.log })
      assert.same({ true, true, false, 1 }, { err.sent, err.ambiguous, err.retryable, err.attempts })
      assert.matches("^lambda Invoke: FunctionError", tostring(err))
    end)
  end

  it("shows all that a function said when it failed", function()
    with { { 200, '{"errorMessage":"boom","trace":["at x"]}', { ["x-amz-function-error"] = "Handled" } } }
    local _, err = lambda.invoke { function_name = FUNCTION }
    assert.same({ errorMessage = "boom", trace = { "at x" } }, err.payload)
  end)

  -- answer, code, message, may it work later, may it have run
  for _, case in ipairs {
    { refused("ResourceNotFoundException", 404, { Type = "User", Message = "Function not found: x" }),
      "ResourceNotFoundException", "Function not found: x", false, false },
    { refused("InvalidRequestContentException", 400, { Type = "User", message = "Could not parse" }),
      "InvalidRequestContentException", "Could not parse", false, false },
    { refused("RequestTooLargeException", 413, { Type = "User", message = "smaller" }),
      "RequestTooLargeException", "smaller", false, false },
    { refused("ResourceConflictException", 409, { Type = "User", Message = "later" }),
      "ResourceConflictException", "later", false, false },
    { refused("ServiceException", 500, { Type = "Service", Message = "internal" }), "ServiceException", "internal",
      true, true },
    { { 200, "{" }, "CorruptResponse", "the function's result is not JSON", true, true },
    { { kind = "timeout", sent = true }, "Timeout", "m", true, true },
    { { kind = "reset", sent = true }, "ConnectionReset", "m", true, true },
  } do
    it("does not send again after " .. case[2], function()
      with { case[1] }
      local result, err = lambda.invoke { function_name = FUNCTION }
      assert.is_nil(result)
      assert.same({ case[2], case[3], case[4], case[5], 1 },
        { err.code, err.message, err.retryable, err.ambiguous, err.attempts })
    end)
  end

  -- the first answer, how the caller invokes
  for name, case in pairs {
    ["a limit"] = { refused("TooManyRequestsException", 429, { message = "Rate Exceeded.",
      Reason = "ConcurrentInvocationLimitExceeded" }), {} },
    ["no connection"] = { { kind = "connect", sent = false }, {} },
    ["a lost answer, where the function bears it"] = { { kind = "reset", sent = true }, { retry = "safe" } },
    ["a lost answer to a DryRun"] = { { kind = "reset", sent = true }, { invocation_type = "DryRun" } },
  } do
    it("sends again after " .. name, function()
      with { case[1], { 200, "1" } }
      case[2].function_name = FUNCTION
      assert(lambda.invoke(case[2]))
      assert.equal(2, #sent)
    end)
  end

  -- seconds by header, by body -> waits at least
  for _, case in ipairs { { "2", nil, 2 }, { nil, "3", 3 }, { nil, 3, 3 }, { "1", 3, 1 } } do
    it(("waits %s seconds when a limit asks for it"):format(case[3]), function()
      with { refused("TooManyRequestsException", 429, { retryAfterSeconds = case[2] }, { ["retry-after"] = case[1] }),
        { 200, "1" } }
      assert(lambda.invoke { function_name = FUNCTION, timeout = 60 })
      assert.is_true(slept[1] >= case[3] and slept[1] < case[3] + 1)
    end)
  end

  -- what the caller did wrong
  for name, wanted in pairs { ["no function"] = {}, ["an empty name"] = { function_name = "" },
    ["another type"] = { function_name = FUNCTION, invocation_type = "event" } } do
    it("raises for " .. name, function()
      with {}
      assert.has_error(function() lambda.invoke(wanted) end)
    end)
  end
end)
