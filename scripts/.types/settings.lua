-- SPDX-License-Identifier: MIT
---@meta settings

---Of usher's own: reads the settings. A script has them as config.
---@class usher.settings
local settings = {}

---What load left out because sources.lenient said so: one line for each secret
---@type string[]
settings.missing = {}

---Does not yield.
---@param sources { [integer]: string[], lenient?: boolean } { name, text }; the first is config/usher.lua
---@return usher.config? config
---@return string[]? problems
function settings.load(sources) end

return settings
