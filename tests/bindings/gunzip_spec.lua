-- SPDX-License-Identifier: MIT
-- What zlib has compressed in each of its ways, and what it has not.
local crypto = require "crypto"
local gunzip = require "gunzip"

local MOST <const> = 4096

local numbers = {}
for i = 0, 119 do numbers[#numbers + 1] = i end

local DYNAMIC = "H4sIAAAAAAACAx3Qt1UAQAxEwVYo4Afyph5ySKB/dKR6Kzef379fPx8/3x+CYjhBUjTDoldU1FBHA0200EYHXUyw6zHMscASK6yx"
  .. "wRYXXPEb6XjgiRfe+OBLCKGEEbcxiCSKaGKIJYVU0kgn76Aki2xyyKWEUsoop4K6e4tqaqilhVbaaKeDTvreaXroZYRRxhhngkmm"
  .. "mPt2mGWFVdZYZ4NNtthmD+NpHIechxyInIgciZyJHIqcihyLXO6f7XIP7sk9umf38J7e49P9A5Lt3lp6AQAA"

local CASES = {
  { "stored", "H4sIAAAAAAAEAwELAPT/cGxhaW4gd29yZHOJ8rixCwAAAA==", "plain words" },
  { "with the fixed codes", "H4sIAAAAAAACA0tMT8zMU0jMS1FIRGUBADY96LsZAAAA", "again and again and again" },
  { "with codes of its own", DYNAMIC, "count to " .. table.concat(numbers, ",") },
  { "in two members", "H4sIAAAAAAACA8vPS1UAAElhrCMEAAAAH4sIAAAAAAACAyspzwcAZorKEQMAAAA=", "one two" },
  { "with its file's name", "H4sICAAAAAAC/25hbWUAy0vMTU0BAIfM4HEFAAAA", "named" },
}

describe("what is compressed", function()
  for _, case in ipairs(CASES) do
    local bytes = assert(crypto.unbase64(case[2]))
    it("is read when it is " .. case[1], function() assert.equal(case[3], gunzip(bytes, MOST)) end)
    it("is refused when it is " .. case[1] .. " and cut short", function()
      for n = 0, #bytes - 1 do
        local whole = case[1] == "in two members" and n == 24 -- the first of them
        assert.equal(whole, gunzip(bytes:sub(1, n), MOST) ~= nil, n)
      end
    end)
  end

  it("is refused with a wrong byte", function()
    local bytes = assert(crypto.unbase64(DYNAMIC))
    for at = 11, #bytes do
      local other = bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 0x55) .. bytes:sub(at + 1)
      assert.is_nil((gunzip(other, MOST)), at)
    end
  end)

  it("is refused when it is not", function()
    assert.same({ n = 2, nil, "is no gzip" }, table.pack(gunzip("{}", MOST)))
  end)

  it("is as large as the caller says, and no larger", function()
    local bytes = assert(crypto.unbase64(CASES[4][2])) -- two members count as one text
    assert.equal("one two", gunzip(bytes, #"one two"))
    assert.same({ n = 2, nil, "is too large" }, table.pack(gunzip(bytes, #"one two" - 1)))
  end)
end)
