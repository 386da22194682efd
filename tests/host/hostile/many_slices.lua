-- SPDX-License-Identifier: MIT
-- expect: cpu
-- Each slice is short; together they are too much.
local clock = require "clock"

return function()
  while true do
    local till = os.clock() + 0.01
    repeat until os.clock() > till
    clock.sleep(0)
  end
end
