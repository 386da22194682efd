-- SPDX-License-Identifier: MIT
-- expect: error not enough memory
return function()
  local s = ("x"):rep(200000)
  while true do s = ("%s%s"):format(s, s) end
end
