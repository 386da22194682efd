-- SPDX-License-Identifier: MIT
-- DynamoDB's numbers: decimals of up to 38 digits, exact, in their plain notation on the wire. Inside a
-- number is (negative, digits, exponent): d1.d2d3... times ten to the exponent, digits without zeros at
-- either end, "" for zero. Nothing here is a float.
local number = {}

local DIGITS, LARGEST, SMALLEST = 38, 125, -130
local OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
local UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"

-- The parts of what a client wrote, or nil when it is no number.
local function parse(text)
  local sign, whole, rest = text:match("^([+-]?)(%d*)(.*)$")
  if not sign then return nil end
  local fraction, tail = rest:match("^%.(%d*)(.*)$")
  if not fraction then fraction, tail = "", rest end
  if whole == "" and fraction == "" then return nil end
  local shift = 0
  if tail ~= "" then
    local power = tail:match("^[eE]([+-]?%d+)$")
    if not power then return nil end
    shift = math.tointeger(tonumber(power)) or (power:sub(1, 1) == "-" and -10 ^ 12 or 10 ^ 12)
  end
  local all = whole .. fraction
  local first = all:find("[1-9]")
  if not first then return false, "", 0 end
  local last = all:find("[1-9]0*$")
  return sign == "-", all:sub(first, last), #whole - first + shift
end
number.parse = parse

local function format(negative, digits, exponent)
  local n = #digits
  if n == 0 then return "0" end
  local text
  if exponent >= n - 1 then
    text = digits .. ("0"):rep(exponent - n + 1)
  elseif exponent >= 0 then
    text = digits:sub(1, exponent + 1) .. "." .. digits:sub(exponent + 2)
  else
    text = "0." .. ("0"):rep(-exponent - 1) .. digits
  end
  return negative and "-" .. text or text
end

-- The stored form of what a client wrote, or nil and why not.
function number.normalise(text)
  if #text <= DIGITS and text:find("^%-?[1-9]%d*$") then return text end
  if text == "" then return nil, "The parameter cannot be converted to a numeric value" end
  local negative, digits, exponent = parse(text)
  if negative == nil then return nil, "The parameter cannot be converted to a numeric value: " .. text end
  if #digits == 0 then return "0" end
  if exponent > LARGEST then return nil, OVERFLOW end
  if exponent < SMALLEST then return nil, UNDERFLOW end
  if #digits > DIGITS then return nil, "Attempting to store more than 38 significant digits in a Number" end
  return format(negative, digits, exponent)
end

-- -1, 0 or 1.
function number.compare(a, b)
  if a == b then return 0 end
  local a_negative, a_digits, a_exponent = parse(a)
  local b_negative, b_digits, b_exponent = parse(b)
  local a_sign = #a_digits == 0 and 0 or a_negative and -1 or 1
  local b_sign = #b_digits == 0 and 0 or b_negative and -1 or 1
  if a_sign ~= b_sign then return a_sign < b_sign and -1 or 1 end
  if a_exponent ~= b_exponent then return (a_exponent < b_exponent) and -a_sign or a_sign end
  if a_digits == b_digits then return 0 end
  return a_digits < b_digits and -a_sign or a_sign
end

-- Two strings of digits of one length, high digit first: their sum, or their difference when the first is
-- larger.
local function combine(a, b, sign)
  local out, carry = {}, 0
  for i = #a, 1, -1 do
    local digit = a:byte(i) - 48 + sign * (b:byte(i) - 48) + carry
    carry = digit // 10
    out[i] = string.char(48 + digit % 10)
  end
  return (carry > 0 and tostring(carry) or "") .. table.concat(out)
end

local function sum(a, b, b_flip)
  local a_negative, a_digits, a_exponent = parse(a)
  local b_negative, b_digits, b_exponent = parse(b)
  if b_flip then b_negative = not b_negative end
  if #a_digits == 0 then return b_negative, b_digits, b_exponent end
  if #b_digits == 0 then return a_negative, a_digits, a_exponent end
  local high = math.max(a_exponent, b_exponent)
  local low = math.min(a_exponent - #a_digits, b_exponent - #b_digits) + 1
  local function align(digits, exponent)
    return ("0"):rep(high - exponent) .. digits .. ("0"):rep(exponent - #digits + 1 - low)
  end
  local x, y = align(a_digits, a_exponent), align(b_digits, b_exponent)
  local negative, total = a_negative
  if a_negative == b_negative then
    total = combine(x, y, 1)
  elseif x >= y then
    total = combine(x, y, -1)
  else
    negative, total = b_negative, combine(y, x, -1)
  end
  local first = total:find("[1-9]")
  if not first then return false, "", 0 end
  return negative, total:sub(first, (total:find("[1-9]0*$"))), high + #total - #x - first + 1
end

local function checked(negative, digits, exponent)
  -- DynamoDB itself calls a sum that needs too many digits an overflow
  if exponent > LARGEST or #digits > DIGITS then return nil, OVERFLOW end
  if exponent < SMALLEST then return nil, UNDERFLOW end
  return format(negative, digits, exponent)
end

-- The exact sum or difference, or nil and why DynamoDB cannot store it.
function number.add(a, b) return checked(sum(a, b, false)) end
function number.subtract(a, b) return checked(sum(a, b, true)) end

-- Bytes that sort as the numbers do: a sign-and-exponent byte in base 100, then two decimal digits a byte,
-- negative numbers complemented and closed with 102 so that a longer one comes first.
function number.encode(text)
  local negative, digits, exponent = parse(text)
  if #digits == 0 then return "\x80" end
  if exponent % 2 == 0 then digits = "0" .. digits end
  if #digits % 2 == 1 then digits = digits .. "0" end
  local power = exponent // 2
  local out = { string.char(negative and 62 - power or 193 + power) }
  for i = 1, #digits, 2 do
    local pair = (digits:byte(i) - 48) * 10 + digits:byte(i + 1) - 48
    out[#out + 1] = string.char(negative and 101 - pair or pair + 1)
  end
  if negative and #out <= 20 then out[#out + 1] = "\x66" end
  return table.concat(out)
end

-- How many bytes DynamoDB counts for a number.
function number.size(text)
  local negative, digits, exponent = parse(text)
  local n = #digits
  if n == 0 then return 1 end
  local straddles = (n % 2 == 0 and exponent % 2 == 0) and 1 or 0
  return 1 + (n + 1) // 2 + straddles + (negative and 1 or 0)
end

return number
