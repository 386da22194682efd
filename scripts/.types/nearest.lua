-- SPDX-License-Identifier: MIT
---@meta nearest

---The right name for a misspelt one, for "did you mean …?". Does not yield.
---@param name string
---@param known table<string, any> a set of names
---@return string? name nil: there are none
local function nearest(name, known) end

return nearest
