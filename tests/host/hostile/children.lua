-- SPDX-License-Identifier: MIT
-- expect: slice
-- One child spins; its sisters wait, and its parent would catch an error.
local clock, task = require "clock", require "task"

return function()
  local function wait() clock.sleep(1000) end
  pcall(task.all, { wait, function() while true do end end, wait })
  return { json = { survived = true } }
end
