-- SPDX-License-Identifier: MIT
---@meta _

---What a flow gets; no module for scripts has this name. It can be read until it is answered; later use raises. All
---texts are strings, "" when empty.
---@class usher.Request
---@field method string "GET", "POST", …
---@field path string as it was sent, without the query and proxy.strip_prefix
---@field target string as it was sent
---@field query_string string as it was sent, without "?"
---@field query table<string, string> the parameters, decoded; the first of each name counts
---@field body string all of it; limits.body is the longest
---@field id string the request id: of the log, and of every error's answer
---@field remote string the client's address, behind as many proxies as proxy.trusted_hops says
---@field remote_key string of that address, for limits: an IPv4 address, or the /64 of an IPv6 one
---@field listener string "public" for flows
local request = {}

---The first header of that name, any case. Does not yield.
---@param name string
---@return string? value
function request:header(name) end

---All headers as they were sent. Does not yield.
---@return string[][] list of { name, value }
function request:headers() end

---Will nobody read the answer any more? Does not yield.
---@return boolean
function request:gone() end

---Will the client send no more? It may have left. Does not yield.
---@return boolean
function request:half_closed() end

---The body as a JSON object. Answers 415 when Content-Type is not application/json, and 400 when it is no object, has a
---key twice, a NUL, or more than 32 levels. Does not yield.
---@return table
function request:json() end

---Behind request.query; use that. Does not yield.
---@return table<string, string>
function request:query() end

---A cookie (RFC 6265 §4.2). Does not yield.
---@param name string
---@return string? value
function request:cookie(name) end

return request
