-- SPDX-License-Identifier: MIT
-- expect: slice
return function()
  table.remove(setmetatable({}, { __len = function() return 1 << 53 end }), 1)
end
