-- SPDX-License-Identifier: MIT
-- expect: slice
-- What is closed on the way out does not go out.
return function()
  local _ <close> = setmetatable({}, { __close = function() while true do end end })
  while true do end
end
