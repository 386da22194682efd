-- SPDX-License-Identifier: MIT
-- expect: error resulting string too large
return function()
  local s = ("a"):rep(1000)
  while true do s = s:gsub("a", s) end
end
