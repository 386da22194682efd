-- SPDX-License-Identifier: MIT
-- One line of text that a person typed: in NFC, without spaces at its ends, without control characters.
-- Every validator takes what the JSON held and gives the clean value | nil, list of { code =, message = }.
local unicode = require "unicode"

local text = {}

local BYTES_MAX <const> = 16 -- of what becomes one character in NFC: four code points at most, of four bytes at most

local SPACES = {}
for _, point in ipairs { 0x20, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000 } do
  SPACES[point] = true
end
for point = 0x09, 0x0d do SPACES[point] = true end
for point = 0x2000, 0x200a do SPACES[point] = true end


-- One problem, in the shape that all validators give.
function text.wrong(code, message)
  return nil, { { code = code, message = message } }
end


local function is_control(point)
  return point < 0x20 or point >= 0x7f and point <= 0x9f or point == 0x2028 or point == 0x2029
end


function text.has_control(s)
  for _, point in utf8.codes(s) do
    if is_control(point) then return true end
  end
  return false
end


-- Without the spaces of any script at both ends.
function text.trim(s)
  local first, last
  for at, point in utf8.codes(s) do
    if not SPACES[point] then
      first, last = first or at, at
    end
  end
  if not first then return "" end
  return s:sub(first, utf8.offset(s, 2, last) - 1)
end


local function too_long(max)
  return text.wrong("too_long", ("At most %d characters, please."):format(max))
end


-- A validator for 1 to max characters, counted as code points.
function text.line(max)
  return function(value)
    if type(value) ~= "string" then return text.wrong("not_text", "This must be text.") end
    if #value > BYTES_MAX * max then return too_long(max) end -- NFC takes its time
    local s = unicode.nfc(value)
    if not s then return text.wrong("not_text", "This must be text.") end
    s = text.trim(s)
    if s == "" then return text.wrong("required", "Please fill this in.") end
    if text.has_control(s) then
      return text.wrong("control_characters", "Line breaks and control characters cannot be used here.")
    end
    if unicode.length(s) > max then return too_long(max) end
    return s
  end
end


return text
