-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: what a drill or a spec may change while the sandbox runs, and the one place where faults
-- enter.
local errors, faults = require "sandbox.stripe.errors", require "sandbox.faults"

local switches = {
  search_lag = 0,  -- seconds until search sees what was written; Stripe's is about 60
  restricted = {}, -- operation names for which the key lacks the permission (403)
}

-- What Stripe says of a status, where the fault does not.
local DEFAULTS = {
  [402] = { type = "card_error", code = "card_declined", decline_code = "generic_decline",
    message = "Your card was declined." },
  [409] = { type = "idempotency_error", code = "idempotency_key_in_use" },
  [429] = { code = "rate_limit", message = "Request rate limit exceeded. Learn more about rate limits here "
    .. "https://stripe.com/docs/rate-limits." },
}
local HEADERS = { [409] = { ["Stripe-Should-Retry"] = "true" },
  [429] = { ["Stripe-Rate-Limited-Reason"] = "global-rate" } }
local PASSING = { [401] = true, [403] = true, [409] = true, [429] = true }

-- A fault's error in Stripe's words. What a retry cures is not kept under the Idempotency-Key; Stripe's own failure is,
-- once the operation has run.
local function refuse(wanted, has_run)
  local status = wanted.status or 500
  local default = not wanted.code and DEFAULTS[status] or { type = (DEFAULTS[status] or {}).type }
  errors.raise({
    type = wanted.type or default.type or status >= 500 and "api_error" or "invalid_request_error",
    message = wanted.message or default.message or "An error occurred on our side. Please try again later.",
    code = wanted.code or default.code, decline_code = wanted.decline_code or default.decline_code,
    param = wanted.param,
  }, { status = status, early = status >= 500 and not has_run or PASSING[status], headers = HEADERS[status] })
end

-- Every operation runs through this one function; a fault may break it. While a call hangs, its Idempotency-Key
-- counts as in use (409). ctx.instead says what is sent after the effect: faults.NO_ANSWER, while the answer itself is
-- kept under the key, or a function that raises.
function switches.around(route, ctx, run)
  local request = { service = "stripe", body = ctx.req.body or "", req = ctx.req, token = ctx.idempotency_key,
    names = { route.name, route.method .. " " .. route.path, route.method .. " " .. ctx.sent_path } }
  local broken, ok, object = faults.around(request, run)
  local dropped = broken == faults.NO_ANSWER
  if dropped then
    ctx.instead = broken
  elseif broken and ok ~= nil then
    ctx.instead = function() refuse(broken, true) end
  end
  if ok == nil then refuse(dropped and {} or broken) end
  if not ok then error(object, 0) end
  return object
end

return switches
