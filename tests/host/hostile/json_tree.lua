-- SPDX-License-Identifier: MIT
-- expect: error not enough memory
-- Three bytes of text are sixty of what they mean.
local json = require "json"

return function()
  json.decode("[" .. ("[],"):rep(80000) .. "1]")
end
