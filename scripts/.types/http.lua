-- SPDX-License-Identifier: MIT
---@meta http

---One exchange with another server: HTTP/1.1, TLS verified, connections kept alive. No cookies, no redirects.
---@class usher.http
local http = {}

---@class usher.http.Request
---@field url string|(string|usher.Secret)[] http:// or https://; a list of parts is joined in C
---@field method? string "GET"
---@field headers? table<string, string|usher.Secret|(string|usher.Secret)[]> not those of framing (Content-Length, …)
---@field body? string|(string|usher.Secret)[]
---@field timeout? number seconds for all of it; 30, and never longer than the request that is being answered
---@field max_response? integer bytes of body, scripts.request_memory at most; a longer one fails as too_large
---@field repeatable? boolean it may be sent again when a kept connection turns out dead; false

---@class usher.http.Reply
---@field status integer whatever it is: 404 and 500 are replies, not errors
---@field headers table<string, string> names in lower case; what came more than once is joined by ", " (RFC 9110 §5.3)
---@field body string

---@class usher.http.Error
---@field kind "dns"|"connect"|"tls"|"timeout"|"reset"|"too_large"|"protocol"|"canceled"
---@field message string for people
---@field sent boolean the server may have seen the request: do not blindly send it again

---Sends one request. Raises for a wrong argument, with the name of the option. Yields.
---@param request usher.http.Request an unknown option is an error
---@return usher.http.Reply? reply
---@return usher.http.Error? err when no reply came
function http.fetch(request) end

return http
