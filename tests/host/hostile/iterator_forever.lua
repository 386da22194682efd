-- SPDX-License-Identifier: MIT
-- expect: slice
return function()
  for _ in coroutine.wrap(function() while true do coroutine.yield(1) end end) do end -- luacheck: ignore
end
