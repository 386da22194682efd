-- SPDX-License-Identifier: MIT
-- Requests against their declared shapes (shapes.lua), as the service's front does it before any operation
-- looks: first every JSON type (SerializationException), then the declared constraints, up to ten in one
-- message.
local crypto = require "crypto"
local failure = require "sandbox.failure"
local json = require "json"

local shape = {}

local MAX_ERRORS = 10
local NAMESPACE = "com.amazonaws.dynamodb.v20120810."
local CAST = "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class "
  .. "java.lang.Class (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are "
    .. "in module java.base of loader 'bootstrap')"

local function wrong(message, ...)
  failure("SerializationException", select("#", ...) > 0 and message:format(...) or message)
end

local function scalar_name(value)
  if type(value) == "boolean" then return value and "TRUE_VALUE" or "FALSE_VALUE" end
  if type(value) == "string" then return "STRING_VALUE" end
  return math.tointeger(value) and "NUMBER_VALUE" or "DECIMAL_VALUE"
end

-- A table where a scalar belongs.
local function wrong_collection(value, java)
  if json.is_array(value) then wrong("Unrecognized collection type class %s", java) end
  wrong("Start of structure or map found where not expected")
end

-- --- types: each kind gives the value back as it will be used ---

local KINDS = {}

local function convert(value, as)
  return KINDS[as.kind](value, as)
end

function KINDS.String(value)
  if type(value) == "string" then return value end
  if type(value) == "table" then wrong_collection(value, "java.lang.String") end
  wrong("%s cannot be converted to String", scalar_name(value))
end

local ARN = "^arn:aws:dynamodb:[%w-]+:%d+:table/([%w_.-]+)$"

-- A table's ARN is as good as its name.
function shape.table_name(text)
  return text:match(ARN) or text
end

function KINDS.TableName(value)
  return shape.table_name(KINDS.String(value))
end

local TRUTH = { TRUE = true, ["1"] = true, YES = true, FALSE = false, ["0"] = false, NO = false }

function KINDS.Boolean(value)
  if type(value) == "boolean" then return value end
  if type(value) == "table" then wrong_collection(value, "java.lang.Boolean") end
  if type(value) == "number" then wrong("%s cannot be converted to Boolean", scalar_name(value)) end
  local truth = TRUTH[value:upper()]
  if truth == nil then wrong("Unexpected token received from parser") end
  return truth
end

-- What is beyond 64 bits is the last of them.
function KINDS.Number(value, as)
  if type(value) == "number" then
    return math.tointeger(math.floor(value)) or (value > 0 and math.maxinteger or math.mininteger)
  end
  if type(value) == "table" then wrong_collection(value, "java.lang." .. as.java) end
  wrong("%s cannot be converted to %s", scalar_name(value), as.java)
end

