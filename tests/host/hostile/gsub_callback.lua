-- SPDX-License-Identifier: MIT
-- expect: slice
return function()
  return (("x"):gsub("x", function() while true do end end))
end
