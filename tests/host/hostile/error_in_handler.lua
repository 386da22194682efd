-- SPDX-License-Identifier: MIT
-- expect: slice
return function()
  local function failing() error "again" end
  while true do xpcall(error, failing, "first") end
end
