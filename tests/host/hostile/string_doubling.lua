-- SPDX-License-Identifier: MIT
-- expect: error not enough memory
return function()
  local s = "x"
  while true do s = s .. s end
end
