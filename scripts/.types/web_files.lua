-- SPDX-License-Identifier: MIT
---@meta web_files

---What these scripts have below web/ but scripts: for browsers.
---@class usher.web_files
local web_files = {}

---All of them, by their names below web/. Does not yield.
---@return table<string, { text: string, hash: string }> files hash: SHA-256, hexadecimal
function web_files.all() end

return web_files
