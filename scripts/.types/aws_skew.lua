-- SPDX-License-Identifier: MIT
---@meta aws_skew

---Of aws's own: how far this machine's clock is from a service's.
---@class usher.aws_skew
local skew = {}

---@class usher.aws_skew.Tracker
---@field offset number seconds
local tracker = {}

---Does not yield.
---@param headers table<string, string>
---@param sent_at number seconds since 1970
---@param now number
function tracker:observe(headers, sent_at, now) end

---Does not yield.
---@param code string
---@param used number
---@return boolean
function tracker:explains(code, used) end

---Does not yield.
---@param off boolean
---@return usher.aws_skew.Tracker
function skew.new(off) end

---"Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7). Does not yield.
---@param text string
---@return integer? seconds since 1970
function skew.parse_date(text) end

return skew
