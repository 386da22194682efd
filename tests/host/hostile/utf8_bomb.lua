-- SPDX-License-Identifier: MIT
-- expect: slice
return function()
  local s = ("ä"):rep(400000)
  while true do utf8.len(s) end
end
