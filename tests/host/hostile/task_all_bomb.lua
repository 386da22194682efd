-- SPDX-License-Identifier: MIT
-- expect: error too many tasks
local task = require "task"

return function()
  local all = {}
  for i = 1, 1000 do all[i] = function() end end
  task.all(all)
end
