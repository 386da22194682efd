-- SPDX-License-Identifier: MIT
-- expect: slice
return function()
  xpcall(error, function() while true do end end, "handled by a spin")
end
