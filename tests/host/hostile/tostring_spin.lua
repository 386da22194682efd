-- SPDX-License-Identifier: MIT
-- expect: slice
return function()
  return { body = ("%s"):format(setmetatable({}, { __tostring = function() while true do end end })) }
end
