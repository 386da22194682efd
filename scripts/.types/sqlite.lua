-- SPDX-License-Identifier: MIT
---@meta sqlite

---Of the sandbox: its database. Synchronous: it holds the loop up. Errors after open are raised. Not for flows.
---@class usher.sqlite
local sqlite = {}

---@class usher.sqlite.Database
local database = {}

---Statements without values. Does not yield.
---@param sql string
function database:exec(sql) end

---Does not yield.
---@param sql string
---@param ... any values of its "?"
---@return table<string, any>[] rows
function database:rows(sql, ...) end

---Does not yield.
---@param sql string
---@param ... any
---@return table<string, any>? row the first
function database:row(sql, ...) end

---Does not yield.
---@param sql string
---@param ... any
---@return integer changes
function database:run(sql, ...) end

---for row in database:each(sql, …). Does not yield.
---@param sql string
---@param ... any
---@return fun(): table?
function database:each(sql, ...) end

---fn may not yield. What it raises rolls back. Does not yield.
---@param fn fun(...): ...
---@return any ...
function database:transaction(fn) end

---Does not yield.
function database:close() end

---Does not yield.
---@param path string
---@return usher.sqlite.Database? database
---@return string? problem
function sqlite.open(path) end

---A value that is stored as a blob. Does not yield.
---@param bytes string
---@return userdata
function sqlite.blob(bytes) end

return sqlite
