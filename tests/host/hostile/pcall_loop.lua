-- SPDX-License-Identifier: MIT
-- expect: slice
-- Each stop, were it an error, would be caught and begun anew.
return function()
  while true do pcall(function() while true do end end) end
end
