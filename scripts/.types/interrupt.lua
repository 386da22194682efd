-- SPDX-License-Identifier: MIT
---@meta interrupt

---For commands that walk far: a first SIGINT or SIGTERM asks them to stop at a good place, a second ends the process.
---Not for flows.
---@class usher.interrupt
local interrupt = {}

---@class usher.interrupt.Watch
local watch = {}

---Was the command asked to stop? Does not yield.
---@return boolean
function watch:came() end

---Until it is. One task at a time. Yields.
function watch:wait() end

---Until it is collected. Does not yield.
---@return usher.interrupt.Watch
function interrupt.watch() end

return interrupt
