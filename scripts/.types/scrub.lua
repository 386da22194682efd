-- SPDX-License-Identifier: MIT
---@meta scrub

---Takes out of a text what the request brought. Does not yield.
---@param text string
---@param request usher.Request
---@return string
local function scrub(text, request) end

return scrub
