-- SPDX-License-Identifier: MIT
-- expect: slice
-- In a comparison Lua cannot yield: the stop is an error there, and this handler would be run for it.
return function()
  local function spin() while true do end end
  table.sort({ 3, 2, 1 }, function()
    xpcall(spin, spin)
    return false
  end)
end
