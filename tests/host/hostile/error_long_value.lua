-- SPDX-License-Identifier: MIT
-- expect: error ... (200000 bytes)
return function()
  error(setmetatable({}, { __tostring = function() return ("x"):rep(200000) end }))
end
