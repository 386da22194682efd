-- SPDX-License-Identifier: MIT
---@meta latch

---One task waits, another opens. Not for flows.
---@class usher.latch
local latch = {}

---@class usher.latch.Latch
local closed = {}

---For good; whoever waits goes on. Does not yield.
function closed:open() end

---One task at a time. Yields.
---@param seconds? number
---@return boolean is_open false: time was over first
function closed:wait(seconds) end

---Does not yield.
---@return usher.latch.Latch
function latch.new() end

return latch
