-- SPDX-License-Identifier: MIT
---@meta files

---What Lua's io and os leave out about folders. Synchronous. Not for flows.
---@class usher.files
local files = {}

---Does not yield.
---@param folder string
---@return { name: string, folder: boolean, modified: number }[]? list in order of names; seconds since 1970
---@return string? message
function files.list(folder) end

---One that is there is fine. Does not yield.
---@param path string
---@return boolean? made
---@return boolean|string is_new or what is wrong
function files.make_folder(path) end

return files
