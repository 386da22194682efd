-- SPDX-License-Identifier: MIT
-- expect: error not enough memory
return function()
  local t = {}
  while true do t[#t + 1] = {} end
end
