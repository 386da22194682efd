-- SPDX-License-Identifier: MIT
---@meta marks

---Names that all workers share until somebody takes them away. They outlive reloads, not restarts.
---@class usher.marks
local marks = {}

---Does not yield.
---@param name string
---@return boolean is_new
function marks.add(name) end

---Does not yield.
---@param name string
---@return boolean was_there
function marks.remove(name) end

---Does not yield.
---@param prefix string
---@return integer
function marks.count(prefix) end

---Does not yield.
---@param prefix string
---@return string[] names oldest first
function marks.list(prefix) end

return marks
