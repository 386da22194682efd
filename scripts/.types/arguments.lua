-- SPDX-License-Identifier: MIT
---@meta arguments

---What a command's words mean. For scripts/commands.
---@class usher.arguments
local arguments = {}

---@alias usher.arguments.Kind fun(text: string): any, string?

---@class usher.arguments.Wanted options without "--"
---@field names? string[] words in their order; all must be there
---@field flags? string[]
---@field values? table<string, usher.arguments.Kind>
---@field rest? string what the words that are left are called; they become a list

---Reads the words of a command; what does not fit ends it with exit code 2. Does not yield.
---@param args string[]
---@param wanted usher.arguments.Wanted
---@return table found dashes of options become underscores
function arguments.read(args, wanted) end

---Raises: the command was called wrongly. Does not yield.
---@param message string
function arguments.refuse(message) end

---Does not yield.
---@param value any
---@return boolean
function arguments.is_usage(value) end

---A kind of value: any text but "". Does not yield.
---@param text string
---@return string? value
---@return string expected
function arguments.text(text) end

---A kind of value: a number inside bounds. Does not yield.
---@param low number
---@param high number
---@return usher.arguments.Kind
function arguments.number(low, high) end

---A kind of value: a number of days inside bounds; the value is in seconds. Does not yield.
---@param low number
---@param high number
---@return usher.arguments.Kind
function arguments.days(low, high) end

---A kind of value: a whole number. Does not yield.
---@param text string
---@return integer? value
---@return string expected
function arguments.integer(text) end

return arguments
