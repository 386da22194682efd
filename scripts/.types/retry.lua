-- SPDX-License-Identifier: MIT
---@meta retry

---Of aws's own: is a failed call tried again, and after how long.
---@class usher.retry
local retry = {}

---@class usher.retry.Policy
local policy = {}

---@class usher.retry.Try
---@field ambiguous boolean
---@field attempt integer
local try = {}

---Does not yield.
---@param mode "none"|"throttle"|"safe"
---@param deadline number seconds of clock.monotonic
---@param attempts? integer
---@return usher.retry.Try
function policy:begin(mode, deadline, attempts) end

---Does not yield.
---@param i integer from 0
---@param kind string
---@param hint? number
---@return number seconds
function policy:delay(i, kind, hint) end

---Does not yield.
---@param err table
---@param kind? string
---@return number? seconds
---@return "final"|"mode"|"attempts"|"deadline"|"tokens"|nil why
function try:next(err, kind) end

---Does not yield.
function try:succeeded() end

---@class usher.retry.Settings
---@field attempts? integer
---@field base? number seconds
---@field throttle_base? number seconds
---@field never? table<string, true>
---@field clock fun(): number
---@field random? fun(): number

---Does not yield.
---@param settings usher.retry.Settings
---@return usher.retry.Policy
function retry.new(settings) end

---Does not yield.
---@param err table
---@param never? table<string, true>
---@return "throttling"|"conflict"|"skew"|"transient"|nil
function retry.kind(err, never) end

---Does not yield.
---@param err table
---@param kind? string
---@return boolean
function retry.is_ambiguous(err, kind) end

---Does not yield.
---@param headers table<string, string>
---@param now number seconds since 1970
---@param parse_date fun(text: string): integer?
---@return number? seconds
function retry.hint(headers, now, parse_date) end

return retry
