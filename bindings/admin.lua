-- SPDX-License-Identifier: MIT
-- The admin listener: GET /metrics (Prometheus text 0.0.4), GET /status.
local config, lifecycle, metrics = require "config", require "lifecycle", require "metrics"

return function(request)
  if request.path == "/metrics" then
    return { headers = { ["Content-Type"] = "text/plain; version=0.0.4" }, body = metrics.render() }
  end
  return { json = {
    version = lifecycle.version(),
    env = config.env,
    uptime_seconds = lifecycle.uptime(),
    draining = lifecycle.draining(),
  } }
end
