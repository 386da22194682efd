-- SPDX-License-Identifier: MIT
---@meta testing

---Of `usher test`. Yields.
---@param ... string files and folders
---@return integer exit_code
local function testing(...) end

return testing
