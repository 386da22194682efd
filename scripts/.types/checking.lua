-- SPDX-License-Identifier: MIT
---@meta checking

---Of `usher check`. Does not yield.
---@return integer exit_code
local function checking() end

return checking
