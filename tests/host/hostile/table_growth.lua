-- SPDX-License-Identifier: MIT
-- expect: error not enough memory
return function()
  local t = {} -- luacheck: ignore
  while true do t[#t + 1] = {} end
end
