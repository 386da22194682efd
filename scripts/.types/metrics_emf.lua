-- SPDX-License-Identifier: MIT
---@meta metrics_emf

---Of usher's own: metrics in CloudWatch's embedded metric format, on standard output.
---@class usher.metrics_emf
local emf = {}

---Does not yield.
function emf.send() end

return emf
