-- SPDX-License-Identifier: MIT
-- clock: what time it is, how it is written, and waiting.
local clock, task = require "clock", require "task"

local WRITTEN <const> = { -- date -u -d @SECONDS
  { 0, "1970-01-01T00:00:00Z" },
  { 1.999, "1970-01-01T00:00:01Z" },
  { -1, "1969-12-31T23:59:59Z" },
  { -0.5, "1969-12-31T23:59:59Z" },
  { 951782400, "2000-02-29T00:00:00Z" },
  { 2147483648, "2038-01-19T03:14:08Z" },
  { 253402300799, "9999-12-31T23:59:59Z" },
}

describe("clock.iso8601", function()
  for _, case in ipairs(WRITTEN) do
    it("writes " .. case[1], function() assert.equal(case[2], clock.iso8601(case[1])) end)
  end

  it("writes now", function()
    local before, text, after = os.date("!%FT%TZ"), clock.iso8601(), os.date("!%FT%TZ")
    assert.is_true(before <= text and text <= after)
  end)

  for _, when in ipairs { 253402300800, -1e18, 1e300, math.huge, -math.huge, 0 / 0 } do
    it("refuses " .. when, function()
      assert.error_matches(function() clock.iso8601(when) end, "not a time")
    end)
  end
end)

describe("clock.parse_iso8601", function()
  for _, case in ipairs(WRITTEN) do
    it("reads " .. case[2], function() assert.equal(case[1] // 1 | 0, clock.parse_iso8601(case[2])) end)
  end

  for _, case in ipairs {
    { "2015-08-30T12:36:00.999Z", 1440938160 },
    { "2015-08-30T12:36:00+00:00", 1440938160 },
    { "2015-08-30T12:36:00+02:00", nil },
    { "2015-08-30T12:36:00", nil },
    { "2015-08-30", nil },
    { "2015-02-29T00:00:00Z", nil },
    { "2015-13-01T00:00:00Z", nil },
    { "", nil },
  } do
    it("makes " .. tostring(case[2]) .. " of " .. case[1], function()
      assert.equal(case[2], clock.parse_iso8601(case[1]))
    end)
  end
end)

-- The rows of core's test_timestamp say more.
describe("clock.parse_http_date reads", function()
  for _, case in ipairs {
    { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
    { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
    { "Sunday, 06-Nov-94 08:49:37 GMT", nil },
    { "Sun Nov  6 08:49:37 1994", nil },
    { "", nil },
  } do
    it(case[1], function() assert.equal(case[2], clock.parse_http_date(case[1])) end)
  end
end)

describe("clock.now and clock.monotonic", function()
  it("agree with the system", function()
    local now = clock.now()
    assert.is_true(math.abs(now - os.time()) <= 1)
    assert.equal("float", math.type(now))
  end)

  it("never go back", function()
    local last = clock.monotonic()
    for _ = 1, 1000 do
      local this = clock.monotonic()
      assert.is_true(this >= last)
      last = this
    end
  end)
end)

describe("clock.sleep", function()
  it("waits at least as long as it was told", function()
    for _, seconds in ipairs { 0, 0.0001, 0.003, 0.02 } do
      local start = clock.monotonic()
      clock.sleep(seconds)
      assert.is_true(clock.monotonic() - start >= seconds - 0.001)
    end
  end)

  it("counts from when it is called, not from when the loop looked last", function()
    local busy = clock.monotonic()
    repeat until clock.monotonic() - busy > 0.03
    local start = clock.monotonic()
    clock.sleep(0.02)
    assert.is_true(clock.monotonic() - start >= 0.019)
  end)

  it("wakes the shortest first", function()
    local order = {}
    local function after(seconds)
      return function()
        clock.sleep(seconds)
        order[#order + 1] = seconds
      end
    end
    task.all { after(0.03), after(0.002), after(0.015), after(0) }
    assert.same({ 0, 0.002, 0.015, 0.03 }, order)
  end)

  for _, seconds in ipairs { -1, -0.001, 1e9, math.huge, 0 / 0 } do
    it("refuses " .. seconds, function()
      assert.error_matches(function() clock.sleep(seconds) end, "not a duration")
    end)
  end
end)
