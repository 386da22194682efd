-- SPDX-License-Identifier: MIT
-- The one place where a pool's Lambda triggers run. Nothing is configured to run yet: an event asks here
-- first and goes on with the answer, so that whoever adds triggers changes this file alone. run(pool,
-- source, user, detail) returns the trigger's `response` table, or raises the vendor's Lambda failures.
local triggers = {}

function triggers.run(_pool, _source, _user, _detail)
  return {}
end

return triggers
