-- SPDX-License-Identifier: MIT
-- Checks one operation's input against its shape (shapes.lua, pool_shapes.lua) before the operation sees it, and words
-- what is wrong as the service does: every broken constraint of every member in one
-- InvalidParameterException.
local json = require "json"
local failure, sorted_names = require "sandbox.failure", require "sandbox.sorted_names"

local LUA_TYPES = { string = "string", boolean = "boolean", integer = "number", number = "number",
  list = "table", struct = "table", map = "table" }
local TOKEN_TYPES = { string = "STRING_VALUE", number = "NUMBER_VALUE", boolean = "TRUE_VALUE" }
local NAMES = { string = "String", boolean = "Boolean", integer = "Integer", number = "Number",
  list = "List", struct = "Structure", map = "Map" }

local function check_type(value, spec)
  local fits = type(value) == LUA_TYPES[spec.kind]
  if fits and spec.kind == "integer" then fits = math.type(value) == "integer" end
  if fits and type(value) == "table" and next(value) ~= nil then
    fits = json.is_array(value) == (spec.kind == "list")
  end
  if not fits then
    failure("SerializationException", ("%s can not be converted to %s")
      :format(TOKEN_TYPES[type(value)] or "START_OBJECT", NAMES[spec.kind]))
  end
end

local function lower_first(name)
  return name:sub(1, 1):lower() .. name:sub(2)
end

local function size_of(text) return utf8.len(text) or #text end

local function contains(list, value)
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end

-- What a text or a number must be: the shape's member, how it is judged, and the service's words.
local TEXT = {
  { "max", function(value, max) return size_of(value) <= max end, "have length less than or equal to %s" },
  { "min", function(value, min) return size_of(value) >= min end, "have length greater than or equal to %s" },
  { "pattern", function(value, _, spec) return not spec.test or spec.test(value) end,
    "satisfy regular expression pattern: %s" },
  { "enum", function(value, set) return contains(set, value) end, "satisfy enum value set: [%s]" },
}
local NUMBER = {
  { "max", function(value, max) return value <= max end, "have value less than or equal to %s" },
  { "min", function(value, min) return value >= min end, "have value greater than or equal to %s" },
}

-- The rules of a shape that a value breaks, in words; without a value all of them.
local function rules_of(spec, value)
  local list = {}
  for _, rule in ipairs(spec.kind == "string" and TEXT or NUMBER) do
    local key, fits, words = table.unpack(rule)
    local limit = spec[key]
    if limit ~= nil and (value == nil or not fits(value, limit, spec)) then
      if type(limit) == "table" then limit = table.concat(limit, ", ") end
      list[#list + 1] = "Member must " .. words:format(limit)
    end
  end
  return list
end

local function complain(errors, shown, path, constraint)
  errors[#errors + 1] = ("%s at '%s' failed to satisfy constraint: %s")
    :format(shown and ("Value '%s'"):format(shown) or "Value", path, constraint)
end

-- No text of a list is named alone: the list is shown, with all that its texts must be.
local function check_texts(errors, list, path, spec)
  local broken = false
  for _, item in ipairs(list) do
    check_type(item, spec)
    broken = broken or #rules_of(spec, item) > 0
  end
  if broken then
    complain(errors, "[" .. table.concat(list, ", ") .. "]", path,
      ("Member must satisfy constraint: [%s]"):format(table.concat(rules_of(spec), ", ")))
  end
end

local check

-- Members in the alphabet's order: that is how the service lists them.
local function check_members(errors, value, path, spec)
  for _, name in ipairs(sorted_names(spec.members)) do
    local member_path = path and path .. "." .. lower_first(name) or lower_first(name)
    if value[name] == json.null then value[name] = nil end
    if value[name] ~= nil then
      check(errors, value[name], member_path, spec.members[name])
    elseif spec.required and spec.required[name] then
      local quoted = spec.members[name].secret and "Value" or "Value null"
      errors[#errors + 1] = ("%s at '%s' failed to satisfy constraint: Member must not be null")
        :format(quoted, member_path)
    end
  end
end

local function check_list(errors, value, path, spec)
  if spec.min and #value < spec.min then
    complain(errors, nil, path, "Member must have length greater than or equal to " .. spec.min)
  end
  if spec.max and #value > spec.max then
    complain(errors, nil, path, "Member must have length less than or equal to " .. spec.max)
  end
  if spec.of.kind == "string" then return check_texts(errors, value, path, spec.of) end
  for i, item in ipairs(value) do check(errors, item, ("%s.%d.member"):format(path, i), spec.of) end
end

function check(errors, value, path, spec)
  check_type(value, spec)
  if spec.kind == "struct" then
    check_members(errors, value, path, spec)
  elseif spec.kind == "map" then
    for key, item in pairs(value) do
      if item == json.null then value[key] = nil else check_type(item, { kind = "string" }) end
    end
  elseif spec.kind == "list" then
    check_list(errors, value, path, spec)
  else
    for _, constraint in ipairs(rules_of(spec, value)) do
      complain(errors, not spec.secret and tostring(value) or nil, path, constraint)
    end
  end
end

return function(input, shape)
  local errors = {}
  check_members(errors, input, nil, shape)
  if #errors > 0 then
    failure("InvalidParameterException", ("%d validation error%s detected: %s")
      :format(#errors, #errors == 1 and "" or "s", table.concat(errors, "; ")))
  end
end
