-- SPDX-License-Identifier: MIT
-- expect: slice
return function()
  table.move({}, 1, 1 << 60, 2)
end
