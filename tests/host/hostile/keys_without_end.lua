-- SPDX-License-Identifier: MIT
-- expect: slice
-- A list whose length Lua can only guess: 2^40. Whoever looks for a key in it looks for hours.
local crypto, json, jwt = require "crypto", require "json", require "jwt"

return function()
  local keys = {
    1, 1, 1, 1, [5] = 1,
    [1 << 3] = 1, [1 << 4] = 1, [1 << 5] = 1, [1 << 6] = 1, [1 << 7] = 1, [1 << 8] = 1, [1 << 9] = 1,
    [1 << 10] = 1, [1 << 11] = 1, [1 << 12] = 1, [1 << 13] = 1, [1 << 14] = 1, [1 << 15] = 1, [1 << 16] = 1,
    [1 << 17] = 1, [1 << 18] = 1, [1 << 19] = 1, [1 << 20] = 1, [1 << 21] = 1, [1 << 22] = 1, [1 << 23] = 1,
    [1 << 24] = 1, [1 << 25] = 1, [1 << 26] = 1, [1 << 27] = 1, [1 << 28] = 1, [1 << 29] = 1, [1 << 30] = 1,
    [1 << 31] = 1, [1 << 32] = 1, [1 << 33] = 1, [1 << 34] = 1, [1 << 35] = 1, [1 << 36] = 1, [1 << 37] = 1,
    [1 << 38] = 1, [1 << 39] = 1, [1 << 40] = 1,
  }
  local head = crypto.base64url(json.encode { alg = "RS256" })
  return jwt.verify(head .. "." .. head .. ".AAAA", { keys = keys })
end
