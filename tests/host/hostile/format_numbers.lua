-- SPDX-License-Identifier: MIT
-- expect: error resulting string too large
return function()
  local numbers = {}
  for i = 1, 10000 do numbers[i] = 1e308 end
  return { body = ("%99.99f"):rep(#numbers):format(table.unpack(numbers)) }
end
