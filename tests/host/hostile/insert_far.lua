-- SPDX-License-Identifier: MIT
-- expect: slice
-- 2^53 fields that are not there are moved by one.
return function()
  table.insert(setmetatable({}, { __len = function() return 1 << 53 end }), 1, "x")
end
