-- SPDX-License-Identifier: MIT
-- aws.lua between fakes: what is repeated, for how long, and by which clock.
-- Each row is one call: the answers of the wire in order, and what the caller sees.
local aws_world = require "tests.bindings.aws_world"

local call, refusal = aws_world.call, aws_world.refusal
local world


describe("aws", function()
  before_each(function() world = aws_world.begin { cognito = {}, dynamodb = {}, aws = { region = "eu-west-1" } } end)
  after_each(aws_world.finish)

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
      world = aws_world.begin { dynamodb = { timeout = 4 }, aws = { region = "eu-west-1" } }
      assert.are.equal(1004, world.aws.deadline { service = "dynamodb" })
      assert.are.equal(1010, world.aws.deadline { service = "monitoring" })
    end)

    it("and never later than the request", function()
      world.request_deadline = 1002
      assert.are.equal(1002, world.aws.deadline { service = "dynamodb", timeout = 60 })
      assert.are.equal(1001, world.aws.deadline { service = "dynamodb", timeout = 1 })
      assert.are.equal(1002, world.aws.deadline { service = "dynamodb", deadline = 1060 })
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
