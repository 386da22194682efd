-- SPDX-License-Identifier: MIT
---@meta process

---What a program may ask of its own process. Not for flows.
---@class usher.process
local process = {}

---Only where no other thread reads. Does not yield.
---@param name string
---@param value? string nil takes it away
function process.setenv(name, value) end

---Does not yield.
---@return string[] paths of all shared libraries, the loader among them
function process.libraries() end

return process
