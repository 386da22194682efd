-- SPDX-License-Identifier: MIT
---@meta settings_file

---The text of config/usher.lua -> a settings file in which every setting is a comment with its default. Does not yield.
---@param defaults string
---@return string
local function settings_file(defaults) end

return settings_file
