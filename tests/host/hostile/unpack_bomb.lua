-- SPDX-License-Identifier: MIT
-- expect: error too many results to unpack
return function()
  return table.unpack({}, 1, 1 << 30)
end
