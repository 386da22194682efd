-- SPDX-License-Identifier: MIT
-- expect: lost a header that cannot be sent
return function()
  return { headers = { ["X-Name"] = "a\r\nSet-Cookie: b" } }
end
