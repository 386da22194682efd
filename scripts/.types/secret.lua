-- SPDX-License-Identifier: MIT
---@meta secret

---A secret that Lua cannot read: it prints as <secret NAME>, and http, crypto and sigv4 take it as it is. Scripts get
---theirs from config.
---@class usher.Secret

---@class usher.secret
local secret = {}

---Reads a secret now. Does not yield.
---@param name string what it prints as
---@param source string "env:VARIABLE" or "file:PATH"
---@return usher.Secret? handle
---@return string? problem
function secret.open(name, source) end

---Makes a handle of a text; for tests, tools and the sandbox. At most 65536 bytes. Does not yield.
---@param name string
---@param value string
---@return usher.Secret handle
function secret.new(name, value) end

---Does not yield.
---@param value any
---@return boolean
function secret.is(value) end

---The same secret percent-encoded, as the value of a form takes it. Does not yield.
---@param handle usher.Secret
---@return usher.Secret handle
function secret.escaped(handle) end

return secret
