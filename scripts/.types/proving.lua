-- SPDX-License-Identifier: MIT
---@meta proving

---Of usher's own: proves a set of scripts before it serves.
---@class usher.proving
---@field environment table the globals of a spec
local proving = { environment = {} }

---Yields where a spec does.
---@param handler string
---@param specs function[]
---@return string? faults a line each
function proving.run(handler, specs) end

return proving
