-- SPDX-License-Identifier: MIT
-- The admin listener: GET /metrics (Prometheus text 0.0.4), GET /status.
local config, fail, lifecycle, metrics = require "config", require "fail", require "lifecycle", require "metrics"

return function(request)
  if request.path == "/metrics" then
    if not config.metrics.prometheus then fail(404, "not_found") end
    return { headers = { ["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8" }, body = metrics.render() }
  end
  return { json = {
    version = lifecycle.version(),
    env = config.env,
    uptime_seconds = lifecycle.uptime(),
    draining = lifecycle.draining(),
  } }
end
