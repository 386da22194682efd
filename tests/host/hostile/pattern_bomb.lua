-- SPDX-License-Identifier: MIT
-- expect: error too many steps
return function()
  return string.find(("a"):rep(400), ".-.-.-.-b$")
end
