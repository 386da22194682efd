-- SPDX-License-Identifier: MIT
---@meta background

---Jobs that run beside the requests, once per process, whatever the number of workers. Register them in jobs.lua.
---@class usher.background
local background = {}

---Runs fn that long after the start, and after the end of each of its runs. A run has the limits of a request. What it
---raises is logged as job_failed and counted, and the next run comes all the same. With at_end it runs once more when
---the process drains, and a last time when everything else has ended. Does not yield; fn may.
---@param seconds number from 0.001 to a year
---@param name string for the log and the metrics
---@param fn fun()
---@param options? { at_end?: boolean }
function background.every(seconds, name, fn, options) end

---Of usher's own: all jobs, until the process has drained. Yields.
function background.run() end

return background
