-- SPDX-License-Identifier: MIT
-- expect: error not enough memory
return function()
  local all = {} -- luacheck: ignore
  while true do
    local co = coroutine.create(function() coroutine.yield() end)
    coroutine.resume(co)
    all[#all + 1] = co
  end
end
