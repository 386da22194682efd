-- SPDX-License-Identifier: MIT
-- MD5 of short strings, for the order in which partitions are scanned; nothing here is about security.
local md5 = {}

local SHIFTS = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } }
local SINES = {}
for i = 1, 64 do SINES[i] = math.floor(math.abs(math.sin(i)) * 4294967296) end

local function mix(round, b, c, d)
  if round == 1 then return (b & c) | (~b & d) end
  if round == 2 then return (d & b) | (~d & c) end
  if round == 3 then return b ~ c ~ d end
  return c ~ (b | (~d & 0xffffffff))
end

local WORD = { function(i) return i end, function(i) return 5 * i + 1 end,
               function(i) return 3 * i + 5 end, function(i) return 7 * i end }

local ORDER = {}
for step = 0, 63 do ORDER[step] = WORD[step // 16 + 1](step) % 16 + 1 end

local function block(a, b, c, d, words)
  local a0, b0, c0, d0 = a, b, c, d
  for step = 0, 63 do
    local round = step // 16 + 1
    local sum = (a + (mix(round, b, c, d) & 0xffffffff) + SINES[step + 1] + words[ORDER[step]]) & 0xffffffff
    local shift = SHIFTS[round][step % 4 + 1]
    a, d, c = d, c, b
    b = (b + (sum << shift | sum >> (32 - shift))) & 0xffffffff
  end
  return (a0 + a) & 0xffffffff, (b0 + b) & 0xffffffff, (c0 + c) & 0xffffffff, (d0 + d) & 0xffffffff
end

local LAYOUT = "<" .. ("I4"):rep(16)

local function digest(text)
  local padded = text .. "\x80" .. ("\0"):rep((55 - #text) % 64) .. ("<I8"):pack(#text * 8)
  local a, b, c, d = 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476
  for at = 1, #padded, 64 do
    a, b, c, d = block(a, b, c, d, { LAYOUT:unpack(padded, at) })
  end
  return ("<I4I4I4I4"):pack(a, b, c, d)
end

function md5.hex(text)
  return (digest(text):gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- The first 24 bits as a number.
function md5.prefix(text)
  return ((">I3"):unpack(digest(text)))
end

return md5
