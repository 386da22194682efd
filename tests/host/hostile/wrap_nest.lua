-- SPDX-License-Identifier: MIT
-- expect: error too many coroutines inside each other
return function()
  local function deeper() return coroutine.wrap(deeper)() end
  deeper()
end
