-- SPDX-License-Identifier: MIT
-- expect: slice
-- No line of a script runs, and nothing grows: each of 2^53 fields is the empty string.
return function()
  return { body = table.concat(setmetatable({}, { __index = table.concat }), "", 1, 1 << 53) }
end
