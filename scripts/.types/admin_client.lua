-- SPDX-License-Identifier: MIT
---@meta admin_client

---The commands' way to a running server: its admin listener. Not for flows.
---@class usher.admin_client
local admin_client = {}

---What such a command's help says of its options
---@type string
admin_client.HELP = ""

---Adds --admin and --json to what a command takes. Raises what was typed wrongly. Does not yield.
---@param args string[]
---@param wanted usher.arguments.Wanted
---@return table given
function admin_client.read(args, wanted) end

---One call; says what is wrong on standard error. Yields.
---@param given table
---@param method string
---@param path string
---@return table? object nil: nothing answers, or something else
---@return string? text
function admin_client.call(given, method, path) end

---Says how a reload or a rollback went. Does not yield.
---@param given table
---@param object table?
---@param text string?
---@return integer code
function admin_client.tell(given, object, text) end

return admin_client
