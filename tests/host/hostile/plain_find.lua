-- SPDX-License-Identifier: MIT
-- expect: status 200
-- Looked for byte by byte this is 10^10 comparisons.
return function()
  return { json = { found = ("a"):rep(200000):find(("a"):rep(90000) .. "b", 1, true) } }
end
