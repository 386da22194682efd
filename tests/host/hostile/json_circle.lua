-- SPDX-License-Identifier: MIT
-- expect: error in a circle
return function()
  local t = {}
  t.t = t
  return { json = t }
end
