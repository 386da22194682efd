-- SPDX-License-Identifier: MIT
-- bindings: how far this machine's clock is from a service's, learned from the Date of its answers, so that
-- a host with a wrong clock can still sign. Pure; aws.lua keeps one per service.

local skew = {}

local WINDOW <const> = 240    -- seconds: a smaller error cannot be why a signature was refused
local MAX_TRIP <const> = 900  -- seconds: a slower answer says nothing about now

local months = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10,
  Nov = 11, Dec = 12 }

local codes = { AuthFailure = true, InvalidSignatureException = true, RequestExpired = true,
  RequestInTheFuture = true, RequestTimeTooSkewed = true, SignatureDoesNotMatch = true,
  AccessDeniedException = true }


-- Days from 1970-01-01 to a date of the Gregorian calendar; the year is made to begin in March, so that the
-- leap day is its last.
local function days(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = year // 400
  local year_of_era = year - era * 400
  local day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468
end


-- "Sun, 06 Nov 1994 08:49:37 GMT" -> epoch seconds (integer) | nil. Only the form that senders must use.
function skew.parse_date(text)
  local day, name, year, hour, minute, second =
    text:match("^%a%a%a, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$")
  local month = months[name]
  if not month then return nil end
  local clock = tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second)
  return days(tonumber(year), month, tonumber(day)) * 86400 + clock
end


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
  if headers.date ~= self.text then self.text, self.date = headers.date, skew.parse_date(headers.date) end
  if self.date then self.offset = self.date - now end
end


-- Was a request that was signed with offset `used` refused because of the clock?
function tracker:explains(code, used)
  return codes[code] == true and math.abs(self.offset - used) >= WINDOW
end


return skew
