-- SPDX-License-Identifier: MIT
-- expect: slice
-- Comparing any two of these takes a while; Lua's own sort would do it a million times before anybody could say a word.
return function()
  local long, list = ("x"):rep(200000), {}
  for i = 1, 10000 do list[i] = long end
  table.sort(list)
end
