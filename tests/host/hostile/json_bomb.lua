-- SPDX-License-Identifier: MIT
-- expect: error json.encode: too large
-- Forty tables, a million million times the same.
return function()
  local t = {}
  for _ = 1, 40 do t = { t, t } end
  return { json = t }
end
