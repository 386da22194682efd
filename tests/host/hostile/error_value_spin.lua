-- SPDX-License-Identifier: MIT
-- expect: slice
-- Whoever tells of the error asks it for its text.
return function()
  error(setmetatable({}, { __tostring = function() while true do end end }))
end
