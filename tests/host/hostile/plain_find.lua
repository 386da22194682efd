-- SPDX-License-Identifier: MIT
-- expect: status 200
-- Looked for byte by byte this is 10^11 comparisons.
return function()
  return { json = { found = ("a"):rep(900000):find(("a"):rep(400000) .. "b", 1, true) } }
end
