-- SPDX-License-Identifier: MIT
-- expect: error more than 62 headers
return function()
  local headers = {}
  for i = 1, 200 do headers["X-" .. i] = "y" end
  return { headers = headers }
end
