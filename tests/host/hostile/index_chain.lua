-- SPDX-License-Identifier: MIT
-- expect: error '__index' chain too long
return function()
  local t = {}
  for _ = 1, 5000 do t = setmetatable({}, { __index = t }) end
  return t.absent
end
