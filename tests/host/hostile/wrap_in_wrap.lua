-- SPDX-License-Identifier: MIT
-- expect: slice
-- Eight coroutines deep, each with a net under it.
return function()
  local function deeper(n)
    if n == 0 then while true do end end
    while true do pcall(coroutine.wrap(deeper), n - 1) end
  end
  deeper(8)
end
