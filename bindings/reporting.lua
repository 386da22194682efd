-- SPDX-License-Identifier: MIT
-- Which ways the metrics leave, by the settings. Loaded by router.lua; the jobs run on one worker.
local background, config, metrics = require "background", require "config", require "metrics"

local WORDS <const> = {
  usher_http_requests_total = "Requests answered, by listener and status.",
  usher_http_request_seconds = "From the first byte of a request to its answer.",
  usher_upstream_seconds = "One exchange with a service, by operation and what came of it.",
  usher_upstream_retries_total = "Calls to a service that were tried again, by the reason.",
  usher_credentials_seconds_left = "Until the AWS credentials end; below 0 they have ended, and stay in use.",
  usher_credentials_refreshes_total = "AWS credentials that were fetched or renewed.",
  usher_credentials_refresh_failures_total = "Fetching or renewing AWS credentials failed.",
  usher_job_seconds = "One run of a background job.",
  usher_job_failures_total = "Runs of a background job that failed.",
  usher_log_lines_lost_total = "Lines of the log that were lost, as nobody read standard error.",
  usher_emf_refused_total = "EMF that standard output did not take, as nobody read it; it comes again.",
  usher_metrics_dropped_total = "Values that were lost: too many series, or a name of another kind.",
}

for name, help in pairs(WORDS) do metrics.describe(name, help) end
metrics.common { env = config.env }
metrics.count("usher_log_lines_lost_total", 0)
if config.metrics.emf == "on" then metrics.count("usher_emf_refused_total", 0) end

for _, way in ipairs { "emf", "cloudwatch" } do
  if config.metrics[way] == "on" then
    background.every(config.metrics.interval, way, require("metrics_" .. way).send, { at_end = true })
  end
end

return true
