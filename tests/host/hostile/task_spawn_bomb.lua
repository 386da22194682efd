-- SPDX-License-Identifier: MIT
-- expect: error too many tasks
-- then: wall_time
local clock, task = require "clock", require "task"

return function()
  local function breed()
    task.spawn(function() clock.sleep(1000) end)
    task.spawn(breed)
  end
  while true do breed() end
end
