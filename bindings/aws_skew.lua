-- SPDX-License-Identifier: MIT
-- bindings: how far this machine's clock is from a service's, learned from the Date of its answers, so that
-- a host with a wrong clock can still sign. Pure; aws.lua keeps one per service.
local clock = require "clock"

local skew = {}

local WINDOW <const> = 240    -- seconds: a smaller error cannot be why a signature was refused
local MAX_TRIP <const> = 900  -- seconds: a slower answer says nothing about now

local codes = { AuthFailure = true, InvalidSignatureException = true, RequestExpired = true,
  RequestInTheFuture = true, RequestTimeTooSkewed = true, SignatureDoesNotMatch = true,
  AccessDeniedException = true }

local tracker = { __name = "aws.skew" }
tracker.__index = tracker


-- A tracker with offset 0: sign at now + tracker.offset. One that is off learns nothing.
function skew.new(off)
  return setmetatable({ offset = 0, off = off }, tracker)
end


-- Learns from one answer: its lower-case headers, and the local times (epoch seconds) of sending and arrival.
-- An answer out of a cache (Age) tells the time of another day. All answers of one second have the same Date.
function tracker:observe(headers, sent_at, now)
  if self.off or headers.age or now - sent_at > MAX_TRIP or not headers.date then return end
  if headers.date ~= self.text then self.text, self.date = headers.date, clock.parse_http_date(headers.date) end
  if self.date then self.offset = self.date - now end
end


-- Was a request that was signed with offset `used` refused because of the clock?
function tracker:explains(code, used)
  return codes[code] == true and math.abs(self.offset - used) >= WINDOW
end


return skew
