-- SPDX-License-Identifier: MIT
-- Sandbox: a table's names in order, where the vendor answers, checks or shows them so.
return function(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end
