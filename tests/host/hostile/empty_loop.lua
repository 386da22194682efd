-- SPDX-License-Identifier: MIT
-- expect: slice
return function()
  while true do end
end
