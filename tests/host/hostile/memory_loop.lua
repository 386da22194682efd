-- SPDX-License-Identifier: MIT
-- expect: slice
-- Out of memory is an error that can be caught; doing so forever is another matter.
return function()
  while true do
    pcall(function()
      local t = {}
      while true do t[#t + 1] = ("x"):rep(10000) .. #t end
    end)
  end
end
