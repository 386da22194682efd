-- SPDX-License-Identifier: MIT
---@meta form

---application/x-www-form-urlencoded, with Stripe's nesting: a[b][c]=v, a[0]=x.
---@class usher.form
local form = {}

---Percent-encodes all but RFC 3986's unreserved characters; a space is %20. Does not yield.
---@param text string
---@return string
function form.escape(text) end

---Percent escapes. Does not yield.
---@param text string
---@return string
function form.unescape_path(text) end

---Percent escapes, and + as a space. Does not yield.
---@param text string
---@return string
function form.unescape(text) end

---The same table makes the same bytes. Raises for what a form cannot carry. Does not yield.
---@param t table
---@return string text
function form.encode(t) end

---Does not yield.
---@param text string
---@param limits? { pairs?: integer, depth?: integer }
---@return table? params
---@return string? problem
---@return string? key that has it
function form.decode(text, limits) end

return form
