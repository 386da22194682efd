-- SPDX-License-Identifier: MIT
---@meta limiter

---Token buckets by key, one table for all workers. It outlives reloads, not restarts.
---@class usher.limiter
local limiter = {}

---Takes from a bucket that fills at `rate` and holds `burst`. Keep people out of keys: hash what identifies them.
---Raises for figures that make no bucket. Does not yield.
---@param name string of the limit
---@param key string who is limited; name and key together are what is counted
---@param rate number a second, 1e-6 to 1e9
---@param burst number at once
---@param cost? number from 0 to burst; 1
---@return boolean ok
---@return number? seconds until it would be; for Retry-After
function limiter.take(name, key, rate, burst, cost) end

return limiter
