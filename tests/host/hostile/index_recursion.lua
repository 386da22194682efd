-- SPDX-License-Identifier: MIT
-- expect: error C stack overflow
return function()
  local t = setmetatable({}, {})
  getmetatable(t).__index = function(_, key) return t[key .. "x"] end
  return t.x
end
