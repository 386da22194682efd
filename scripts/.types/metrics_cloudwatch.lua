-- SPDX-License-Identifier: MIT
---@meta metrics_cloudwatch

---Of usher's own: metrics sent with PutMetricData.
---@class usher.metrics_cloudwatch
local cloudwatch = {}

---Yields.
function cloudwatch.send() end

return cloudwatch
