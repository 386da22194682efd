-- SPDX-License-Identifier: MIT
---@meta router

---Of usher's own: finds the flow of routes.lua. Yields where the flow does.
---@param request usher.Request
---@return usher.Reply
local function router(request) end

return router
