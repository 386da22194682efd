-- SPDX-License-Identifier: MIT
-- expect: status 200
-- For this Lua's own string.rep counts to 2^60.
return function()
  return { body = (""):rep(1 << 60) }
end
