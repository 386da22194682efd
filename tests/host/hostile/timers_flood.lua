-- SPDX-License-Identifier: MIT
-- expect: error too many tasks
local task = require "task"

return function()
  for _ = 1, 1000 do task.after(0, function() end) end
end
