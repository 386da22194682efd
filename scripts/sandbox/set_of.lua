-- SPDX-License-Identifier: MIT
-- Sandbox: the items of a list as a set; of nil, an empty one.
return function(list)
  local set = {}
  for _, item in ipairs(list or {}) do set[item] = true end
  return set
end
