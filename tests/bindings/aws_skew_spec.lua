-- SPDX-License-Identifier: MIT
-- aws_skew.lua: what the dates of answers say about this machine's clock.

local skew = require "aws_skew"

describe("aws_skew", function()
  describe("learns the offset", function()
    local DATE <const> = "Sun, 06 Nov 1994 08:49:37 GMT"
    -- name, headers, sent, arrived (relative to the date), offset
    local cases = {
      { "of a late clock", { date = DATE }, -601, -600, 600 },
      { "of an early clock", { date = DATE }, 599, 600, -600 },
      { "but not from an answer that took too long", { date = DATE }, -600, 301, 0 },
      { "nor from a cache", { date = DATE, age = "0" }, -601, -600, 0 },
      { "nor without a date", {}, -601, -600, 0 },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        local tracker = skew.new()
        tracker:observe(case[2], 784111777 + case[3], 784111777 + case[4])
        assert.are.equal(case[5], tracker.offset)
      end)
    end
  end)

  it("learns from each answer anew, also within one second", function()
    local tracker, date = skew.new(), 784111777
    local function observe(text, now)
      tracker:observe({ date = text }, now, now)
      return tracker.offset
    end
    assert.are.equal(600, observe("Sun, 06 Nov 1994 08:49:37 GMT", date - 600))
    assert.are.equal(599, observe("Sun, 06 Nov 1994 08:49:37 GMT", date - 599))
    assert.are.equal(1, observe("Sun, 06 Nov 1994 08:49:38 GMT", date))
    assert.are.equal(1, observe("no date", date - 300))
    assert.are.equal(0, observe("Sun, 06 Nov 1994 08:49:37 GMT", date))
  end)

  describe("explains a refusal", function()
    -- code, offset now, offset that was signed with, explained
    local cases = {
      { "InvalidSignatureException", 600, 0, true },
      { "SignatureDoesNotMatch", -240, 0, true },
      { "RequestExpired", 0, 600, true },
      { "AccessDeniedException", 600, 0, true },
      { "InvalidSignatureException", 239, 0, false },
      { "InvalidSignatureException", 600.4, 600, false },
      { "UnrecognizedClientException", 600, 0, false },
    }
    for _, case in ipairs(cases) do
      it(("%s, %s after %s: %s"):format(table.unpack(case)), function()
        local tracker = skew.new()
        tracker.offset = case[2]
        assert.are.equal(case[4], tracker:explains(case[1], case[3]))
      end)
    end
  end)
end)
