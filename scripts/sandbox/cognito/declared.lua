-- SPDX-License-Identifier: MIT
-- What a pool may declare of its users' attributes, at CreateUserPool and AddCustomAttributes: each entry of Schema is
-- judged here before attributes.schema reads it.
local attributes = require "sandbox.cognito.attributes"
local failure = require "sandbox.failure"

local declared = {}

local LONGEST <const> = 2048

local function bad(words, ...) failure("InvalidParameterException", words:format(...)) end

-- The two limits of {low, high} as numbers, where they are given.
local function limits(entry, member, low, high)
  local given, found = entry[member] or {}, {}
  for i, name in ipairs { low, high } do
    found[i] = tonumber(given[name])
    if given[name] and not found[i] then bad("Invalid %s for schema attribute %s", member, entry.Name) end
  end
  return found[1], found[2]
end

local function check_limits(entry, name, kind)
  if kind == "String" then
    local low, high = limits(entry, "StringAttributeConstraints", "MinLength", "MaxLength")
    if (low or 0) > LONGEST or (high or 0) > LONGEST then
      bad("user.%s: String attributes cannot have a length of more than %d", name, LONGEST)
    end
    if low and high and high < low then bad("user.%s: Max length cannot be less than min length.", name) end
  elseif kind == "Number" then
    local low, high = limits(entry, "NumberAttributeConstraints", "MinValue", "MaxValue")
    if low and high and high < low then bad("user.%s: Max value cannot be less than min value.", name) end
  end
end

local _, standard = attributes.schema()

local function check_entry(entry)
  if not entry.Name then bad "A schema attribute needs a name." end
  local known = standard[entry.Name]
  if known then
    local other = entry.AttributeDataType and entry.AttributeDataType ~= known.AttributeDataType
    if other or entry.DeveloperOnlyAttribute then
      bad("You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute %s",
        entry.Name)
    end
  elseif not entry.AttributeDataType then
    bad "Invalid AttributeDataType input, consider using the provided AttributeDataType enum."
  elseif entry.Required then
    bad "Required custom attributes are not supported currently."
  end
  check_limits(entry, known and entry.Name or attributes.custom_name(entry), (known or entry).AttributeDataType)
end

function declared.check(list)
  for _, entry in ipairs(list or {}) do check_entry(entry) end
end

-- More of them for a pool that has some.
function declared.check_added(pool, list)
  declared.check(list)
  for _, entry in ipairs(list) do
    local name = attributes.custom_name(entry)
    if pool.schema[name] then
      bad("custom:%s: Existing attribute already has name %s.", entry.Name, name)
    end
  end
end

return declared
