-- SPDX-License-Identifier: MIT
-- expect: error too many steps
return function()
  for _ in (("a"):rep(3000) .. "b"):gmatch "(a*)a*a*c" do end -- luacheck: ignore
end
