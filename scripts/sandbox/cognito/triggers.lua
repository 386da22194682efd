-- SPDX-License-Identifier: MIT
-- The one place where a pool's Lambda triggers run. run(pool, source, user, detail) returns the trigger's
-- `response` table, or raises the vendor's Lambda failures. None can be run yet: a pool that names one is told
-- so in the log, and the event goes on as if the trigger had changed nothing. Whoever adds triggers changes
-- this file alone.
local log = require "log"

local triggers = {}

-- source is triggerSource of the event, like "PreSignUp_SignUp"; LambdaConfig knows its first half.
function triggers.run(pool, source, _user, _detail)
  local configured = (pool.settings.LambdaConfig or {})[source:match("^[^_]+")]
  if configured then
    log.warn("sandbox.trigger_not_run", { pool = pool.id, source = source, lambda = tostring(configured) })
  end
  return {}
end

return triggers
