-- SPDX-License-Identifier: MIT
-- within(seconds, fn, ...): runs fn with so much time for all its calls together, and gives what it gives. What
-- it raises is raised. Yields.
local task = require "task"

return function(seconds, fn, ...)
  local arguments, results = table.pack(...), nil
  task.all { function()
    task.limit(seconds)
    results = table.pack(fn(table.unpack(arguments, 1, arguments.n)))
  end }
  return table.unpack(results, 1, results.n)
end
