-- SPDX-License-Identifier: MIT
---@meta embedded

---What the build put inside the binary, whatever --scripts says. Not for flows.
---@class usher.embedded
local embedded = {}

---Does not yield.
---@param prefix string
---@return string[] paths as in the source tree, in order: "scripts/lib/form.lua"
function embedded.list(prefix) end

---Does not yield.
---@param path string
---@return string? text nil: there is no such file
function embedded.read(path) end

---The main function of a Lua file; nil when there is no such file. Does not yield.
---@param path string
---@return function?
function embedded.load(path) end

return embedded
