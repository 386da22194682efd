-- SPDX-License-Identifier: MIT
---@meta reload

---Of usher's own: the admin listener's word on the versions of the scripts. Raises where nothing serves.
---@class usher.reload
local reload = {}

---Yields until every worker has swapped, or the set was refused.
---@return boolean ok
---@return string message
function reload.now() end

---Yields.
---@param number? integer of a kept version; the one before the current
---@return boolean ok
---@return string message
function reload.rollback(number) end

---Does not yield.
---@return string? json current, older, last_refusal; nil where nothing can be reloaded
function reload.status() end

return reload
