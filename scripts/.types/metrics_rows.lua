-- SPDX-License-Identifier: MIT
---@meta metrics_rows

---Of usher's own: what CloudWatch is told.
---@class usher.metrics_rows
local rows = {}

---Does not yield.
---@param reader "emf"|"cloudwatch"
---@return table[] rows
function rows.take(reader) end

return rows
