-- SPDX-License-Identifier: MIT
-- Jobs that run beside the requests, once per process: on one worker, whatever generation of scripts it has.
-- scripts/jobs.lua registers them while the scripts are loaded; every worker does, and one of them calls run.
local clock, log, metrics, task = require "clock", require "log", require "metrics", require "task"
local background_wait = require "background_wait"

local background = {}

local SHORTEST <const>, LONGEST <const> = 0.001, 365 * 86400 -- seconds

local jobs = {}


-- background.every(seconds, name, fn[, { at_end = true }]): fn runs that long after the start and after each
-- of its runs. When the process drains, it ends; with at_end it runs once more, and a last time when everything
-- else has ended. It may yield. Each run has the limits of a request (config.scripts); an error is logged, a run
-- that is stopped too, and the next one comes all the same. Does not yield.
function background.every(seconds, name, fn, options)
  if type(seconds) ~= "number" or not (seconds >= SHORTEST and seconds <= LONGEST) then
    error("background.every: seconds is a number from 0.001 to a year", 2)
  end
  if type(name) ~= "string" then error("background.every: name is a string", 2) end
  if type(fn) ~= "function" then error("background.every: fn is a function", 2) end
  jobs[#jobs + 1] = { seconds = seconds, name = name, fn = fn, at_end = options and options.at_end or false }
end


local function attempt(job)
  local started = clock.monotonic()
  local ok, problem = background_wait.attempt(job.fn)
  metrics.observe("usher_job_seconds", clock.monotonic() - started, { job = job.name })
  if ok then return end
  metrics.count("usher_job_failures_total", 1, { job = job.name })
  log.error("job_failed", { job = job.name, error = problem })
end


local function repeat_until_end(job)
  local phase = "serving"
  repeat
    phase = background_wait.wait(job.seconds, phase)
    if phase == "serving" or job.at_end then attempt(job) end
  until phase == "last" or phase == "draining" and not job.at_end
end


-- Runs all jobs side by side until the process has drained. Called by host.c, on one worker. Yields.
function background.run()
  local loops = {}
  for i, job in ipairs(jobs) do
    metrics.count("usher_job_failures_total", 0, { job = job.name })
    loops[i] = function() repeat_until_end(job) end
  end
  task.all(loops)
end


return background
