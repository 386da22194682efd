-- SPDX-License-Identifier: MIT
-- expect: status 200
-- Tables are read raw: no metamethod of theirs runs.
return function()
  local spin = function() while true do end end
  return { json = setmetatable({ a = 1 }, { __index = spin, __pairs = spin, __len = spin }) }
end
