-- SPDX-License-Identifier: MIT
local nearest = require "nearest"

describe("nearest", function()
  local names = { host = 1, port = 2, ports = 3 }
  for wrong, right in pairs { hots = "host", prt = "port", portss = "ports", port = "port", zzzz = "host" } do
    it(wrong .. " is " .. right, function() assert.equal(right, nearest(wrong, names)) end)
  end

  it("knows nothing without names", function() assert.is_nil(nearest("a", {})) end)
end)
