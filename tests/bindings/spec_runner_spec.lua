-- SPDX-License-Identifier: MIT
-- `usher test`: an exit code that can be trusted, whatever a spec does.
local folder = require "tests.bindings.folder"

local CASES <const> = { -- what the specs do, the files, the exit code, what is printed
  { "pass", { ["a_spec.lua"] = "describe('a', function() it('b', function() assert.is_true(true) end) end)" }, 0,
    "1 success" },
  { "wait for I/O", { ["a_spec.lua"] = "it('b', function() require 'clock'.sleep(0) end)" }, 0, "1 success" },
  { "fail", { ["a_spec.lua"] = "it('b', function() assert.is_true(false) end)" }, 1, "1 failure" },
  { "raise", { ["a_spec.lua"] = "it('b', function() error 'x' end)" }, 1, "1 error" },
  { "fail after waiting", { ["a_spec.lua"] = "it('b', function() require 'clock'.sleep(0) error 'x' end)" }, 1,
    "1 error" },
  { "raise outside a test", { ["a_spec.lua"] = "describe('a', function() error 'x' end) it('b', function() end)" }, 1,
    "1 error" },
  { "raise before all", { ["a_spec.lua"] = "it('b', function() end) setup(function() error 'x' end)" }, 1, "error" },
  { "do not compile", { ["a_spec.lua"] = "it(", ["b_spec.lua"] = "it('b', function() end)" }, 1, "a_spec.lua:1:" },
  { "have no test", { ["a_spec.lua"] = "describe('a', function() end)" }, 1, "no test ran" },
  { "are not there", { ["other.lua"] = "it('b', function() end)" }, 1, "no test ran" },
  { "pass and fail", { ["a_spec.lua"] = "it('b', function() end)", ["x/b_spec.lua"] = "it('c', error)" }, 1,
    "1 success" },
}

describe("usher test", function()
  for _, case in ipairs(CASES) do
    it("of specs that " .. case[1], function()
      folder.with(case[2], function(path)
        local code, text = folder.run("test " .. path)
        assert.is_truthy(text:find(case[4], 1, true), text)
        assert.equal(case[3], code)
      end)
    end)
  end

  it("of a file that is not there", function()
    local code, text = folder.run "test /nowhere/a_spec.lua"
    assert.equal(1, code)
    assert.matches("/nowhere/a_spec.lua", text, 1, true)
  end)
end)
