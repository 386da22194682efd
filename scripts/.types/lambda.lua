-- SPDX-License-Identifier: MIT
---@meta lambda

---Of `usher lambda`: ends the process, and never returns. Yields.
---@param name string a module that returns usher.LambdaFunction
---@param problem? string
local function lambda(name, problem) end

return lambda
