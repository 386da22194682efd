-- SPDX-License-Identifier: MIT
-- expect: error json.decode: not enough memory
-- Three bytes of text are a hundred of its tree, which is not Lua's.
local json = require "json"

return function()
  json.decode("[" .. ("[],"):rep(80000) .. "1]")
end
