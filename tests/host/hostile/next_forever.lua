-- SPDX-License-Identifier: MIT
-- expect: slice
-- All calls, no line of a script: an iterator of Lua's own that never ends.
return function()
  for _ in rawequal, 1, 1 do end -- luacheck: ignore
  for _ in select, "#", 1 do end -- luacheck: ignore
end
