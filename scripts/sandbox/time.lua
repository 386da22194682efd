-- SPDX-License-Identifier: MIT
-- The sandbox's clock: the real one plus an offset, so that a spec (or a person) can let a day pass at
-- once.
local clock = require "clock"

local time = {}
local offset = 0

function time.now()
  return clock.now() + offset
end

-- Epoch seconds with the three decimals that the vendors show.
function time.stamp()
  return math.floor(time.now() * 1000) / 1000
end

function time.advance(seconds)
  offset = offset + seconds
end

function time.reset()
  offset = 0
end

-- ISO 8601 basic format, as signatures write it.
function time.basic(t)
  return os.date("!%Y%m%dT%H%M%SZ", math.floor(t)) --[[@as string]]
end

return time
