-- SPDX-License-Identifier: MIT
---@meta unicode

---What Lua's utf8 library leaves out, so that one spelling is one person. Text that is not UTF-8 gives nil and
---"invalid UTF-8"; to nfc and casefold, more than 30 marks on one letter are none either.
---@class usher.unicode
local unicode = {}

---Canonical composition (UAX #15). Does not yield.
---@param text string
---@return string? text
---@return string? problem
function unicode.nfc(text) end

---Full case folding, then NFC: texts that differ only in case become the same bytes. Does not yield.
---@param text string
---@return string? text
---@return string? problem
function unicode.casefold(text) end

---How many code points. Does not yield.
---@param text string
---@return integer? length
---@return string? problem
function unicode.length(text) end

return unicode
