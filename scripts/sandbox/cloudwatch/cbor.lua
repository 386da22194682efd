-- SPDX-License-Identifier: MIT
-- CBOR (RFC 8949) as far as Smithy's rpc-v2-cbor needs it: the third protocol of CloudWatch's SDKs. Pure.
-- decode(bytes) -> value | nil, what is wrong · encode(value, times): members named in `times` become moments (tag 1).
local json = require "json"
local sorted_names = require "sandbox.sorted_names"

local cbor = {}

local DEPTH <const> = 32
local BREAK = {} -- ends what has no length
local SIMPLE = { [20] = false, [21] = true, [22] = json.null, [23] = json.null }
local FLOATS = { [26] = ">f", [27] = ">d" }

local item

local function half(bits)
  local sign, exponent, fraction = bits >> 15, bits >> 10 & 31, bits & 1023
  local value = exponent == 0 and fraction * 2.0 ^ -24 or exponent < 31 and (fraction + 1024) * 2.0 ^ (exponent - 25)
    or fraction == 0 and math.huge or 0 / 0
  return sign == 1 and -value or value
end

-- The number that follows a head, nil where there is none, and the place behind it.
local function argument(bytes, at, low)
  if low < 24 then return low, at end
  if low == 31 then return nil, at end
  local size = assert(low < 28 and 1 << (low - 24), "a reserved length")
  return string.unpack(">I" .. size, bytes, at)
end

local function text(bytes, at, length, depth)
  if length then
    assert(length >= 0 and at + length - 1 <= #bytes, "a text is cut off")
    return bytes:sub(at, at + length - 1), at + length
  end
  local parts = {}
  while true do
    local part
    part, at = item(bytes, at, depth + 1)
    if part == BREAK then return table.concat(parts), at end
    parts[#parts + 1] = assert(type(part) == "string" and part, "a text is made of texts")
  end
end

local function list(bytes, at, length, depth)
  local out = json.array {}
  while not length or #out < length do
    local value
    value, at = item(bytes, at, depth + 1)
    if value == BREAK then break end
    out[#out + 1] = value
  end
  return out, at
end

local function map(bytes, at, length, depth)
  local out, count = {}, 0
  while not length or count < length do
    local name
    name, at = item(bytes, at, depth + 1)
    if name == BREAK then break end
    assert(type(name) == "string", "a name is a text")
    out[name], at = item(bytes, at, depth + 1)
    count = count + 1
  end
  return out, at
end

local function simple(bytes, at, low)
  if low == 31 then return BREAK, at end
  if low == 25 then
    local bits, behind = string.unpack(">I2", bytes, at)
    return half(bits), behind
  end
  if FLOATS[low] then return string.unpack(FLOATS[low], bytes, at) end
  assert(SIMPLE[low] ~= nil, "an unknown simple value")
  return SIMPLE[low], at
end

local KINDS = {
  [0] = function(_, at, number) return number, at end,
  [1] = function(_, at, number) return -1 - number, at end,
  [2] = text, [3] = text, [4] = list, [5] = map,
  [6] = function(bytes, at, _, depth) return item(bytes, at, depth + 1) end, -- a tag: its value will do
}

function item(bytes, at, depth)
  assert(depth < DEPTH, "nested too deep")
  local head = assert(bytes:byte(at), "cut off")
  local kind, low = head >> 5, head & 31
  if kind == 7 then return simple(bytes, at + 1, low) end
  local number, behind = argument(bytes, at + 1, low)
  assert(number or kind >= 2 and kind <= 5, "a number without an end")
  return KINDS[kind](bytes, behind, number, depth)
end

function cbor.decode(bytes)
  local ok, value, behind = pcall(item, bytes, 1, 0)
  if not ok then return nil, tostring(value) end
  if value == BREAK or behind <= #bytes then return nil, "something is left over" end
  return value
end

local function head(kind, number)
  if number < 24 then return string.char(kind << 5 | number) end
  for low, limit in ipairs { 1 << 8, 1 << 16, 1 << 32 } do
    if number < limit then return string.pack(">BI" .. (1 << (low - 1)), kind << 5 | 23 + low, number) end
  end
  return string.pack(">BI8", kind << 5 | 27, number)
end

local function number_of(value)
  if math.type(value) == "float" then return string.pack(">Bd", 0xfb, value) end
  return value >= 0 and head(0, value) or head(1, -1 - value)
end

local encode

-- Epoch seconds, or a list of them.
local function moments(value)
  if type(value) == "number" then return "\xc1" .. number_of(value + 0.0) end
  local parts = {}
  for i, moment in ipairs(value) do parts[i] = moments(moment) end
  return head(4, #parts) .. table.concat(parts)
end

local function members(value, times)
  local parts, names = {}, sorted_names(value)
  for i, name in ipairs(names) do
    local inner = times[name] and moments(value[name]) or encode(value[name], times)
    parts[i] = head(3, #name) .. name .. inner
  end
  return head(5, #names) .. table.concat(parts)
end

function encode(value, times)
  if value == nil or value == json.null then return "\xf6" end
  local kind = type(value)
  if kind == "boolean" then return value and "\xf5" or "\xf4" end
  if kind == "number" then return number_of(value) end
  if kind == "string" then return head(3, #value) .. value end
  if not json.is_array(value) then return members(value, times) end
  local parts = {}
  for i, entry in ipairs(value) do parts[i] = encode(entry, times) end
  return head(4, #parts) .. table.concat(parts)
end

function cbor.encode(value, times)
  return encode(value, times or {})
end

return cbor
