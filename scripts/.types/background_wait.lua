-- SPDX-License-Identifier: MIT
---@meta background_wait

---Of usher's own: the sleep of a job. See background.
---@class usher.background_wait
local background_wait = {}

---Yields.
---@param seconds number
---@param phase "serving"|"draining"|"last"
---@return "serving"|"draining"|"last" phase what the process does now
function background_wait.wait(seconds, phase) end

return background_wait
