-- SPDX-License-Identifier: MIT
---@meta lifecycle

---The process.
---@class usher.lifecycle
local lifecycle = {}

---Does it take no new requests any more? Does not yield.
---@return boolean
function lifecycle.draining() end

---Does not yield.
---@return number seconds since the start
function lifecycle.uptime() end

---Does not yield.
---@return string
function lifecycle.version() end

return lifecycle
