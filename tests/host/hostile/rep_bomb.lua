-- SPDX-License-Identifier: MIT
-- expect: error resulting string too large
return function()
  return { body = ("x"):rep(1 << 40) }
end
