-- SPDX-License-Identifier: MIT
-- For specs: testing.world(settings) makes a world with everything in this process and nothing shared: usher's scripts,
-- Cognito, DynamoDB, Stripe, SES, Slack and the rest of the sandbox, no sockets, a time that jumps instead of passing,
-- and randomness from a seed. world.lua says what a world can do. The same under `usher test` and at a reload.
local virtual = require "virtual" -- not where usher serves
local world = require "world"

local testing = {
  seed = 1, -- of every world; `usher test` chooses one and says it
}

-- 2026-01-01T00:00:00Z
local BEGINNING <const> = 1767225600


-- testing.world([{ section = { setting = value } }]) -> a new world; the one before is over. Does not yield.
function testing.world(settings)
  virtual.start(BEGINNING, testing.seed)
  math.randomseed(testing.seed)
  return world.new(settings)
end


-- The last world is over: time is real again, and randomness is nobody's. Who runs specs calls it after each file.
function testing.finish()
  virtual.stop()
  math.randomseed()
end


return testing
