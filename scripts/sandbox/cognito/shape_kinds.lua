-- SPDX-License-Identifier: MIT
-- The words in which shapes.lua and pool_shapes.lua are written: the service model's kinds of members, with their
-- lengths, patterns and value sets. A `secret` value is never repeated in a message.
local kinds = {}

-- Neither letter, mark, symbol, number nor punctuation; the second list are the separators (\p{Z}) among them.
local CONTROLS = { { 0, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x200b, 0x200f }, { 0x202a, 0x202e },
  { 0x2060, 0x206f }, { 0xe000, 0xf8ff }, { 0xfeff, 0xfeff } }
local SEPARATORS = { { 0x20, 0x20 }, { 0xa0, 0xa0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x2028, 0x2029 },
  { 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 } }

local function is_in(ranges, code)
  for _, range in ipairs(ranges) do
    if code >= range[1] and code <= range[2] then return true end
  end
  return false
end

-- Every character is visible, a separator where `separators`, or one of `also`.
local function visible(separators, also)
  return function(value)
    for _, code in utf8.codes(value) do
      local named = code < 0x80 and also and also:find(utf8.char(code), 1, true)
      local refused = is_in(CONTROLS, code) or not separators and is_in(SEPARATORS, code)
      if refused and not named then return false end
    end
    return value ~= ""
  end
end

local function matching(pattern)
  return function(value) return value:find(pattern) ~= nil end
end

function kinds.string(min, max, pattern, test, secret)
  return { kind = "string", min = min, max = max, pattern = pattern, test = type(test) == "string" and matching(test)
    or test, secret = secret }
end

function kinds.enum(...) return { kind = "string", enum = { ... } } end
function kinds.list(of, min, max) return { kind = "list", of = of, min = min, max = max } end
function kinds.integer(min, max) return { kind = "integer", min = min, max = max } end

-- "Name*" is required.
function kinds.shape(members)
  local result = { kind = "struct", members = {}, required = {} }
  for key, spec in pairs(members) do
    local name, star = key:match("^(%w+)(%*?)$")
    result.members[name] = spec
    if star == "*" then result.required[name] = true end
  end
  return result
end

-- base with more members
function kinds.with(base, more)
  local members = {}
  for key, spec in pairs(base) do members[key] = spec end
  for key, spec in pairs(more or {}) do members[key] = spec end
  return kinds.shape(members)
end

local string = kinds.string
local VISIBLE <const> = "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+"

kinds.text = string()
kinds.boolean = { kind = "boolean" }
kinds.map = { kind = "map" }
kinds.any = { kind = "struct", members = {} }
kinds.short_text = string(nil, 131072)
kinds.client_id = string(1, 128, "[\\w+]+", "^[%w_+]+$", true)
kinds.username = string(1, 128, VISIBLE, visible(), true)
kinds.pool_id = string(1, 55, "[\\w-]+_[0-9a-zA-Z]+", "^[%w_-]+_%w+$")
kinds.arn = string(20, 2048, "arn:[\\w+=/,.@-]+:[\\w+=/,.@-]+:([\\w+=/,.@-]*)?:[0-9]+:[\\w+=/,.@-]+(:[\\w+=/,.@-]+)?"
  .. "(:[\\w+=/,.@-]+)?", "^arn:[%w_+=/,.@-]+:[%w_+=/,.@-]+:[%w_+=/,.@-]*:%d+:[%w_+=/,.@:-]+$")
kinds.page_token = string(1, 131072, "[\\S]+", "^%S+$")
kinds.attribute_name = string(1, 32, "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\t\\n\\r ]+", visible(false, " \t\n\r"))
kinds.visible_test, kinds.visible_pattern = visible(), VISIBLE
kinds.provider_name = string(1, 32, "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\p{Z}]+", visible(true))
kinds.client_secret = string(24, 64, "[\\w+]+", "^[%w_+]+$", true)

return kinds
