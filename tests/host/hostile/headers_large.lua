-- SPDX-License-Identifier: MIT
-- expect: lost headers are too large
return function()
  return { headers = { ["X-Name"] = ("y"):rep(100000) } }
end
