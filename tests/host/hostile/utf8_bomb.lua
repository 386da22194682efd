-- SPDX-License-Identifier: MIT
-- expect: slice
return function()
  local s = ("ä"):rep(100000)
  while true do utf8.len(s) end
end
