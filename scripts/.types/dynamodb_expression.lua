-- SPDX-License-Identifier: MIT
---@meta dynamodb_expression

---Of dynamodb's own: the words of a request.
---@class usher.dynamodb_expression
local expression = {}

---@class usher.dynamodb_expression.Scope
local scope = {}

---Does not yield.
---@param name string
---@return string alias
function scope:alias(name) end

---Does not yield.
---@param word string
---@param value any
---@return string placeholder
function scope:value(word, value) end

---Does not yield.
---@param text string
---@return string
function scope:aliased(text) end

---Does not yield.
---@param text? string
---@return string?
function scope:text(text) end

---Does not yield.
---@param path string dotted
---@return string
function scope:path(path) end

---Does not yield.
---@param request table
---@return string
function scope:update(request) end

---Does not yield.
---@param wire table
---@return table wire the same
function scope:into(wire) end

---Does not yield.
---@param names? table<string, string>
---@param values? table<string, any>
---@return usher.dynamodb_expression.Scope
function expression.scope(names, values) end

---Would a second run change the item again? Does not yield.
---@param text string
---@return boolean
function expression.accumulates(text) end

return expression
