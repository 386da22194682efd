-- SPDX-License-Identifier: MIT
---@meta health

---Of usher's own: GET /healthz and /readyz. Does not yield.
---@param request usher.Request
---@return usher.Reply
local function health(request) end

return health
