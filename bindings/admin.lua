-- SPDX-License-Identifier: MIT
-- The admin listener: GET /metrics (Prometheus text 0.0.4), GET /status, POST /reload, POST /rollback.
local config, fail, json = require "config", require "fail", require "json"
local lifecycle, metrics, reload = require "lifecycle", require "metrics", require "reload"

local actions = {}

actions["/metrics"] = function()
  if not config.metrics.prometheus then fail(404, "not_found") end
  return { headers = { ["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8" }, body = metrics.render() }
end

actions["/status"] = function()
  local scripts = reload.status()
  return { json = {
    version = lifecycle.version(),
    env = config.env,
    uptime_seconds = lifecycle.uptime(),
    draining = lifecycle.draining(),
    scripts = scripts and json.decode(scripts),
  } }
end

local function outcome(ok, message)
  return { status = ok and 200 or 409, json = { ok = ok, message = message } }
end

-- Reads, proves and swaps; answers when every worker serves the new version, or with why it was refused.
actions["/reload"] = function() return outcome(reload.now()) end

-- ?to=NUMBER of a version that /status lists; without it, the one before the current.
actions["/rollback"] = function(request)
  local number = math.tointeger(tonumber((request.query.to or "0"):match("^%d%d?%d?%d?%d?%d?$")))
  if not number then return outcome(false, "to takes the number of a version that GET /status lists") end
  return outcome(reload.rollback(number))
end

return function(request)
  return actions[request.path](request)
end
