-- SPDX-License-Identifier: MIT
-- What a user may be said to have: the pool's schema and the rules for writing to it. Inside the sandbox
-- a user's attributes are a table name -> string; on the wire they are a list of {Name, Value}.
local json = require "json"
local failure = require "sandbox.failure"
local set_of = require "sandbox.set_of"
local sorted_names = require "sandbox.sorted_names"

local attributes = {}

local function text(name, min, max)
  return { Name = name, AttributeDataType = "String",
    StringAttributeConstraints = { MinLength = tostring(min or 0), MaxLength = tostring(max or 2048) } }
end

local STANDARD = {
  text("sub", 1), text("name"), text("given_name"), text("family_name"), text("middle_name"),
  text("nickname"), text("preferred_username"), text("profile"), text("picture"), text("website"),
  text("email"),
  { Name = "email_verified", AttributeDataType = "Boolean" }, text("gender"), text("birthdate", 10, 10),
  text("zoneinfo"), text("locale"), text("phone_number"),
  { Name = "phone_number_verified", AttributeDataType = "Boolean" }, text("address"),
  { Name = "updated_at", AttributeDataType = "Number", NumberAttributeConstraints = { MinValue = "0" } },
  { Name = "identities", AttributeDataType = "String", StringAttributeConstraints = {} },
}
local BOOLEAN = { email_verified = true, phone_number_verified = true }
-- What the service itself vouches for; no app client may write it.
local PROTECTED = { sub = true, email_verified = true, phone_number_verified = true, identities = true }

local function copy(source)
  local result = {}
  for key, value in pairs(source) do result[key] = value end
  return result
end

-- Only the limits of its own type count.
local function take_limits(entry, declared)
  local own = { String = "StringAttributeConstraints", Number = "NumberAttributeConstraints" }
  local name = own[entry.AttributeDataType]
  if name then entry[name] = declared[name] or entry[name] end
end

function attributes.custom_name(declared)
  return (declared.DeveloperOnlyAttribute and "dev:" or "") .. "custom:" .. declared.Name
end

local function custom(declared)
  local entry = { Name = attributes.custom_name(declared), AttributeDataType = declared.AttributeDataType or "String",
    Mutable = declared.Mutable ~= false, DeveloperOnlyAttribute = declared.DeveloperOnlyAttribute == true,
    Required = false }
  if entry.AttributeDataType == "String" then entry.StringAttributeConstraints = {} end
  take_limits(entry, declared)
  return entry
end

-- The pool's schema as DescribeUserPool lists it, and the same by name.
function attributes.schema(declared)
  local entries, by_name = json.array {}, {}
  for i, standard in ipairs(STANDARD) do
    local entry = copy(standard)
    entry.DeveloperOnlyAttribute = false
    entry.Mutable = entry.Name ~= "sub"
    entry.Required = entry.Name == "sub"
    entries[i], by_name[entry.Name] = entry, entry
  end
  for _, entry in ipairs(declared or {}) do
    local known = by_name[entry.Name]
    if known then
      if entry.Required ~= nil then known.Required = entry.Required end
      if entry.Mutable ~= nil then known.Mutable = entry.Mutable end
      take_limits(known, entry)
    else
      local added = custom(entry)
      entries[#entries + 1], by_name[added.Name] = added, added
    end
  end
  return entries, by_name
end

function attributes.from_list(list)
  local result = {}
  for _, entry in ipairs(list or {}) do
    local value = entry.Value or ""
    result[entry.Name] = BOOLEAN[entry.Name] and value:lower() or value
  end
  return result
end

-- In the alphabet's order; only those of `wanted` (a set) when given.
function attributes.to_list(values, wanted)
  local list = json.array {}
  for name, value in pairs(values) do
    if not wanted or wanted[name] then list[#list + 1] = { Name = name, Value = value } end
  end
  table.sort(list, function(a, b) return a.Name < b.Name end)
  return list
end

function attributes.is_email(value)
  local localpart, domain = value:match("^([^%s@<>(),;:\\\"%[%]]+)@([%w%-%.]+)$")
  return localpart ~= nil and domain:find("^[^%.].*%.[^%.]+$") ~= nil and not domain:find("..", 1, true)
    and not localpart:find("..", 1, true) and localpart:sub(1, 1) ~= "." and localpart:sub(-1) ~= "."
end

function attributes.is_phone(value)
  return value:find("^%+%d+$") ~= nil and #value >= 5 and #value <= 16
end

function attributes.check_formats(values)
  if values.email and values.email ~= "" and not attributes.is_email(values.email) then
    failure("InvalidParameterException", "Invalid email address format.")
  end
  if values.phone_number and values.phone_number ~= "" and not attributes.is_phone(values.phone_number) then
    failure("InvalidParameterException", "Invalid phone number format.")
  end
end

function attributes.check_client_may_write(client, values)
  local names = client.settings.WriteAttributes
  local allowed = names and set_of(names)
  for name in pairs(values) do
    if PROTECTED[name] or (allowed and not allowed[name]) then
      failure("NotAuthorizedException", "A client attempted to write unauthorized attribute")
    end
  end
end

local function length_problem(entry, value)
  local limits = entry.StringAttributeConstraints
  if not limits then return nil end
  local size = utf8.len(value) or #value
  if limits.MinLength and size < tonumber(limits.MinLength) then
    return "String must be longer than " .. limits.MinLength
  elseif limits.MaxLength and size > tonumber(limits.MaxLength) then
    return "String must be shorter than " .. limits.MaxLength
  end
end

-- A new user's attributes against the pool's schema; by an administrator even what is required may be missing.
function attributes.check_schema(pool, values, by_administrator)
  local problems = {}
  for _, name in ipairs(sorted_names(values)) do
    local entry = pool.schema[name]
    local problem = not entry and "Attribute does not exist in the schema."
      or values[name] ~= "" and length_problem(entry, values[name])
    if problem then problems[#problems + 1] = name .. ": " .. problem end
  end
  for _, entry in ipairs(pool.schema_list) do
    local required = entry.Required and entry.Name ~= "sub" and not by_administrator
    if required and (values[entry.Name] or "") == "" then
      problems[#problems + 1] = entry.Name .. ": The attribute is required"
    end
  end
  if problems[1] then
    failure("InvalidParameterException",
      "Attributes did not conform to the schema: " .. table.concat(problems, "\n"))
  end
end

local function change_problem(entry, value)
  return not entry and "Attribute does not exist in the schema."
    or not entry.Mutable and "Attribute cannot be updated."
    or value ~= "" and length_problem(entry, value)
end

-- Each wrong attribute is a line.
local function check_changes(before, pool, names, values)
  local lines = {}
  for _, name in ipairs(names) do
    local problem = change_problem(pool.schema[name], values[name])
    if problem then lines[#lines + 1] = ("user.%s: %s"):format(name, problem) end
  end
  if lines[1] then failure("InvalidParameterException", before .. table.concat(lines, "\n") .. "\n") end
end

-- A change to a user who exists.
function attributes.check_update(pool, values)
  check_changes("", pool, sorted_names(values), values)
  attributes.check_formats(values)
end

-- What is taken away, as values for users.apply.
function attributes.check_removal(pool, names)
  local values = {}
  for _, name in ipairs(names) do values[name] = "" end
  check_changes("Invalid user attributes: ", pool, names, values)
  return values
end

return attributes
