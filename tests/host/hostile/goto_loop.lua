-- SPDX-License-Identifier: MIT
-- expect: slice
return function()
  ::again:: goto again
end
