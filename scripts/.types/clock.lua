-- SPDX-License-Identifier: MIT
---@meta clock

---Time, in seconds.
---@class usher.clock
local clock = {}

---The time of day, with microseconds; it jumps when the machine's clock is set. Does not yield.
---@return number seconds since 1970-01-01 UTC
function clock.now() end

---For durations and deadlines: never goes back. Does not yield.
---@return number seconds since some fixed moment
function clock.monotonic() end

---RFC 3339 in UTC, whole seconds: "2026-01-31T23:59:59Z". Raises for a year that has not four digits. Does not yield.
---@param seconds? number since 1970-01-01 UTC; now
---@return string
function clock.iso8601(seconds) end

---RFC 3339 in UTC, "2026-01-31T23:59:59Z", also with +00:00 or a fraction, which is dropped. Does not yield.
---@param text string
---@return integer? seconds since 1970-01-01 UTC; nil when it is no time of this form
function clock.parse_iso8601(text) end

---The preferred form of RFC 9110: "Sun, 06 Nov 1994 08:49:37 GMT". Does not yield.
---@param text string
---@return integer? seconds since 1970-01-01 UTC; nil when it is no date of this form
function clock.parse_http_date(text) end

---Waits, though no longer than the task's own time (task.deadline). Yields.
---@param seconds number 0 or more
function clock.sleep(seconds) end

return clock
