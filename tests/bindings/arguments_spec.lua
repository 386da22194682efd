-- SPDX-License-Identifier: MIT
-- A command's words, as cases: what is read, or what is said.
local arguments = require "arguments"

local WANTED <const> = {
  names = { "EMAIL" }, flags = { "json", "dry-run" },
  values = { rate = arguments.number(1, 100), ["older-than"] = arguments.days(0, 7), state = arguments.text },
}

local READ <const> = {
  { { "a@b.c" }, { EMAIL = "a@b.c" } },
  { { "--json", "a@b.c" }, { EMAIL = "a@b.c", json = true } },
  { { "a@b.c", "--dry-run" }, { EMAIL = "a@b.c", dry_run = true } },
  { { "--rate", "2.5", "a@b.c" }, { EMAIL = "a@b.c", rate = 2.5 } },
  { { "--rate=7", "a@b.c" }, { EMAIL = "a@b.c", rate = 7 } },
  { { "--older-than", "0.5", "a@b.c" }, { EMAIL = "a@b.c", older_than = 43200.0 } },
  { { "--state=x=y", "a@b.c" }, { EMAIL = "a@b.c", state = "x=y" } },
  { { "--", "--json" }, { EMAIL = "--json" } },
  { { "-" }, { EMAIL = "-" } },
}

local REFUSED <const> = {
  { {}, "EMAIL is missing" },
  { { "" }, "EMAIL is missing" },
  { { "a", "b" }, "'b' is one word too many" },
  { { "--jsn", "a" }, "there is no option --jsn; did you mean --json?" },
  { { "--json=1", "a" }, "--json takes no value" },
  { { "a", "--rate" }, "--rate takes a number from 1 to 100" },
  { { "--rate", "many", "a" }, "--rate takes a number from 1 to 100, not 'many'" },
  { { "--rate=101", "a" }, "--rate takes a number from 1 to 100, not '101'" },
  { { "--older-than=8", "a" }, "--older-than takes a number from 0 to 7, not '8'" },
  { { "--state=", "a" }, "--state takes something, not ''" },
}


describe("arguments", function()
  it("reads what is left into a list, and whole numbers", function()
    local wanted = { names = { "FILE" }, rest = "ARG", values = { seed = arguments.integer } }
    assert.same({ FILE = "a", ARG = { "b", "c" }, seed = -7 },
      arguments.read({ "a", "b", "--seed", "-7", "c" }, wanted))
    assert.same({ FILE = "a", ARG = {} }, arguments.read({ "a" }, wanted))
    assert.has_error(function() arguments.read({ "a", "--seed=1.5" }, wanted) end)
  end)

  for _, case in ipairs(READ) do
    it("reads " .. table.concat(case[1], " "), function()
      assert.same(case[2], arguments.read(case[1], WANTED))
    end)
  end

  for _, case in ipairs(REFUSED) do
    it("refuses '" .. table.concat(case[1], " ") .. "'", function()
      local ok, problem = pcall(arguments.read, case[1], WANTED)
      assert.is_false(ok)
      assert.is_true(arguments.is_usage(problem))
      assert.equal(case[2], tostring(problem))
    end)
  end
end)
