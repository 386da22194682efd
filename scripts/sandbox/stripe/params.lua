-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: a decoded form against a declaration: types, unknown and missing parameters, metadata's
-- rules. Everything here is refused early, before an operation begins. An unset parameter ("") becomes
-- json.null. Declaration: { name = {kind, required=, unset=, max=, min=, of=, fields=, choices=} }; kinds
-- are the `read` functions.
local errors = require "sandbox.stripe.errors"
local json, nearest = require "json", require "nearest"

local null = json.null
local params = {}
local read = {}

local function join(path, name)
  return path == "" and name or ("%s[%s]"):format(path, name)
end

local function read_field(field, raw, path)
  if raw == "" then
    if field.unset then
      return null
    end
    errors.empty(path)
  end
  return read[field[1]](field, raw, path)
end

local function sorted(names)
  table.sort(names)
  return names
end

local function check_names(fields, raw, path)
  local unknown, last = {}, nil
  for name in pairs(raw) do
    if not fields[name] then
      last = tostring(name)
      unknown[#unknown + 1] = join(path, last)
    end
  end
  if #unknown == 0 then
    return
  end
  local meant, edits = nearest(last, fields)
  local near = #unknown == 1 and meant and edits <= 2 and edits * 2 < #last
  errors.unknown(sorted(unknown), near and join(path, meant) or nil)
end

-- Every field of a declaration; what it does not name is unknown.
local function read_fields(fields, raw, path)
  check_names(fields, raw, path)
  local out, names = {}, {}
  for name in pairs(fields) do
    names[#names + 1] = name
  end
  for _, name in ipairs(sorted(names)) do
    local field = fields[name]
    if raw[name] ~= nil then
      out[name] = read_field(field, raw[name], join(path, name))
    elseif field.required then
      errors.required(join(path, name))
    end
  end
  return out
end

-- The first and the last ten characters of what is too long.
local function shorten(text)
  return text:sub(1, utf8.offset(text, 11) - 1) .. "..." .. text:sub(utf8.offset(text, -10))
end

function read.string(field, raw, path)
  if type(raw) ~= "string" then
    errors.early("Invalid string: " .. json.encode(raw), path)
  end
  local max = field.max or 5000
  if utf8.len(raw) > max then
    errors.early(("Invalid string: %s; must be at most %d characters"):format(shorten(raw), max), path)
  end
  return raw
end

function read.email(field, raw, path)
  local text = read.string({ max = field.max or 512 }, raw, path)
  if not text:find("^[^%s@]+@[^%s@]+$") then
    errors.early("Invalid email address: " .. text, path, "email_invalid")
  end
  return text
end

function read.integer(field, raw, path)
  local value = type(raw) == "string" and raw:find("^%-?%d+$") and math.tointeger(tonumber(raw))
  if not value then
    errors.early("Invalid integer: " .. (type(raw) == "string" and raw or json.encode(raw)), path,
      "parameter_invalid_integer")
  end
  if field.min and value < field.min then
    errors.early(("This value must be greater than or equal to %d."):format(field.min), path,
      "parameter_invalid_integer")
  end
  if field.max and value > field.max then
    errors.early(("This value must be less than or equal to %d (it currently is '%d').")
      :format(field.max, value), path, "parameter_invalid_integer")
  end
  return value
end

-- In any case: Stripe's Python library writes True.
function read.boolean(_, raw, path)
  local word = type(raw) == "string" and raw:lower() or nil
  if word ~= "true" and word ~= "false" then
    errors.early("Invalid boolean: " .. (word and raw or json.encode(raw)), path)
  end
  return word == "true"
end

local function either(choices)
  if #choices < 3 then
    return table.concat(choices, " or ")
  end
  return table.concat(choices, ", ", 1, #choices - 1) .. ", or " .. choices[#choices]
end

function read.enum(field, raw, path)
  for _, choice in ipairs(field.choices) do
    if raw == choice then
      return raw
    end
  end
  errors.early(("Invalid %s: must be one of %s"):format(path, either(field.choices)), path)
end

function read.object(field, raw, path)
  if type(raw) ~= "table" or json.is_array(raw) then
    errors.early("Invalid object", path)
  end
  return read_fields(field.fields, raw, path)
end

-- A list; indices with holes ("a[1]=x" alone) count in their order.
function read.list(field, raw, path)
  if type(raw) ~= "table" then
    errors.early("Invalid array", path)
  end
  local indices = {}
  for index in pairs(raw) do
    local number = math.tointeger(tonumber(index))
    if not number then
      errors.early("Invalid array", path)
    end
    indices[#indices + 1] = { number, index }
  end
  table.sort(indices, function(a, b) return a[1] < b[1] end)
  local out = {}
  for i, pair in ipairs(indices) do
    out[i] = read_field(field.of, raw[pair[2]], ("%s[%d]"):format(path, i - 1))
  end
  return json.array(out)
end

-- A moment, or a range of them: created=1, created[gte]=1.
function read.range(_, raw, path)
  if type(raw) ~= "table" then
    return { eq = read.integer({}, raw, path) }
  end
  local bound = { "integer" }
  return read_fields({ gt = bound, gte = bound, lt = bound, lte = bound }, raw, path)
end

-- Either an id or an inline object; who uses it looks for itself.
function read.any(_, raw)
  return raw
end

local function check_pair(key, value, path)
  if type(value) ~= "string" then
    errors.early("Invalid string: " .. json.encode(value), join(path, key))
  end
  if key == "" or utf8.len(key) > 40 then
    errors.early(("Metadata keys can have up to 40 characters, but you passed in a key that is %d "
      .. "characters. Invalid key: %s"):format(utf8.len(key), key), path)
  end
  if utf8.len(value) > 500 then
    errors.early(("Metadata values can have up to 500 characters, but you passed in a value that is %d "
      .. "characters. Invalid value: %s"):format(utf8.len(value), value), path)
  end
end

function read.metadata(_, raw, path)
  if type(raw) ~= "table" then
    errors.early("Invalid object", path)
  end
  local is_list, out, count = json.is_array(raw), {}, 0
  for name, value in pairs(raw) do
    local key = is_list and tostring(name - 1) or name -- metadata[0]= reads as a list
    check_pair(key, value, path)
    out[key], count = value, count + 1
  end
  if count > 50 then
    errors.early("You can only set up to 50 metadata keys per object", path)
  end
  return out
end

-- Every operation takes it, too.
params.expand = { "list", of = { "string" } }

function params.check(fields, raw)
  return read_fields(fields, raw, "")
end

-- New metadata over old: an empty value deletes its key, null deletes all.
function params.merge_metadata(old, new)
  local out = {}
  if new == null then
    return out
  end
  for key, value in pairs(old or {}) do
    out[key] = value
  end
  for key, value in pairs(new or {}) do
    out[key] = value ~= "" and value or nil
  end
  local count = 0
  for _ in pairs(out) do
    count = count + 1
  end
  if count > 50 then
    errors.invalid("You can only set up to 50 metadata keys per object", "metadata")
  end
  return out
end

-- Fields that many objects share.
local ADDRESS_FIELDS = {}
for _, name in ipairs { "city", "country", "line1", "line2", "postal_code", "state" } do
  ADDRESS_FIELDS[name] = { "string", unset = true }
end
params.address_fields = ADDRESS_FIELDS

-- An address with every member; `new` goes over `old` member by member, null removes it.
function params.merge_address(old, new)
  if new == null then
    return null
  end
  local out = {}
  for name in pairs(ADDRESS_FIELDS) do
    local value = new and new[name]
    if value == nil then
      value = type(old) == "table" and old ~= null and old[name] or null
    end
    out[name] = value
  end
  return out
end

return params
