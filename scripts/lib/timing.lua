-- SPDX-License-Identifier: MIT
-- How long things took lately, so that what must not be told apart can take as long. A concealed answer waits
-- until a duration drawn from the recent real ones has passed: then both come from one distribution, whatever
-- the load is. While only few are known, the real ones wait as well. Kept by each worker for itself, in memory.
local clock, task = require "clock", require "task"

local timing = {}

local KEPT <const>, FEW <const> = 64, 8 -- the newest of each kind; fewer than this say nothing yet
local FIRST <const> = 0.5         -- seconds, where too little has been seen yet; up to twice that
local ROUNDING <const> = 0.0005   -- seconds by which sleep is late, on the average: it counts whole milliseconds
local RESERVE <const> = 0.5       -- seconds before the request's deadline that are left alone

local recent = {} -- kind -> { n = how many there were, [1..KEPT] = seconds }


local function list_of(kind)
  recent[kind] = recent[kind] or { n = 0 }
  return recent[kind]
end


-- One of the recent durations, by chance.
local function draw(list)
  if list.n < FEW then return FIRST * (1 + math.random()) end
  return list[math.random(math.min(list.n, KEPT))]
end


-- Until so many seconds have passed since `started`; never over the request's deadline.
local function wait_until(started, seconds)
  local till, deadline = started + seconds, task.deadline()
  if deadline then till = math.min(till, deadline - RESERVE) end
  local left = till - clock.monotonic() - ROUNDING
  if left > 0 then clock.sleep(left) end
end


-- So long does something real of this kind take.
function timing.record(kind, seconds)
  local list = list_of(kind)
  list[list.n % KEPT + 1] = seconds
  list.n = list.n + 1
end


-- Something real of this kind began at `started` (clock.monotonic), and is over but for a moment. -> the seconds by
-- which it was held up. Yields.
function timing.hold(kind, started)
  local list, now = list_of(kind), clock.monotonic()
  if list.n >= FEW then return 0 end
  wait_until(started, draw(list))
  return clock.monotonic() - now
end


-- Waits until a duration of this kind has passed since `started`. Yields.
function timing.wait(kind, started)
  wait_until(started, draw(list_of(kind)))
end


return timing
