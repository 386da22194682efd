-- SPDX-License-Identifier: MIT
---@meta admin_listener

---The commands' way to a running server: its admin listener. Not for flows.
---@class usher.admin_listener
local admin_listener = {}

---What such a command's help says of its options
---@type string
admin_listener.HELP = ""

---Adds --admin and --json to what a command takes. Raises what was typed wrongly. Does not yield.
---@param args string[]
---@param wanted usher.arguments.Wanted
---@return table given
function admin_listener.read(args, wanted) end

---One call; says what is wrong on standard error. Yields.
---@param given table
---@param method string
---@param path string
---@return table? object nil: nothing answers, or something else
---@return string? text
function admin_listener.call(given, method, path) end

---Says how a reload or a rollback went. Does not yield.
---@param given table
---@param object table?
---@param text string?
---@return integer code
function admin_listener.tell(given, object, text) end

return admin_listener
