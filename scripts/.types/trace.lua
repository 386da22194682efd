-- SPDX-License-Identifier: MIT
---@meta trace

---The X-Ray trace that a Lambda function works for.
---@class usher.trace
---@field id? string "Root=1-…;Parent=…;Sampled=1"
local trace = {}

return trace
