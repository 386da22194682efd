-- SPDX-License-Identifier: MIT
---@meta admin

---Of usher's own: the admin listener's flow. Yields.
---@param request usher.Request
---@return usher.Reply
local function admin(request) end

return admin
