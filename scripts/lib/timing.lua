-- SPDX-License-Identifier: MIT
-- How long things took lately, so that what must not be told apart can take as long. A concealed answer waits
-- until a duration drawn from the recent real ones has passed: then both come from one distribution, whatever
-- the load is. Kept by each worker for itself, in memory.
local clock, task = require "clock", require "task"

local timing = {}

local KEPT <const> = 64           -- the newest of each kind
local FIRST <const> = 0.5         -- seconds, where nothing has been seen yet; up to twice that
local ROUNDING <const> = 0.0005   -- seconds by which sleep is late, on the average: it counts whole milliseconds
local RESERVE <const> = 0.5       -- seconds before the request's deadline that are left alone

local recent = {} -- kind -> { n = how many there were, [1..KEPT] = seconds }


function timing.record(kind, seconds)
  local list = recent[kind] or { n = 0 }
  recent[kind] = list
  list[list.n % KEPT + 1] = seconds
  list.n = list.n + 1
end


-- One of the recent durations, by chance.
function timing.draw(kind)
  local list = recent[kind]
  if not list then return FIRST * (1 + math.random()) end
  return list[math.random(math.min(list.n, KEPT))]
end


-- Waits until a duration of this kind has passed since `started` (clock.monotonic); never over the deadline.
-- Yields.
function timing.wait(kind, started)
  local till = started + timing.draw(kind)
  local deadline = task.deadline()
  if deadline then till = math.min(till, deadline - RESERVE) end
  local left = till - clock.monotonic() - ROUNDING
  if left > 0 then clock.sleep(left) end
end


return timing
