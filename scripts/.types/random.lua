-- SPDX-License-Identifier: MIT
---@meta random

---Numbers that nobody can guess; in a world of a spec, those of its seed. Bytes, texts and ids are crypto's.
---@class usher.random
local random = {}

---Does not yield.
---@return number number 0 <= it < 1
function random.number() end

---Each as likely. Does not yield.
---@param low integer
---@param high integer not less than low; both may come
---@return integer integer
function random.integer(low, high) end

---One entry, each as likely. Does not yield.
---@param list any[]
---@return any entry nil of an empty list
function random.pick(list) end

return random
