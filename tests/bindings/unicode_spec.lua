-- SPDX-License-Identifier: MIT
-- What people type has many spellings; unicode makes them one.
local unicode = require "unicode"

-- { what it shows, text, expected }
local nfc = {
  { "plain text stays as it is", "Zoe O'Neill-Smith", "Zoe O'Neill-Smith" },
  { "the empty text", "", "" },
  { "a letter and its accent become one", "Zoe\u{308}", "Zo\u{eb}" },
  { "what is composed already stays", "Zo\u{eb}", "Zo\u{eb}" },
  { "a KELVIN SIGN is a K", "\u{212a}", "K" },
  { "Hangul letters become a syllable", "\u{1112}\u{1161}\u{11ab}", "\u{d55c}" },
  { "marks are put into their order", "a\u{315}\u{300}", "\u{e0}\u{315}" },
  { "a wide letter is not a plain one", "\u{ff21}", "\u{ff21}" },
  { "beyond the basic plane", "\u{1f600}", "\u{1f600}" },
  { "NUL is a character like any other", "e\u{301}\0z", "\u{e9}\0z" },
}

local casefold = {
  { "ASCII", "Jane@Example.COM", "jane@example.com" },
  { "sharp s", "Stra\u{df}e", "strasse" },
  { "final sigma", "\u{39f}\u{3a3}", "\u{3bf}\u{3c3}" },
  { "case and composition at once", "E\u{301}", "\u{e9}" },
  { "the empty text", "", "" },
}

local length = {
  { "ASCII", "abc", 3 },
  { "the empty text", "", 0 },
  { "two bytes a letter", "\u{e9}\u{e9}", 2 },
  { "four bytes a letter", "\u{1f600}", 1 },
  { "an accent of its own counts", "e\u{301}", 2 },
  { "NUL counts", "\0", 1 },
}

local broken = {
  { "a byte that never begins a letter", "\xff" },
  { "a letter that is cut off", "a\xe2\x82" },
  { "an overlong form", "\xc0\xaf" },
  { "half of a surrogate pair", "\xed\xa0\x80" },
  { "beyond U+10FFFF", "\xf4\x90\x80\x80" },
}

-- Putting these in order would take seconds, in which nothing else could run.
local many = {
  { "accents above and below", "e" .. ("\u{301}\u{323}"):rep(30000) },
  { "vowels that are made of two marks", ("\u{f73}"):rep(30000) },
  { "one more than UAX #15 allows", "e" .. ("\u{301}"):rep(31) },
}

describe("unicode", function()
  for _, case in ipairs(many) do
    it("refuses too many marks on a letter: " .. case[1], function()
      for _, name in ipairs { "nfc", "casefold" } do
        assert.same({ nil, "more than 30 marks on one letter" }, { unicode[name](case[2]) })
      end
      assert.equal(utf8.len(case[2]), unicode.length(case[2]))
    end)
  end

  it("takes as many marks as UAX #15 allows", function()
    local text = ("e" .. ("\u{323}"):rep(30)):rep(100)
    assert.equal(("\u{1eb9}" .. ("\u{323}"):rep(29)):rep(100), unicode.nfc(text))
  end)

  for name, cases in pairs { nfc = nfc, casefold = casefold, length = length } do
    for _, case in ipairs(cases) do
      it(name .. ": " .. case[1], function() assert.equal(case[3], unicode[name](case[2])) end)
    end
    for _, case in ipairs(broken) do
      it(name .. " refuses " .. case[1], function()
        local text, message = unicode[name](case[2])
        assert.is_nil(text)
        assert.equal("invalid UTF-8", message)
      end)
    end
    it(name .. " raises for what is no text", function()
      assert.has_error(function() unicode[name](nil) end)
      assert.has_error(function() unicode[name]({}) end)
    end)
  end

  it("leaves NFC text alone, however often it is asked", function()
    local once = unicode.nfc("A\u{30a}ngstro\u{308}m " .. ("x"):rep(5000))
    assert.equal(once, unicode.nfc(once))
  end)
end)
