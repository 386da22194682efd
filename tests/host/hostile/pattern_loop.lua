-- SPDX-License-Identifier: MIT
-- expect: slice
-- Each of these is over its budget; that is an error like others, and caught.
return function()
  while true do pcall(string.match, ("a"):rep(400), ".-.-.-.-b$") end
end
