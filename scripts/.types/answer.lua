-- SPDX-License-Identifier: MIT
---@meta answer

---Of usher's own: wraps a flow, so that whatever happens inside there is one answer. Does not yield.
---@param handler fun(request: usher.Request): usher.Reply
---@return fun(request: usher.Request): integer|false, string[], string
local function answer(handler) end

return answer
