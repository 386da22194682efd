-- SPDX-License-Identifier: MIT
-- expect: error http.fetch: too large
-- A body in parts, which are all the same one.
local http = require "http"

return function()
  local part, parts = ("x"):rep(200000), {}
  for i = 1, 10000 do parts[i] = part end
  http.fetch { url = "http://127.0.0.1:1/", method = "POST", body = parts }
end
