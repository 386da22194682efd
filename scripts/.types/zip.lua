-- SPDX-License-Identifier: MIT
---@meta zip

---Of `usher lambda --package`: an archive of stored members (APPNOTE 4.3).
---@class usher.zip
local zip = {}

---Does not yield.
---@param members { name: string, data: string, mode: integer }[]
---@return string[] pieces
function zip.pieces(members) end

return zip
