-- SPDX-License-Identifier: MIT
-- expect: slice
return function()
  local _ <close> = setmetatable({}, { __close = function() while true do end end })
  error "now it closes"
end
