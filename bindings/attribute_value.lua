-- SPDX-License-Identifier: MIT
-- bindings: plain Lua values <-> DynamoDB's AttributeValue. Used by dynamodb.lua; pure, never yields.
--   string S · integer, float N · boolean BOOL · json.null NULL · sequence or json.array L · other table M
--   (an empty table is M) · set{…} SS, NS or BS · binary(bytes) B · number("1.50") N, digit for digit
-- Back: N is an integer when it is written as one and fits 64 bits, a float when that float is the very same
-- decimal, else a number() that keeps the digits. What cannot be stored is the caller's bug and raises.

local crypto, json, writing = require "crypto", require "json", require "attribute_encode"

local attribute_value = {}

local MAX_EXPONENT <const> = 125 -- of the first digit: 9.99…E+125
local MIN_EXPONENT <const> = -130
local MAX_DIGITS <const> = 38

local set, binary, number = writing.set, writing.binary, writing.number
set.__index, binary.__index, number.__index = set, binary, number

binary.__tostring = function(b) return b.bytes end
binary.__eq = function(a, b) return getmetatable(a) == getmetatable(b) and a.bytes == b.bytes end
number.__tostring = function(n) return n.digits end
number.__eq = function(a, b) return getmetatable(a) == getmetatable(b) and a.digits == b.digits end


-- Is the value a member? A set is a sequence of its members, in no order that means anything.
function set:has(value)
  for _, member in ipairs(self) do
    if member == value then return true end
  end
  return false
end


-- A decimal as sign, significant digits and the power of ten of the first one: "-0.0150" -> "-", "15", -2.
-- nil when the text is no decimal number. Zero has no digits.
local function parts(text)
  local sign, whole, fraction, exponent = text:match("^([+-]?)(%d*)%.?(%d*)[eE]?([+-]?%d*)$")
  if not sign or whole .. fraction == "" or text:find("[eE][+-]?$") then return nil end
  if exponent ~= "" and not text:find("[eE]") then return nil end
  local digits = whole .. fraction
  local zeros = #digits:match("^0*")
  local first = #whole - 1 - zeros + (tonumber(exponent) or 0)
  digits = digits:sub(zeros + 1):gsub("0+$", "")
  if digits == "" then return "", "", 0 end
  return sign == "-" and "-" or "", digits, first
end


local function same_decimal(a, b)
  local a_sign, a_digits, a_first = parts(a)
  local b_sign, b_digits, b_first = parts(b)
  return a_sign == b_sign and a_digits == b_digits and a_first == b_first
end


local function check_decimal(text, path)
  local _, digits, first = parts(text)
  if not digits then error(path .. ": not a decimal number: " .. text, 0) end
  if #digits > MAX_DIGITS then error(path .. ": more than 38 significant digits", 0) end
  if first > MAX_EXPONENT or first < MIN_EXPONENT then error(path .. ": number out of range", 0) end
  return text
end


-- The shortest decimal that reads back as this float.
local function shortest(float)
  for precision = 15, 17 do
    local text = ("%." .. precision .. "g"):format(float)
    if tonumber(text) == float then return text end
  end
end


-- A set of strings, numbers or binaries, given as a sequence. Raises when it is empty, mixed or repetitive.
function attribute_value.set(members)
  local first = members[1]
  assert(first ~= nil, "dynamodb.set: a set is never empty; remove the attribute instead")
  local seen, copy = {}, {}
  for i, member in ipairs(members) do
    local key = getmetatable(member) == binary and member.bytes or tostring(member)
    assert(type(member) == type(first) and getmetatable(member) == getmetatable(first),
      "dynamodb.set: members are of one type")
    assert(not seen[key], "dynamodb.set: the same member twice")
    seen[key], copy[i] = true, member
  end
  return setmetatable(copy, set)
end


-- Bytes that are no text. tostring() or .bytes gives them back.
function attribute_value.binary(bytes)
  assert(type(bytes) == "string", "dynamodb.binary: a string is expected")
  return setmetatable({ bytes = bytes }, binary)
end


-- A number that no Lua number holds: up to 38 digits, given and kept as text.
function attribute_value.number(digits)
  assert(type(digits) == "string", "dynamodb.number: a string is expected")
  return setmetatable({ digits = check_decimal(digits, "dynamodb.number") }, number)
end


-- A value -> AttributeValue; a table of attributes -> the wire's map of AttributeValues. Both are JSON text, which
-- json.encode and tostring give as it is, names in order. Raises with the path of what cannot be stored.
attribute_value.encode, attribute_value.encode_item = writing.value, writing.item


local decode

-- "9007199254740993" is an integer, "0.1" the float, "0.1234567890123456789" itself.
local function decode_number(text)
  local value = tonumber(text)
  if math.type(value) == "integer" and text:find("^%-?%d+$") then return value end
  if value and value - value == 0 and same_decimal(shortest(value + 0.0), text) then return value + 0.0 end
  return setmetatable({ digits = text }, number)
end


local function decode_all(list, one)
  local out = {}
  for i, value in ipairs(list) do out[i] = one(value) end
  return out
end


local function decode_binary(text)
  return setmetatable({ bytes = crypto.unbase64(text) }, binary)
end


local function identity(value) return value end

local decoders = {
  S = identity,
  BOOL = identity,
  N = decode_number,
  NULL = function() return json.null end,
  B = decode_binary,
  L = function(list) return json.array(decode_all(list, decode)) end,
  M = function(map) return attribute_value.decode_item(map) end,
  SS = function(list) return setmetatable(decode_all(list, identity), set) end,
  NS = function(list) return setmetatable(decode_all(list, decode_number), set) end,
  BS = function(list) return setmetatable(decode_all(list, decode_binary), set) end,
}


function decode(wire)
  local kind, value = next(wire)
  local decoder = decoders[kind] or error("dynamodb: unknown attribute type " .. tostring(kind), 0)
  return decoder(value)
end


-- AttributeValue -> value. Raises for a type that did not exist when this was written.
attribute_value.decode = decode


-- The wire's map of AttributeValues -> a table of attributes.
function attribute_value.decode_item(map)
  local out = {}
  for name, value in pairs(map) do out[name] = decode(value) end
  return out
end


return attribute_value
