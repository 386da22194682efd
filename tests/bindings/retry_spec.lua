-- SPDX-License-Identifier: MIT
-- retry.lua: figures of the standard mode (2026), as rows of data; time and chance are handed in.

local retry = require "retry"

local now

local function policy(settings)
  settings = settings or {}
  return retry.new {
    attempts = settings.attempts, base = settings.base, never = settings.never,
    clock = function() return now end, random = function() return settings.random or 1 end,
  }
end

describe("retry", function()
  before_each(function() now = 100 end)

  describe("names the nature of a failure", function()
    local cases = {
      { { code = "InternalErrorException", status = 500, sent = true }, "transient" },
      { { code = "Http502", status = 502, sent = true }, "transient" },
      { { code = "ServiceUnavailable", status = 503, sent = true }, "transient" },
      { { code = "Http504", status = 504, sent = true }, "transient" },
      { { code = "RequestTimeoutException", status = 400, sent = true }, "transient" },
      { { code = "Timeout", sent = true }, "transient" },
      { { code = "ConnectionReset", sent = true }, "transient" },
      { { code = "ConnectionFailed", sent = false }, "transient" },
      { { code = "CorruptResponse", status = 200, sent = true }, "transient" },
      { { code = "Http429", status = 429, sent = true }, "throttling" },
      { { code = "TooManyRequestsException", status = 400, sent = true }, "throttling" },
      { { code = "ProvisionedThroughputExceededException", status = 400, sent = true }, "throttling" },
      { { code = "TransactionInProgressException", status = 400, sent = true }, "throttling" },
      { { code = "ThrottlingException", status = 503, sent = true }, "throttling" },
      { { code = "LimitExceededException", status = 400, sent = true }, "throttling" },
      { { code = "TransactionConflictException", status = 400, sent = true }, "conflict" },
      { { code = "InvalidSignatureException", status = 400, sent = true, skewed = true }, "skew" },
      { { code = "InvalidSignatureException", status = 400, sent = true }, nil },
      { { code = "ConditionalCheckFailedException", status = 400, sent = true }, nil },
      { { code = "TransactionCanceledException", status = 400, sent = true }, nil },
      { { code = "UsernameExistsException", status = 400, sent = true }, nil },
      { { code = "Http501", status = 501, sent = true }, nil },
      { { code = "ResponseTooLarge", sent = true }, nil },
      { { code = "Canceled", sent = true }, nil },
    }
    for _, case in ipairs(cases) do
      it(("%s %s: %s"):format(case[1].code, case[1].status or "-", case[2] or "final"), function()
        assert.are.equal(case[2], retry.kind(case[1]))
      end)
    end

    it("leaves out the codes that a service means differently", function()
      assert.is_nil(retry.kind({ code = "LimitExceededException", status = 400 },
        { LimitExceededException = true }))
    end)
  end)

  describe("knows what may have taken effect", function()
    local cases = {
      { { code = "Timeout", sent = true }, true },
      { { code = "Timeout", sent = false }, false },
      { { code = "ConnectionReset", sent = true }, true },
      { { code = "ResponseTooLarge", sent = true }, true },
      { { code = "Canceled", sent = true }, true },
      { { code = "InternalServerError", status = 500, sent = true }, true },
      { { code = "CorruptResponse", status = 200, sent = true }, true },
      { { code = "ThrottlingException", status = 503, sent = true }, false },
      { { code = "TooManyRequestsException", status = 400, sent = true }, false },
      { { code = "UsernameExistsException", status = 400, sent = true }, false },
      { { code = "Http302", status = 302, sent = true }, false },
    }
    for _, case in ipairs(cases) do
      it(("%s %s sent=%s: %s"):format(case[1].code, case[1].status or "-", case[1].sent, case[2]), function()
        assert.are.equal(case[2], retry.is_ambiguous(case[1], retry.kind(case[1])))
      end)
    end
  end)

  describe("waits with full jitter", function()
    -- i, kind, random, hint -> seconds; base 50 ms, throttling 1 s, at most 20 s
    local cases = {
      { 0, "transient", 1, nil, 0.05 },
      { 0, "transient", 0.5, nil, 0.025 },
      { 1, "transient", 1, nil, 0.1 },
      { 3, "conflict", 1, nil, 0.4 },
      { 0, "throttling", 1, nil, 1 },
      { 1, "throttling", 0.5, nil, 1 },
      { 12, "transient", 1, nil, 20 },
      { 30, "throttling", 1, nil, 20 },
      { 0, "transient", 1, 0.01, 0.05 },  -- a hint does not shorten
      { 0, "transient", 1, 3, 3 },
      { 0, "throttling", 1, 60, 6 },      -- and stretches by 5 s at most
    }
    for _, case in ipairs(cases) do
      local i, kind, random, hint, expected = table.unpack(case, 1, 5)
      it(("try %d, %s, random %s, hint %s: %s s"):format(i, kind, random, hint, expected), function()
        assert.is_true(math.abs(policy { random = random }:delay(i, kind, hint) - expected) < 1e-9)
      end)
    end
  end)

  describe("reads what the service asks", function()
    local function parse_date(text) return text == "a date" and 1010 or nil end
    local cases = {
      { {}, nil },
      { { ["x-amz-retry-after"] = "1500" }, 1.5 },
      { { ["x-amz-retry-after"] = "250", ["retry-after"] = "9" }, 0.25 },
      { { ["retry-after"] = "7" }, 7 },
      { { ["retry-after"] = "a date" }, 10 },
      { { ["retry-after"] = "soon" }, nil },
      { { ["x-amz-retry-after"] = "-5" }, nil },
    }
    for row, case in ipairs(cases) do
      it("row " .. row, function()
        assert.are.equal(case[2], retry.hint(case[1], 1000, parse_date))
      end)
    end
  end)

  describe("repeats as the mode allows", function()
    local unsent = { code = "ConnectionFailed", sent = false }
    local lost = { code = "ConnectionReset", sent = true }
    local busy = { code = "TooManyRequestsException", status = 400, sent = true }
    local skewed = { code = "InvalidSignatureException", status = 400, sent = true, skewed = true }
    local cases = {
      { "none", unsent, "mode" }, { "none", lost, "mode" }, { "none", busy, "mode" },
      { "throttle", unsent }, { "throttle", lost, "mode" }, { "throttle", busy }, { "throttle", skewed },
      { "safe", unsent }, { "safe", lost }, { "safe", busy }, { "safe", skewed },
    }
    for _, case in ipairs(cases) do
      local mode, err, refusal = case[1], case[2], case[3]
      it(("%s, %s: %s"):format(mode, err.code, refusal or "again"), function()
        local wait, reason = policy():begin(mode, now + 60):next(err)
        assert.are.equal(refusal, reason)
        assert.are.equal(refusal == nil, wait ~= nil)
      end)
    end

    it("refuses a mode that does not exist", function()
      assert.has_error(function() policy():begin("always", now) end)
    end)
  end)

  it("ends after the policy's attempts", function()
    local try = policy { attempts = 4 }:begin("safe", now + 1000)
    local err = { code = "Http500", status = 500, sent = true }
    for attempt = 2, 4 do
      assert.is_number((try:next(err)))
      assert.are.equal(attempt, try.attempt)
    end
    assert.are.same({ nil, "attempts" }, { try:next(err) })
  end)

  it("never waits across the deadline", function()
    local err = { code = "Http500", status = 500, sent = true }
    assert.are.same({ nil, "deadline" }, { policy():begin("safe", now + 0.05):next(err) })
    assert.is_number((policy():begin("safe", now + 0.0501):next(err)))
  end)

  it("remembers that a try was ambiguous", function()
    local try = policy():begin("safe", now + 60)
    try:next { code = "ConnectionReset", sent = true }
    try:next { code = "ConditionalCheckFailedException", status = 400, sent = true }
    assert.is_true(try.ambiguous)
  end)

  it("takes the kind that the caller knows better", function()
    local err = { code = "TransactionCanceledException", status = 400, sent = true }
    local try = policy():begin("safe", now + 60)
    assert.is_number((try:next(err, "conflict")))
    assert.is_false(try.ambiguous)
  end)

  describe("pays for retries from a bucket", function()
    local fault = { code = "Http500", status = 500, sent = true }
    local busy = { code = "Throttling", status = 400, sent = true }

    it("14 for a fault, 5 for throttling", function()
      local p = policy { attempts = 9 }
      local try = p:begin("safe", now + 1000)
      try:next(fault)
      assert.are.equal(486, p.tokens)
      try:next(busy)
      assert.are.equal(481, p.tokens)
    end)

    it("and gets the last cost back on success", function()
      local p = policy { attempts = 9 }
      local try = p:begin("safe", now + 1000)
      try:next(busy)
      try:next(fault)
      try:succeeded()
      assert.are.equal(495, p.tokens)
      p:begin("safe", now + 1):succeeded()
      assert.are.equal(496, p.tokens)
    end)

    it("which holds 500", function()
      local p = policy()
      p:begin("safe", now + 1):succeeded()
      assert.are.equal(500, p.tokens)
    end)

    it("and ends without tokens", function()
      local p = policy { random = 0 }
      for _ = 1, 35 do assert.is_number((p:begin("safe", now + 60):next(fault))) end
      assert.are.same({ nil, "tokens" }, { p:begin("safe", now + 60):next(fault) })
      assert.is_number((p:begin("safe", now + 60):next(busy)))
    end)
  end)
end)
