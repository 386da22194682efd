-- SPDX-License-Identifier: MIT
-- expect: cpu
local clock, task = require "clock", require "task"

return function()
  local function burn()
    local till = os.clock() + 0.01
    repeat until os.clock() > till
    clock.sleep(0)
    return burn()
  end
  task.spawn(burn)
  task.all { burn, burn }
end
