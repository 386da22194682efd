-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: what a drill or a spec may change while the sandbox runs, and the one place where faults
-- enter.
local switches = {
  search_lag = 0,  -- seconds until search sees what was written; Stripe's is about 60
  restricted = {}, -- operation names for which the key lacks the permission (403)
}

-- Every operation runs through this one function. A fault before the effect acts and does not call run; a
-- fault after it calls run first. It may sleep: meanwhile the request's Idempotency-Key counts as in use
-- (409).
function switches.around(_, _, run)
  return run()
end

return switches
