-- SPDX-License-Identifier: MIT
-- expect: slice
-- A comparison that is not a script's.
return function()
  local list = {}
  for i = 1, 30000 do list[i] = i % 1000 end
  while true do table.sort(list, math.ult) end
end
