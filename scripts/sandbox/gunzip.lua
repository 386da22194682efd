-- SPDX-License-Identifier: MIT
-- Bodies that SDKs have compressed (RFC 1951, 1952). Called by the frame (aws_json), after which nobody sees that
-- there was a Content-Encoding.
local crypto = require "crypto"

local LARGEST = 16 * 1024 * 1024 -- as large as a request may be that is not compressed
local LENGTHS = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
  195, 227, 258 }
local DISTANCES = { 1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
  3073, 4097, 6145, 8193, 12289, 16385, 24577 }
local CODE_ORDER = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 }

-- --- bits: reader is {data, at, bits, count} ---

local function fill(reader, n)
  while reader.count < n do
    local byte = reader.data:byte(reader.at)
    if not byte then error("ends too early", 0) end
    reader.bits = reader.bits | byte << reader.count
    reader.at, reader.count = reader.at + 1, reader.count + 8
  end
end

local function drop(reader, n)
  reader.bits, reader.count = reader.bits >> n, reader.count - n
end

local function take(reader, n)
  fill(reader, n)
  local value = reader.bits & (1 << n) - 1
  drop(reader, n)
  return value
end

-- --- Huffman codes: {[the next `most` bits] = symbol << 4 | length, most = n} ---

local function reversed(code, length)
  local result = 0
  for _ = 1, length do
    result, code = result << 1 | code & 1, code >> 1
  end
  return result
end

-- lengths: {[symbol] = bits of its code}, from symbol 0
local function code_of(lengths, symbols)
  local code, codes = 0, { most = 0 }
  for i = 0, symbols - 1 do codes.most = math.max(codes.most, lengths[i] or 0) end
  for length = 1, codes.most do
    code = code << 1
    for symbol = 0, symbols - 1 do
      if lengths[symbol] == length then
        for at = reversed(code, length), (1 << codes.most) - 1, 1 << length do codes[at] = symbol << 4 | length end
        code = code + 1
      end
    end
  end
  return codes
end

local function next_symbol(reader, codes)
  local most = codes.most
  -- The last code may be shorter than the longest one, and nothing after it.
  if reader.count < most and reader.at <= #reader.data then pcall(fill, reader, most) end
  local found = codes[reader.bits & (1 << most) - 1]
  local length = found and found & 15
  if not found or length > reader.count then error("has a code that is none", 0) end
  drop(reader, length)
  return found >> 4
end

local function fixed()
  local lengths, distances = {}, {}
  for i = 0, 287 do lengths[i] = i < 144 and 8 or i < 256 and 9 or i < 280 and 7 or 8 end
  for i = 0, 29 do distances[i] = 5 end
  return code_of(lengths, 288), code_of(distances, 30)
end

local REPEATS = { [16] = { 2, 3 }, [17] = { 3, 3 }, [18] = { 7, 11 } } -- { bits, least }

local function dynamic(reader)
  local literals, distances, given = take(reader, 5) + 257, take(reader, 5) + 1, take(reader, 4) + 4
  local lengths = {}
  for i = 1, given do lengths[CODE_ORDER[i]] = take(reader, 3) end
  local codes, all, n = code_of(lengths, 19), {}, 0
  while n < literals + distances do
    local symbol = next_symbol(reader, codes)
    local again = REPEATS[symbol]
    local times = again and take(reader, again[1]) + again[2] or 1
    local value = not again and symbol or symbol == 16 and all[n - 1] or 0
    for _ = 1, times do all[n], n = value, n + 1 end
  end
  local second = table.move(all, literals, literals + distances - 1, 0, {})
  return code_of(all, literals), code_of(second, distances)
end

-- --- blocks: out is a list of bytes ---

local function stored(reader, out)
  drop(reader, reader.count % 8)
  local length = take(reader, 16)
  if take(reader, 16) ~= length ~ 0xffff then error("has a length that is none", 0) end
  for _ = 1, length do out[#out + 1] = take(reader, 8) end
end

local function copy(reader, out, symbol, distances)
  local length = LENGTHS[symbol - 256] or error("has a length that is none", 0)
  if symbol > 264 and symbol < 285 then length = length + take(reader, symbol - 261 >> 2) end
  local far = next_symbol(reader, distances)
  local back = DISTANCES[far + 1] or error("has a distance that is none", 0)
  if far > 3 then back = back + take(reader, far - 2 >> 1) end
  local n = #out
  if back > n then error("looks back before its beginning", 0) end
  for i = n + 1, n + length do out[i] = out[i - back] end
end

local function compressed(reader, out, literals, distances)
  while true do
    local symbol = next_symbol(reader, literals)
    if symbol < 256 then
      out[#out + 1] = symbol
    elseif symbol == 256 then
      return
    else
      copy(reader, out, symbol, distances)
    end
    if #out > LARGEST then error("is too large", 0) end
  end
end

local BLOCKS = {
  [0] = stored,
  function(reader, out) return compressed(reader, out, fixed()) end,
  function(reader, out) return compressed(reader, out, dynamic(reader)) end,
}

local function text_of(out)
  local parts = {}
  for i = 1, #out, 4096 do parts[#parts + 1] = string.char(table.unpack(out, i, math.min(i + 4095, #out))) end
  return table.concat(parts)
end

-- --- members of a file ---

local MAGIC = "\x1f\x8b\x08"

local function skip_head(data, at)
  local flags = data:byte(at + 3) or 0
  at = at + 10
  if flags & 4 ~= 0 then at = at + 2 + ("<I2"):unpack(data, at) end
  for _, flag in ipairs { 8, 16 } do
    if flags & flag ~= 0 then at = assert(data:find("\0", at, true)) + 1 end
  end
  return flags & 2 ~= 0 and at + 2 or at
end

local function member(data, at)
  if data:sub(at, at + 2) ~= MAGIC then error("is no gzip", 0) end
  local reader, out = { data = data, at = skip_head(data, at), bits = 0, count = 0 }, {}
  repeat
    local last = take(reader, 1)
    local block = BLOCKS[take(reader, 2)] or error("has a block that is none", 0)
    block(reader, out)
  until last == 1
  drop(reader, reader.count % 8)
  local text, crc, size = text_of(out), take(reader, 32), take(reader, 32)
  if crc ~= crypto.crc32(text) or size ~= #text then error("has another checksum", 0) end
  return text, reader.at - reader.count // 8
end

local function all_members(data)
  local parts, at = {}, 1
  repeat parts[#parts + 1], at = member(data, at) until at > #data
  return table.concat(parts)
end

-- bytes -> what was compressed | nil, what is wrong
return function(data)
  local fine, result = pcall(all_members, data)
  if fine then return result end
  return nil, result
end
