-- SPDX-License-Identifier: MIT
---@meta script_files

---The scripts of this state, from the binary or from --scripts DIR. Not for flows.
---@class usher.script_files
local script_files = {}

---Does not yield.
---@return { name: string, path: string, hash: string }[] list in order of names, like "lib/form.lua"
function script_files.list() end

---Does not yield.
---@return string origin the folder of --scripts, or "the binary"
function script_files.origin() end

---Does not yield.
---@param name string
---@return string? text
---@return string? path
function script_files.read(name) end

---The main function of a script, with the globals of usher's own; nil when there is none. Raises what is wrong with it.
---Does not yield.
---@param name string
---@return function? chunk
---@return string? path
function script_files.load(name) end

---Raises what is wrong with a script as load would; loads nothing when it is known to have no fault. Does not yield.
---@param name string
function script_files.compile(name) end

return script_files
