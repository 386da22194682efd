-- SPDX-License-Identifier: MIT
-- expect: slice
-- The closing value of a generic for.
return function()
  local closing = setmetatable({}, { __close = function() while true do end end })
  for _ in function() return nil end, nil, nil, closing do end -- luacheck: ignore
end
