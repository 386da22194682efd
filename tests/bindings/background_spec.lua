-- SPDX-License-Identifier: MIT
local background = require "background"

describe("background.every", function()
  -- name -> what no job can be repeated after
  local CASES <const> = { ["nothing"] = 0, ["less than nothing"] = -1, ["too little"] = 1e-6, ["no number"] = 0 / 0,
    ["for ever"] = math.huge, ["longer than a year"] = 1e9, ["text"] = "1" }
  for name, seconds in pairs(CASES) do
    it("refuses " .. name, function()
      local ok, problem = pcall(background.every, seconds, "job", function() end)
      assert.is_false(ok)
      assert.matches("background.every: seconds is a number from 0.001 to a year$", problem)
    end)
  end
end)
