-- SPDX-License-Identifier: MIT
-- aws.lua between fakes: what is sent, and how answers and failures are read.
-- Each row is one call: the answers of the wire in order, and what the caller sees.
local json = require "json"
local aws_world = require "tests.bindings.aws_world"

local call = aws_world.call
local world


describe("aws", function()
  before_each(function() world = aws_world.begin { cognito = {}, dynamodb = {}, aws = { region = "eu-west-1" } } end)
  after_each(aws_world.finish)

  describe("frames a call", function()
    it("as JSON 1.0, signed", function()
      world.answers = { { 200, "{}" } }
      assert.are.same({}, call { input = { b = 1, a = json.array {} } })
      local sent = world.sent[1]
      assert.are.equal("POST", sent.method)
      assert.are.equal("https://dynamodb.eu-west-1.amazonaws.com/", sent.url)
      assert.are.equal('{"a":[],"b":1}', sent.body)
      assert.are.equal("application/x-amz-json-1.0", sent.headers["content-type"])
      assert.are.equal("DynamoDB_20120810.PutItem", sent.headers["x-amz-target"])
      assert.are.equal("AWS4-HMAC-SHA256 Credential=AK/x, Signature=y", sent.headers.authorization)
      assert.are.equal("uuid-1", sent.headers["amz-sdk-invocation-id"])
      assert.are.equal("attempt=1; max=4", sent.headers["amz-sdk-request"])
      local signed = world.signed[1]
      assert.are.same({ "dynamodb", "eu-west-1", 1440938160, sent.url, sent.body },
        { signed.service, signed.region, signed.time, signed.url, signed.body })
    end)

    it("as plain JSON under a path, signed with a name of its own", function()
      world.answers = { { 200, '{"MessageId":"1"}' } }
      assert.are.same({ MessageId = "1" }, world.aws.call { service = "email", operation = "SendEmail",
        path = "/v2/email/outbound-emails", input = { a = 1 } })
      local sent = world.sent[1]
      assert.are.equal("https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails", sent.url)
      assert.are.equal("application/json", sent.headers["content-type"])
      assert.is_nil(sent.headers["x-amz-target"])
      assert.are.equal("ses", world.signed[1].service)
    end)

    it("as JSON 1.1, unsigned, with an empty input", function()
      world = aws_world.begin { cognito = { url = "http://127.0.0.1:9/idp" } }
      world.answers = { { 200, "" } }
      assert.are.same({}, world.aws.call { service = "cognito-idp", target = "P.SignUp", json_version = "1.1",
        signed = false })
      local sent = world.sent[1]
      assert.are.equal("http://127.0.0.1:9/idp/", sent.url)
      assert.are.equal("{}", sent.body)
      assert.are.equal("application/x-amz-json-1.1", sent.headers["content-type"])
      assert.is_nil(sent.headers.authorization)
      assert.is_false(sent.repeatable)
      assert.are.same({}, world.signed)
    end)

    it("but not without a region to sign for", function()
      world = aws_world.begin { dynamodb = { url = "http://127.0.0.1:9" } }
      local output, err = call()
      assert.is_nil(output)
      assert.are.same({ "RegionMissing", false, false }, { err.code, err.sent, err.retryable })
      assert.are.same({}, world.sent)
    end)

    it("nor without credentials", function()
      world.unsignable = "no credentials were found"
      local _, err = call()
      assert.are.same({ "CredentialsMissing", "no credentials were found", false, false },
        { err.code, err.message, err.sent, err.retryable })
      assert.are.same({}, world.sent)
      assert.are.same({ 60 }, world.awaited)
    end)

    it("when the credentials that it had to wait for are there", function()
      world.unsignable, world.comes = "not yet", true
      world.answers = { { 200, "{}" } }
      assert.are.same({}, call())
      assert.are.same({ 60 }, world.awaited)
    end)
  end)

  describe("credentials that are not taken any more", function()
    local function expired(code) return { 400, '{"__type":"' .. code .. '"}' } end

    -- code, retry mode, others come, requests, err
    local cases = {
      { "ExpiredTokenException", "safe", true, 2, nil },
      { "ExpiredTokenException", "none", true, 2, nil },
      { "UnrecognizedClientException", "throttle", true, 2, nil },
      { "ExpiredTokenException", "safe", false, 1, "ExpiredTokenException" },
      { "AccessDeniedException", "safe", true, 1, "AccessDeniedException" },
    }
    for _, case in ipairs(cases) do
      local code, mode, comes, requests, expected = table.unpack(case, 1, 5)
      it(("%s, %s: %s"):format(code, mode, comes and "others come" or "no others come"), function()
        world.comes = comes
        world.answers = { expired(code), { 200, "{}" } }
        local output, err = call { retry = mode }
        assert.are.equal(expected, err and err.code)
        assert.are.equal(expected == nil, output ~= nil)
        assert.are.equal(requests, #world.sent)
        assert.are.same({}, world.slept)
      end)
    end

    it("are renewed once for a call, and by the key that was refused", function()
      world.comes = true
      world.answers = { expired "ExpiredTokenException", expired "ExpiredTokenException" }
      local _, err = call()
      assert.are.equal("ExpiredTokenException", err.code)
      assert.are.same({ { "AK", 59.5 } }, world.renewed)
    end)
  end)

  describe("follows the environment", function()
    -- variables, tries of a call that fails for good
    local cases = {
      { {}, 4 },
      { { AWS_MAX_ATTEMPTS = "2" }, 2 },
      { { AWS_MAX_ATTEMPTS = "1", AWS_RETRY_MODE = "legacy" }, 1 },
      { { AWS_MAX_ATTEMPTS = "0" }, 4 },
      { { AWS_MAX_ATTEMPTS = "many" }, 4 },
      { { AWS_RETRY_MODE = "legacy" }, 5 },
      { { AWS_RETRY_MODE = "standard" }, 4 },
      { { AWS_RETRY_MODE = "adaptive" }, 4 },
    }
    for i, case in ipairs(cases) do
      it("in its number of tries, " .. i, function()
        for name, value in pairs(case[1]) do world.env[name] = value end
        for n = 1, 6 do world.answers[n] = { 500 } end
        local _, err = call()
        assert.are.equal(case[2], err.attempts)
      end)
    end

    for _, off in ipairs { "true", "false" } do
      it("in correcting the clock: off is " .. off, function()
        world.env.AWS_DISABLE_CLOCK_SKEW_CORRECTION = off
        world.answers = { { 400, '{"__type":"InvalidSignatureException"}', { date = "Sun, 30 Aug 2015 13:36:00 GMT" } },
          { 200, "{}" } }
        local output = call()
        assert.are.equal(off == "false", output ~= nil)
      end)
    end
  end)

  describe("reads a refusal", function()
    -- name, status, body, headers, code, message
    local cases = {
      { "a bare __type", 400, '{"__type":"UsernameExistsException","message":"m"}', {},
        "UsernameExistsException", "m" },
      { "a namespace", 400, '{"__type":"com.amazon.coral.validate#ValidationException","message":"m"}', {},
        "ValidationException", "m" },
      { "a namespace and an address", 400, '{"__type":"aws.x#Fault:http://internal/coral#y"}', {},
        "Fault", nil },
      { "the header", 400, "{}", { ["x-amzn-errortype"] = "NotAuthorizedException:" },
        "NotAuthorizedException", nil },
      { "the member code", 400, '{"code":"Throttled","Message":"M"}', {}, "Throttled", "M" },
      { "a capital Message", 400, '{"__type":"x#E","Message":"M"}', {}, "E", "M" },
      { "a page of a proxy", 403, "<html>no</html>", {}, "Http403", nil },
      { "nothing", 404, "", {}, "Http404", nil },
      { "an array", 400, "[1]", {}, "Http400", nil },
      { "a __type of another type", 400, '{"__type":5,"message":{}}', {}, "Http400", nil },
    }
    for _, case in ipairs(cases) do
      it("with " .. case[1], function()
        world.answers = { { case[2], case[3], case[4] } }
        local output, err = call()
        assert.is_nil(output)
        assert.are.same({ case[5], case[6], case[2] }, { err.code, err.message, err.status })
        assert.are.same({ true, false, false, 1 }, { err.sent, err.retryable, err.ambiguous, err.attempts })
      end)
    end

    it("keeps the vendor's other members, but not in place of its own", function()
      world.answers = { { 400, '{"__type":"x#E","Item":{"pk":{"S":"a"}},"status":7,"sent":0}',
        { ["x-amzn-requestid"] = "R1" } } }
      local _, err = call()
      assert.are.same({ pk = { S = "a" } }, err.Item)
      assert.are.same({ 400, true, "R1" }, { err.status, err.sent, err.request_id })
    end)

    it("and says it in a line", function()
      world.answers = { { 400, '{"__type":"x#E","message":"why"}', { ["x-amzn-requestid"] = "R1" } },
        { kind = "dns", message = "no such host", sent = false } }
      local _, err = call()
      assert.are.equal("dynamodb PutItem: E: why (400, request R1)", tostring(err))
      _, err = call { retry = "none" }
      assert.are.equal("dynamodb PutItem: ConnectionUnresolved: no such host", tostring(err))
    end)
  end)

  describe("names what the transport says", function()
    local cases = {
      { "dns", "ConnectionUnresolved", true }, { "connect", "ConnectionFailed", true },
      { "tls", "ConnectionTlsFailed", true }, { "reset", "ConnectionReset", true },
      { "protocol", "ConnectionProtocolError", true }, { "timeout", "Timeout", true },
      { "too_large", "ResponseTooLarge", false }, { "canceled", "Canceled", false },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        world.answers = { { kind = case[1], message = "m", sent = true } }
        local _, err = call { retry = "none" }
        local seen = { err.code, err.retryable, err.sent, err.ambiguous }
        assert.are.same({ case[2], case[3], true, true }, seen)
        assert.is_nil(err.status)
      end)
    end
  end)

  it("reads NUL in an answer, as any other character", function()
    world.answers = { { 200, [[{"Item":{"a":{"S":"\u0000"}}}]] } }
    assert.are.same({ Item = { a = { S = "\0" } } }, call())
  end)

  describe("checks DynamoDB's answer", function()
    -- name, body, headers, requests made (the fake checksum is the length)
    local cases = {
      { "checksum right", "{}", { ["x-amz-crc32"] = "2" }, 1 },
      { "checksum wrong", "{}", { ["x-amz-crc32"] = "3" }, 2 },
      { "no checksum", "{}", {}, 1 },
      { "checksum of compressed bytes", "{}", { ["x-amz-crc32"] = "9", ["content-encoding"] = "gzip" }, 1 },
      { "half a body", '{"Item":', {}, 2 },
      { "not an object", '"x"', {}, 2 },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        world.answers = { { 200, case[2], case[3] }, { 200, "{}" } }
        assert.are.same({}, call())
        assert.are.equal(case[4], #world.sent)
      end)
    end
  end)
end)