function KINDS.Blob(value)
  if type(value) == "table" then wrong_collection(value, "java.nio.ByteBuffer") end
  if type(value) ~= "string" then wrong("only base-64-encoded strings are convertible to bytes") end
  if #value % 4 ~= 0 then
    wrong("Base64 encoded length is expected a multiple of 4 bytes but found: %d", #value)
  end
  local bytes = crypto.unbase64(value)
  if not bytes or crypto.base64(bytes) ~= value then wrong("Invalid last non-pad Base64 character "
    .. "dectected") end
  return value
end

local function check_list(value, as)
  if type(value) ~= "table" then wrong(as.parameterized and CAST or "Unexpected field type") end
  if not json.is_array(value) then wrong("Start of structure or map found where not expected") end
end

-- A null in a list is a structure that says nothing; of anything else it is none.
local function without_nulls(list, of)
  local kept, is_structure = json.array {}, of.kind == "Struct" or of.kind == "Map"
  for _, member in ipairs(list) do
    if member ~= json.null then kept[#kept + 1] = member elseif is_structure then kept[#kept + 1] = {} end
  end
  return kept
end

function KINDS.List(value, as)
  check_list(value, as)
  local has_null
  for i, member in ipairs(value) do
    if member == json.null then has_null = true else value[i] = convert(member, as.of) end
  end
  return has_null and without_nulls(value, as.of) or value
end

local function check_map(value, as)
  if type(value) ~= "table" then wrong(as.parameterized and CAST or "Unexpected field type") end
  if json.is_array(value) then
    local java = as.type:find(".", 1, true) and as.type or NAMESPACE .. as.type
    wrong("Unrecognized collection type java.util.Map<java.lang.String, %s>", java)
  end
end

function KINDS.Map(value, as)
  check_map(value, as)
  local of, read = as.of, KINDS[as.of.kind]
  for key, member in pairs(value) do
    if member == json.null then value[key] = nil else value[key] = read(member, of) end
  end
  return value
end

function KINDS.Struct(value, as)
  if type(value) ~= "table" then wrong(as.field and "Unexpected field type" or "Unexpected value type in "
    .. "payload") end
  if json.is_array(value) then wrong("Unrecognized collection type class %s%s", NAMESPACE, as.type) end
  local members = as.members
  for name, member in pairs(value) do
    local of = members[name]
    if member == json.null or not of then value[name] = nil else value[name] = KINDS[of.kind](member, of) end
  end
  return value
end

-- --- constraints ---

local value_string

-- name=value for each member; the way a Java object prints itself.
local function members_string(value, order, members)
  local parts = {}
  for _, name in ipairs(order) do
    if value[name] ~= nil then
      local shown = name:sub(1, 1):lower() .. name:sub(2)
      parts[#parts + 1] = shown .. "=" .. value_string(value[name], members[name])
    end
  end
  return table.concat(parts, ", ")
end

local function map_string(value, of)
  local parts = {}
  for key, member in pairs(value) do parts[#parts + 1] = key .. "=" .. value_string(member, of) end
  table.sort(parts)
  return "{" .. table.concat(parts, ", ") .. "}"
end

function value_string(value, as)
  if value == nil or value == json.null then return "null" end
  if type(value) ~= "table" then return tostring(value) end
  if as.kind == "Struct" then
    return ("%s(%s)"):format(as.type, members_string(value, as.order, as.members))
  end
  if as.kind == "Map" then return map_string(value, as.of) end
  local parts = {}
  for i, member in ipairs(value) do parts[i] = value_string(member, as.of) end
  return "[" .. table.concat(parts, ", ") .. "]"
end

local function length(value)
  if type(value) == "string" then return utf8.len(value) or #value end
  if json.is_array(value) then return #value end
  local n = 0
  for _ in pairs(value) do n = n + 1 end
  return n
end

local function report(errors, value, as, path, constraint)
  local shown = value ~= nil and as.shown_as_json and json.encode(value, { sorted = true }) or value_string(value, as)
  if value ~= nil then shown = "'" .. shown .. "'" end
  errors[#errors + 1] = ("Value %s at '%s' failed to satisfy constraint: %s"):format(shown, path, constraint)
end

local RULES = {
  { "pattern", function(value, rule) return value:find(rule.form) ~= nil end,
    function(rule) return "Member must satisfy regular expression pattern: " .. rule.shown end },
  { "least", function(value, least) return length(value) >= least end,
    function(least) return "Member must have length greater than or equal to " .. least end },
  { "most", function(value, most) return length(value) <= most end,
    function(most) return "Member must have length less than or equal to " .. most end },
  { "low", function(value, low) return value >= low end,
    function(low) return "Member must have value greater than or equal to " .. low end },
  { "high", function(value, high) return value <= high end,
    function(high) return "Member must have value less than or equal to " .. high end },
  { "enum", function(value, enum) return enum[value] end,
    function(enum) return ("Member must satisfy enum value set: [%s]"):format(enum.shown) end },
}

local function is_broken(value, as)
  for _, rule in ipairs(RULES) do
    local wanted = as[rule[1]]
    if wanted ~= nil and not rule[2](value, wanted) then return true end
  end
  return false
end

local function report_broken(errors, value, as, path)
  for _, rule in ipairs(RULES) do
    local wanted = as[rule[1]]
    if wanted ~= nil and not rule[2](value, wanted) then report(errors, value, as, path, rule[3](wanted)) end
  end
end

local function all_rules(as)
  local texts = {}
  for _, name in ipairs { "most", "least", "pattern" } do
    for _, rule in ipairs(RULES) do
      if rule[1] == name and as[name] ~= nil then texts[#texts + 1] = rule[3](as[name]) end
    end
  end
  return table.concat(texts, ", ")
end

local check

local function check_members(value, as, path, errors)
  for _, name in ipairs(as.order) do
    check(value[name], as.members[name], path .. name:sub(1, 1):lower() .. name:sub(2), errors)
  end
end

local function check_map_rules(value, as, path, errors)
  for key, member in pairs(value) do
    local name = as.keys and as.keys.or_arn and shape.table_name(key) or key
    if as.keys and is_broken(name, as.keys) then
      report(errors, value, as, path, ("Map keys must satisfy constraint: [%s]"):format(all_rules(as.keys)))
    end
    if as.values and is_broken(member, as.values) then
      report(errors, value, as, path, ("Map value must satisfy constraint: [%s]"):format(all_rules(as.values)))
    end
    if as.of.constrained then check(member, as.of, path .. "." .. key .. ".member", errors) end
  end
end

local function check_members_of_list(value, as, path, errors)
  if not as.of.constrained then return end
  local scalar = as.of.kind == "String"
  for i, member in ipairs(value) do
    if not scalar then
      check(member, as.of, ("%s.%d.member"):format(path, i), errors)
    elseif is_broken(member, as.of) then
      return report(errors, value, as, path, ("Member must satisfy constraint: [%s]"):format(all_rules(as.of)))
    end
  end
end

function check(value, as, path, errors)
  if not as.constrained or #errors >= MAX_ERRORS then return end
  if value == nil then
    if as.required then report(errors, nil, as, path, "Member must not be null") end
    return
  end
  report_broken(errors, value, as, path)
  if as.kind == "Struct" then
    check_members(value, as, path .. ".", errors)
  elseif as.kind == "Map" then
    check_map_rules(value, as, path, errors)
  elseif as.kind == "List" then
    check_members_of_list(value, as, path, errors)
  end
end

-- A table's name is looked at before everything else.
local function check_named_first(input, as)
  for _, name in ipairs(as.order) do
    local member, value = as.members[name], input[name]
    if member.kind == "TableName" and member.required and value == "" then
      failure("ValidationException", "1 validation error detected: Value '' at 'tableName' failed to satisfy "
        .. "constraint: Member must have length greater than or equal to 1")
    end
    if member.must and value == nil then
      failure("ValidationException",
        ("The parameter '%s' is required but was not present in the request"):format(name))
    end
    if member.must and not member.least and (#value < 3 or #value > 255) then
      failure("ValidationException", name .. " must be at least 3 characters long and at most 255 "
        .. "characters long")
    end
  end
end

-- The input, converted in place, without what the shape does not know; or a raise.
function shape.read(input, as)
  KINDS.Struct(input, as)
  check_named_first(input, as)
  local errors = {}
  check_members(input, as, "", errors)
  if #errors == 0 then return input end
  failure("ValidationException", ("%d validation error%s detected: %s")
    :format(#errors, #errors > 1 and "s" or "", table.concat(errors, "; ")))
end

return shape
