-- SPDX-License-Identifier: MIT
-- expect: error too many steps
-- A long set, at each of a few characters.
return function()
  return ("b"):rep(1000):find("[" .. ("a"):rep(100000) .. "]")
end
