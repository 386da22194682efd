-- SPDX-License-Identifier: MIT
-- expect: error not enough memory
return function()
  return { body = string.pack("c1000000000", "x") }
end
