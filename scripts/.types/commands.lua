-- SPDX-License-Identifier: MIT
---@meta commands

---Of `usher NAME`. Yields where the command does.
---@param action "list"|"unknown"|"help"|"run"
---@param ... string
---@return integer exit_code
local function commands(action, ...) end

return commands
