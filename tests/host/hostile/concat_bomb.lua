-- SPDX-License-Identifier: MIT
-- expect: error resulting string too large
return function()
  local long, list = ("x"):rep(100000), {}
  for i = 1, 1000 do list[i] = long end
  return { body = table.concat(list) }
end
