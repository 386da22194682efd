-- SPDX-License-Identifier: MIT
-- expect: error not enough memory
return function()
  local f
  while true do
    local before = f
    f = function() return before end
  end
end
