-- SPDX-License-Identifier: MIT
-- expect: wall_time
local clock, task = require "clock", require "task"

return function()
  task.all { function() clock.sleep(1000) end, function() clock.sleep(2000) end }
end
