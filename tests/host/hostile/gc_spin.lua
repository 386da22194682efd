-- SPDX-License-Identifier: MIT
-- expect: error __gc
-- Hooks are off in finalizers, so a script has none.
return function()
  setmetatable({}, { __gc = function() while true do end end })
end
