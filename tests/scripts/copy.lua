-- SPDX-License-Identifier: MIT
-- A deep copy, for stand-ins that must not hand out what they keep.
local function copy(value)
  if type(value) ~= "table" then return value end
  local result = setmetatable({}, getmetatable(value))
  for name, entry in pairs(value) do result[copy(name)] = copy(entry) end
  return result
end


return copy
