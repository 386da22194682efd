-- SPDX-License-Identifier: MIT
-- expect: error resulting string too large
return function()
  local s = ("x"):rep(200000)
  while true do s = ("%s%s"):format(s, s) end
end
