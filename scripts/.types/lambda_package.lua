-- SPDX-License-Identifier: MIT
---@meta lambda_package

---Of `usher lambda --package`. Does not yield.
---@param path string
---@param config_path? string
---@return integer exit_code
local function lambda_package(path, config_path) end

return lambda_package
