-- SPDX-License-Identifier: MIT
-- Checks one operation's input against its shape (shapes.lua) before the operation sees it, and words
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

local function subject(value, path, spec)
  if spec.secret or type(value) == "table" then return ("Value at '%s'"):format(path) end
  return ("Value '%s' at '%s'"):format(tostring(value), path)
end

local function size_of(value)
  if type(value) == "string" then return utf8.len(value) or #value end
  return #value
end

local function complain(errors, value, path, spec, constraint)
  errors[#errors + 1] = ("%s failed to satisfy constraint: Member must %s")
    :format(subject(value, path, spec), constraint)
end

local function check_length(errors, value, path, spec)
  local size = size_of(value)
  if spec.min and size < spec.min then
    complain(errors, value, path, spec, "have length greater than or equal to " .. spec.min)
  end
  if spec.max and size > spec.max then
    complain(errors, value, path, spec, "have length less than or equal to " .. spec.max)
  end
end

local function check_range(errors, value, path, spec)
  if spec.min and value < spec.min then
    complain(errors, value, path, spec, "have value greater than or equal to " .. spec.min)
  end
  if spec.max and value > spec.max then
    complain(errors, value, path, spec, "have value less than or equal to " .. spec.max)
  end
end

local function contains(list, value)
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
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

function check(errors, value, path, spec)
  check_type(value, spec)
  if spec.kind == "struct" then
    check_members(errors, value, path, spec)
  elseif spec.kind == "map" then
    for key, item in pairs(value) do
      if item == json.null then value[key] = nil else check_type(item, { kind = "string" }) end
    end
  elseif spec.kind == "list" then
    check_length(errors, value, path, spec)
    for i, item in ipairs(value) do check(errors, item, ("%s.%d.member"):format(path, i), spec.of) end
  elseif spec.kind == "integer" then
    check_range(errors, value, path, spec)
  elseif spec.kind == "string" then
    check_length(errors, value, path, spec)
    if spec.test and not spec.test(value) then
      complain(errors, value, path, spec, "satisfy regular expression pattern: " .. spec.pattern)
    end
    if spec.enum and not contains(spec.enum, value) then
      local set = table.concat(spec.enum, ", ")
      complain(errors, value, path, spec, ("satisfy enum value set: [%s]"):format(set))
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
