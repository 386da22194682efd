-- SPDX-License-Identifier: MIT
-- expect: error resulting string too large
return function()
  return { body = ("%q"):format(("\0"):rep(200000)) }
end
