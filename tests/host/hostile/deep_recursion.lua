-- SPDX-License-Identifier: MIT
-- expect: error not enough memory
-- Lua's stack grows until the request's part of the memory is full; with more of it, until Lua's own end of it.
return function()
  local function deeper(n) return 1 + deeper(n + 1) end
  return deeper(1)
end
