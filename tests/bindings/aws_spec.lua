-- SPDX-License-Identifier: MIT
-- aws.lua between fakes: what is sent, how answers and failures are read, what is repeated and for how long.
-- Each row is one call: the answers of the wire in order, and what the caller sees.

local fakes = { "aws_credentials", "aws_env",
  "clock", "config", "crypto", "http", "log", "metrics", "sigv4", "task", "aws" }

local saved, world, aws, json


-- A fresh aws.lua in a world of its own: world.answers are given one by one, world.sent collects requests.
local function begin(settings)
  world = { answers = {}, sent = {}, signed = {}, slept = {},
    awaited = {}, renewed = {}, observed = {}, counted = {}, env = {},
    monotonic = 1000, epoch = 1440938160, trip = 0.5, ids = 0 }
  local replacements = {
    config = settings,
    aws_env = { region = function() return world.env.region end,
      endpoint_url = function(id) return world.env[id] or world.env.all end,
      setting = function(variable) return world.env[variable] end },
    aws_credentials = {
      await = function(seconds)
        world.awaited[#world.awaited + 1] = seconds
        if world.comes then world.unsignable = nil end
        return world.comes
      end,
      renew = function(id, seconds)
        world.renewed[#world.renewed + 1] = { id, seconds }
        return world.comes
      end },
    clock = { now = function() return world.epoch end, monotonic = function() return world.monotonic end,
      sleep = function(seconds)
        world.slept[#world.slept + 1] = seconds
        world.monotonic, world.epoch = world.monotonic + seconds, world.epoch + seconds
      end },
    crypto = { crc32 = function(s) return #s end,
      uuid = function() world.ids = world.ids + 1 return "uuid-" .. world.ids end },
    sigv4 = { sign = function(request)
      world.signed[#world.signed + 1] = request
      if world.unsignable then return nil, world.unsignable end
      local headers = { authorization = "AWS4-HMAC-SHA256 Credential=AK/x, Signature=y" }
      for name, value in pairs(request.headers) do headers[name] = value end
      return headers
    end },
    http = { fetch = function(request)
      world.sent[#world.sent + 1] = request
      world.monotonic, world.epoch = world.monotonic + world.trip, world.epoch + world.trip
      local answer = assert(table.remove(world.answers, 1), "one request more than expected")
      if answer.kind then return nil, answer end
      return { status = answer[1], body = answer[2] or "", headers = answer[3] or {} }
    end },
    metrics = {
      observe = function(name, seconds, dims) table.insert(world.observed, { name, seconds, dims }) end,
      count = function(name, n, dims) table.insert(world.counted, { name, n, dims }) end,
    },
    task = { deadline = function() return world.request_deadline end },
    log = setmetatable({}, { __index = function() return function() end end }),
  }
  for name, module in pairs(replacements) do package.loaded[name] = module end
  package.loaded.aws = nil
  aws = require "aws"
end


local function call(extra)
  local request = { service = "dynamodb", target = "DynamoDB_20120810.PutItem", input = { TableName = "T" },
    retry = "safe", timeout = 60 }
  for name, value in pairs(extra or {}) do request[name] = value end
  return aws.call(request)
end


local function refusal(code, status, extra)
  local body = ('{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"why"}'):format(code)
  return { status or 400, body, extra }
end


describe("aws", function()
  before_each(function()
    json = require "json"
    saved = {}
    for _, name in ipairs(fakes) do saved[name] = package.loaded[name] end
    begin { cognito = {}, dynamodb = {}, aws = { region = "eu-west-1" } }
  end)

  after_each(function()
    for _, name in ipairs(fakes) do package.loaded[name] = saved[name] end
  end)

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
      assert.are.same({ MessageId = "1" }, aws.call { service = "email", operation = "SendEmail",
        path = "/v2/email/outbound-emails", input = { a = 1 } })
      local sent = world.sent[1]
      assert.are.equal("https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails", sent.url)
      assert.are.equal("application/json", sent.headers["content-type"])
      assert.is_nil(sent.headers["x-amz-target"])
      assert.are.equal("ses", world.signed[1].service)
    end)

    it("as JSON 1.1, unsigned, with an empty input", function()
      begin { cognito = { url = "http://127.0.0.1:9/idp" } }
      world.answers = { { 200, "" } }
      assert.are.same({}, aws.call { service = "cognito-idp", target = "P.SignUp", json_version = "1.1",
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
      begin { dynamodb = { url = "http://127.0.0.1:9" } }
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

  describe("repeats", function()
    -- name, mode, answers, code at the end (nil: success), requests, ambiguous, sent
    local reset, refused = { kind = "reset", sent = true }, { kind = "connect", sent = false }
    local busy, fault = refusal "ThrottlingException", refusal("InternalServerError", 500)
    local ok, failed = { 200, "{}" }, refusal "ConditionalCheckFailedException"
    local cases = {
      { "nothing after success", "safe", { ok }, nil, 1 },
      { "nothing that would fail again", "safe", { failed }, "ConditionalCheckFailedException", 1, false,
        true },
      { "a fault", "safe", { fault, ok }, nil, 2 },
      { "a lost answer", "safe", { reset, ok }, nil, 2 },
      { "a full house", "safe", { busy, busy, ok }, nil, 3 },
      { "four times at most", "safe", { fault, fault, fault, fault }, "InternalServerError", 4, true, true },
      { "telling that an early try may have worked", "safe", { reset, failed },
        "ConditionalCheckFailedException", 2, true, true },
      { "no lost answer in mode throttle", "throttle", { reset }, "ConnectionReset", 1, true, true },
      { "no fault in mode throttle", "throttle", { fault }, "InternalServerError", 1, true, true },
      { "what was not sent in mode throttle", "throttle", { refused, busy, ok }, nil, 3 },
      { "nothing in mode none", "none", { busy }, "ThrottlingException", 1, false, true },
      { "without reaching anybody", "safe", { refused, refused, refused, refused }, "ConnectionFailed", 4,
        false, false },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        for i, answer in ipairs(case[3]) do world.answers[i] = answer end
        local output, err = call { retry = case[2] }
        assert.are.equal(case[5], #world.sent)
        assert.are.equal(case[5] - 1, #world.slept)
        if not case[4] then return assert.are.same({}, output) end
        local seen = { err.code, err.attempts, err.ambiguous, err.sent }
        assert.are.same({ case[4], case[5], case[6], case[7] }, seen)
      end)
    end

    it("with the same bytes and the same invocation id", function()
      world.answers = { fault, { 200, "{}" } }
      call { input = { z = 1, a = 2, m = { y = 1, x = 2 } } }
      assert.are.equal(world.sent[1].body, world.sent[2].body)
      assert.are.equal("uuid-1", world.sent[2].headers["amz-sdk-invocation-id"])
      assert.are.equal("attempt=2; max=4", world.sent[2].headers["amz-sdk-request"])
      assert.is_true(world.sent[1].repeatable)
    end)

    it("but not Cognito's LimitExceeded", function()
      world.answers = { refusal "LimitExceededException" }
      local _, err = call { service = "cognito-idp", target = "P.SignUp" }
      assert.are.same({ "LimitExceededException", false }, { err.code, err.retryable })
    end)

    it("what the caller's own eye calls passing", function()
      world.answers = { refusal "TransactionCanceledException", { 200, "{}" } }
      local seen
      assert.are.same({}, call { on_error = function(err) seen = err.code return "conflict" end })
      assert.are.equal("TransactionCanceledException", seen)
    end)

    it("waiting as long as the service asks", function()
      local asks = { ["x-amz-retry-after"] = "4000" }
      world.answers = { refusal("ThrottlingException", 400, asks), { 200, "{}" } }
      call()
      assert.are.same({ 4.0 }, world.slept)
    end)

    it("and tells what the service asked when it gives up", function()
      world.answers = { refusal("ThrottlingException", 429, { ["retry-after"] = "7" }) }
      local _, err = call { retry = "none" }
      assert.are.equal(7, err.retry_after)
    end)
  end)

  describe("ends by the deadline", function()
    it("which each try gets the rest of", function()
      world.answers = { { kind = "connect", sent = false }, { 200, "{}" } }
      call { timeout = 3, retry = "throttle" }
      assert.are.equal(3, world.sent[1].timeout)
      assert.is_true(world.sent[2].timeout <= 2.5 and world.sent[2].timeout > 2)
    end)

    it("which may be given as a point in time", function()
      world.answers = { { 200, "{}" } }
      call { deadline = world.monotonic + 2 }
      assert.are.equal(2, world.sent[1].timeout)
    end)

    it("without waiting across it", function()
      world.answers = { refusal("ThrottlingException", 400, { ["x-amz-retry-after"] = "4000" }) }
      local _, err = call { timeout = 3 }
      assert.are.equal("ThrottlingException", err.code)
      assert.are.same({}, world.slept)
    end)

    it("without sending what has no time left", function()
      local _, err = call { deadline = world.monotonic }
      assert.are.same({ "Timeout", false, 0 }, { err.code, err.sent, #world.sent })
    end)

    it("which the settings give otherwise", function()
      begin { dynamodb = { timeout = 4 }, aws = { region = "eu-west-1" } }
      assert.are.equal(1004, aws.deadline { service = "dynamodb" })
      assert.are.equal(1010, aws.deadline { service = "monitoring" })
    end)

    it("and never later than the request", function()
      world.request_deadline = 1002
      assert.are.equal(1002, aws.deadline { service = "dynamodb", timeout = 60 })
      assert.are.equal(1001, aws.deadline { service = "dynamodb", timeout = 1 })
      assert.are.equal(1002, aws.deadline { service = "dynamodb", deadline = 1060 })
    end)

    it("with less patience where a second try is safe and answers are quick", function()
      world.answers = { { kind = "timeout", sent = true }, { 200, "{}" } }
      assert.are.same({}, call { timeout = 5 })
      assert.are.same({ 2, 2 }, { world.sent[1].timeout, world.sent[2].timeout })
    end)

    it("with a shorter time for one try", function()
      world.answers = { { 200, "{}" } }
      call { attempt_timeout = 1.5 }
      assert.are.equal(1.5, world.sent[1].timeout)
    end)
  end)

  describe("corrects a wrong clock", function()
    local function date(seconds) return os.date("!%a, %d %b %Y %H:%M:%S GMT", math.floor(seconds)) end
    local function refused(offset, extra)
      local headers = { date = date(world.epoch + offset) }
      for name, value in pairs(extra or {}) do headers[name] = value end
      return refusal("InvalidSignatureException", 400, headers)
    end

    -- name, offset of the first answer, its other headers, requests
    local cases = {
      { "an hour behind", 3600, nil, 2 },
      { "an hour ahead", -3600, nil, 2 },
      { "right, and the key is wrong", 0, nil, 1 },
      { "three minutes off, which no service minds", 180, nil, 1 },
      { "unknown: the answer came out of a cache", 3600, { age = "1" }, 1 },
      { "unknown: no date", 0, { date = "yesterday" }, 1 },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        world.answers = { refused(case[2], case[3]), { 200, "{}" } }
        local output = call { retry = "throttle" }
        assert.are.equal(case[4], #world.sent)
        assert.are.equal(case[4] == 2, output ~= nil)
        if case[4] == 2 then
          assert.is_true(math.abs(world.signed[2].time - (1440938160 + case[2])) <= 2)
        end
      end)
    end

    it("for the calls that follow, of this service only", function()
      world.answers = { { 200, "{}", { date = date(world.epoch + 3600) } }, { 200, "{}" }, { 200, "{}" } }
      call()
      call()
      call { service = "cognito-idp", target = "P.AdminGetUser" }
      assert.is_true(world.signed[2].time - world.signed[1].time >= 3599)
      assert.is_true(world.signed[3].time - world.signed[1].time <= 2)
    end)
  end)

  it("measures every try, and counts what is repeated", function()
    world.answers = { refusal "ThrottlingException", { kind = "timeout", sent = true }, { 200, "{}" } }
    call()
    local statuses = {}
    for i, seen in ipairs(world.observed) do
      assert.are.same({ "usher_upstream_seconds", 0.5 }, { seen[1], seen[2] })
      assert.are.same({ "dynamodb", "PutItem" }, { seen[3].service, seen[3].operation })
      statuses[i] = seen[3].status
    end
    assert.are.same({ "400", "Timeout", "200" }, statuses)
    assert.are.same({ "throttling", "transient" }, { world.counted[1][3].reason, world.counted[2][3].reason })
  end)

  it("stops repeating when a service is down for everybody", function()
    for i = 1, 400 do world.answers[i] = refusal("E", 500) end
    local sent
    for _ = 1, 30 do
      local before = #world.sent
      call()
      sent = #world.sent - before
    end
    assert.are.equal(1, sent)
  end)
end)
