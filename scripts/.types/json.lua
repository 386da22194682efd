-- SPDX-License-Identifier: MIT
---@meta json

---JSON (RFC 8259). Integers stay integers, arrays stay arrays, null is json.null.
---@class usher.json
---@field null userdata JSON's null; it is true in a condition, so compare with it
local json = { null = {} }

---@class usher.json.DecodeOptions
---@field unique? boolean refuse an object that has a key twice; false
---@field nul? boolean take \u0000 in a string; false
---@field depth? integer levels, 1 to 512; 32
---@field size? integer bytes; 16777216

---@class usher.json.EncodeOptions
---@field sorted? boolean keys in order, so that the same value is the same bytes; false
---@field depth? integer levels, 1 to 512; 128

---Reads JSON: UTF-8, no NUL. Arrays are marked as json.array does. Does not yield.
---@param text string
---@param options? usher.json.DecodeOptions
---@return any value nil when it cannot be read
---@return string? problem where and why; without a piece of the text
function json.decode(text, options) end

---Writes JSON. Raises, with the path, for what is none: a function, a handle, nan, a string that is not UTF-8, a table
---that is neither a list nor an object. An empty table is {}; see json.array. Does not yield.
---@param value any
---@param options? usher.json.EncodeOptions
---@return string text
function json.encode(value, options) end

---Marks a table as an array, so that it is [] when it is empty. Does not yield.
---@generic T: table
---@param list? T a new one
---@return T list the same
function json.array(list) end

---Would it be written as an array: marked, or a sequence that is not empty? Does not yield.
---@param value any
---@return boolean
function json.is_array(value) end

return json
