-- SPDX-License-Identifier: MIT
-- expect: error ... (200000 bytes)
return function()
  error(("x"):rep(200000), 0)
end
