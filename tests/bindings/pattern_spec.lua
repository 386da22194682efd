-- SPDX-License-Identifier: MIT
-- pattern, string_patterns: what scripts have for string.find, match, gmatch and gsub does what Lua's own do, in
-- a table of corners and for patterns made by chance, errors and their words too.
local guard = require "guard"
local ours = guard.string

-- All results, or the error, as one text that can be compared.
local function outcome(fn, ...)
  local results = table.pack(pcall(fn, ...))
  for i = 1, results.n do results[i] = type(results[i]) .. ":" .. tostring(results[i]) end
  return (table.concat(results, " | "):gsub("to '[^']*'", "to 'it'"))
end

local function all_of(gmatch)
  return function(...)
    local found = {}
    for a, b in gmatch(...) do found[#found + 1] = tostring(a) .. "," .. tostring(b) end
    return table.concat(found, ";")
  end
end

local pairs_of = {
  find = { ours.find, string.find }, match = { ours.match, string.match }, gsub = { ours.gsub, string.gsub },
  gmatch = { all_of(ours.gmatch), all_of(string.gmatch) },
}

local function compare(name, ...)
  local mine, theirs = outcome(pairs_of[name][1], ...), outcome(pairs_of[name][2], ...)
  if mine == theirs then return end
  local words = {}
  for i, value in ipairs { ... } do words[i] = ("%q"):format(tostring(value)) end
  error(("%s(%s)\n  Lua:  %s\n  ours: %s"):format(name, table.concat(words, ", "), theirs, mine), 2)
end

local CORNERS <const> = {
  { "", "" }, { "abc", "" }, { "abc", "^" }, { "abc", "$" }, { "abc", "^$" }, { "", "^$" }, { "a$b", "a$b" },
  { "a.b", ".", 1, true }, { "a.b", "%." }, { "a\0b", "\0" }, { "a\0b", "%z" }, { "a\0b", "[%z]" }, { "a\0b", "a%zb" },
  { "x", "[" }, { "x", "[^" }, { "x", "[]" }, { "]", "[]]" }, { "x", "[^]]" }, { "x", "[a-" }, { "-", "[a-]" },
  { "b", "[a-c]" }, { "%", "[%%]" }, { "]", "[%]]" }, { "x", "%" }, { "x", "[%" }, { "x", "%f" }, { "x", "%fa" },
  { "THE (quick) fox", "%f[%a]%a+%f[%A]" }, { "THE (quick) fox", "%b()" }, { "x", "%b" }, { "x", "%bx" },
  { "((a)", "%b()" }, { "abab", "(ab)%1" }, { "abab", "%1" }, { "abab", "(%1)" }, { "abab", "(ab)%2" }, { "x", "%0" },
  { "abc", "(" }, { "abc", ")" }, { "abc", "(a" }, { "abc", "a)" }, { "abc", "()b()" }, { "abc", "()%1" },
  { "a", ("()"):rep(32) }, { "a", ("()"):rep(33) }, { "a", ("a?"):rep(199) }, { "a", ("a?"):rep(400) },
  { "", ("a*"):rep(400) }, { ("a"):rep(300), ("a?"):rep(250) }, { ("a"):rep(50), "(.-)%1$" }, { "hello", "l+", -3 },
  { "hello", "l", 10 }, { "hello", "", 6 }, { "hello", "", 7 }, { "hello", "l", -100 }, { "hello", "^l", 3 },
  { "hello", "h", 0 }, { "äöü", "[ä-ü]+" }, { "\200\201", "[\128-\255]*" }, { "A1 b2", "%u%d%s%l%d" }, { "x", "%Z" },
  { "x", 1 }, { 123, 2 }, { {}, "a" }, { "a", {} }, { "a", "a", "x" }, { "ab]c", "[]%]]" }, { "a-b", "a--b" },
  { "aaa", "a-$" }, { "aaab", "a-b" }, { "key = value", "^(%w+)%s*=%s*(%w+)$" }, { "x^y", "x^y" }, { "a?b", "a%?b" },
}

local REPLACEMENTS <const> = {
  "", "x", "%0", "%1", "%2", "%%", "%", "%x", "<%1%0>", 7, true, {}, { a = "A", ab = false, b = 3 },
  function() end, function(a, b) return b or a end, function() return {} end, function() return 1.5 end,
}

describe("patterns of scripts", function()
  it("have Lua's corners", function()
    for _, row in ipairs(CORNERS) do
      compare("find", row[1], row[2], row[3], row[4])
      compare("match", row[1], row[2], row[3])
      compare("gmatch", row[1], row[2], row[3])
      for _, replacement in ipairs(REPLACEMENTS) do
        compare("gsub", row[1], row[2], replacement)
        compare("gsub", row[1], row[2], replacement, 1)
      end
      compare("gsub", row[1], row[2], nil)
      compare("gsub", row[1], row[2], "x", "y")
    end
  end)

  local PIECES <const> = {
    "a", "b", ".", "%a", "%A", "%d", "%s", "%w", "%%", "[ab]", "[^a]", "[a-b]", "[%a_]", "(", ")", "()", "*", "+", "-",
    "?", "^", "$", "%1", "%2", "%b()", "%bab", "%f[a]", "%f[%w]", "%", "[", "]", "\0", "1", "(a*)", "(.-)",
  }
  local LETTERS <const> = { "a", "b", "a", "b", " ", "1", "(", ")", "_", "%", "\0", "\255", "A", "]" }

  local function some(list, most)
    local parts = {}
    for i = 1, math.random(0, most) do parts[i] = list[math.random(#list)] end
    return table.concat(parts)
  end

  it("are Lua's for patterns made by chance", function()
    local seed = math.random(1 << 30)
    math.randomseed(seed)
    for i = 1, 30000 do
      local subject, pattern = some(LETTERS, 12), some(PIECES, 6)
      local from = math.random(4) == 1 and math.random(-14, 14) or nil
      local ok, problem = pcall(function()
        compare("find", subject, pattern, from)
        compare("match", subject, pattern, from)
        compare("gmatch", subject, pattern, from)
        compare("gsub", subject, pattern, REPLACEMENTS[i % #REPLACEMENTS + 1], from and math.abs(from))
      end)
      if not ok then error(("seed %d: %s"):format(seed, problem), 0) end
    end
  end)

  it("go by the coroutine that calls them", function()
    local next_word = ours.gmatch("one two", "%a+")
    assert.equal("one", next_word())
    assert.equal("two", coroutine.wrap(next_word)())
  end)
end)
