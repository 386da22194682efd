-- SPDX-License-Identifier: MIT
---@meta admin_client

---The commands' way to a running server: its admin listener. Not for flows.
---@class usher.admin_client
local admin_client = {}

---What such a command's help says of its options
---@type string
admin_client.HELP = ""

---What such a command takes: --admin, --json and these. Does not yield.
---@param values table<string, usher.arguments.Kind>
---@return usher.arguments.Wanted
function admin_client.wanted(values) end

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
