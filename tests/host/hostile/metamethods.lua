-- SPDX-License-Identifier: MIT
-- expect: slice
return function()
  local spin = function() while true do end end
  local a = setmetatable({}, { __eq = spin, __lt = spin, __concat = spin, __index = spin, __len = spin, __call = spin })
  pcall(function() return a .. a end)
  pcall(function() return a == setmetatable({}, getmetatable(a)) end)
  return a < a
end
