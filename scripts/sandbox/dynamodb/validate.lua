-- SPDX-License-Identifier: MIT
-- Keys and items against the schema of their table and of its indexes.
local crypto = require "crypto"
local invalid = require "sandbox.dynamodb.invalid"
local values = require "sandbox.dynamodb.values"

local validate = {}

local INVALID = "One or more parameter values were invalid: "
local NOT_VALID = "One or more parameter values are not valid. "
local SCHEMA_MISMATCH = "The provided key element does not match the schema"
local MAX_HASH, MAX_RANGE, MAX_ITEM = 2048, 1024, 400 * 1024
local KINDS = { S = "string", B = "binary" }

local function size_of(value)
  return value.S and #value.S or value.B and #crypto.unbase64(value.B) or 0
end

local function check_size(value, is_hash)
  local bytes = size_of(value)
  if is_hash and bytes > MAX_HASH then
    invalid(INVALID .. "Size of hashkey has exceeded the maximum size limit of%d bytes", MAX_HASH)
  elseif not is_hash and bytes > MAX_RANGE then
    invalid(INVALID .. "Aggregated size of all range keys has exceeded the size limit of %d bytes", MAX_RANGE)
  end
end

local function is_empty(value)
  return value.S == "" or value.B == ""
end

-- Can a value be a key? What cannot is not in an index that is made after it.
function validate.is_key(value, type, is_hash)
  return next(value) == type and not is_empty(value) and size_of(value) <= (is_hash and MAX_HASH or MAX_RANGE)
end

local function check_empty(name, value)
  if is_empty(value) then
    invalid(NOT_VALID .. "The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s",
      KINDS[next(value)], name)
  end
end

-- Calls check(name, is_hash) for each key attribute of a schema.
local function each_key(schema, check)
  check(schema.hash, true)
  if schema.range then check(schema.range, false) end
end

-- A lookup key: exactly the key attributes, of their types.
function validate.key(key, tab)
  local count = 0
  for _ in pairs(key) do count = count + 1 end
  if count ~= (tab.schema.range and 2 or 1) then invalid(SCHEMA_MISMATCH) end
  each_key(tab.schema, function(name, is_hash)
    local value = key[name]
    if not value or next(value) ~= tab.types[name] then invalid(SCHEMA_MISMATCH) end
    check_empty(name, value)
    check_size(value, is_hash)
  end)
end

local function check_index_type(tab, index, name, value)
  if next(value) ~= tab.types[name] then
    invalid(INVALID .. "Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", name,
      tab.types[name], (next(value)), index.name)
  end
end

-- A whole item: the key is there, and every index key that is there fits.
function validate.item(item, tab)
  each_key(tab.schema, function(name, is_hash)
    local value = item[name]
    if not value then invalid(INVALID .. "Missing the key %s in the item", name) end
    if next(value) ~= tab.types[name] then
      invalid(INVALID .. "Type mismatch for key %s expected: %s actual: %s", name, tab.types[name],
        (next(value)))
    end
    check_empty(name, value)
    check_size(value, is_hash)
  end)
  for _, index in ipairs(tab.indexes) do
    each_key(index.schema, function(name, is_hash)
      local value = item[name]
      if not value or name == tab.schema.hash or name == tab.schema.range then return end
      check_index_type(tab, index, name, value)
      if is_empty(value) then
        invalid(NOT_VALID .. "A value specified for a secondary index key is not supported. The "
          .. "AttributeValue for a "
          .. "key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s",
            KINDS[next(value)],
          index.name, name)
      end
      check_size(value, is_hash)
    end)
  end
end

-- A value that was in no request, only found when the item was there.
local function check_computed(value, type, is_hash)
  local problem = next(value) ~= type and "to unsupported type"
    or size_of(value) > (is_hash and MAX_HASH or MAX_RANGE) and "beyond allowed size limits"
  if problem then invalid("The update expression attempted to update the secondary index key " .. problem) end
end

-- What an update made of the index keys it touched: {[name] = true, or "computed"}.
function validate.updated_item(item, touched, tab)
  for _, index in ipairs(tab.indexes) do
    each_key(index.schema, function(name, is_hash)
      local value = item[name]
      if not value or not touched[name] then return end
      if touched[name] == "computed" then check_computed(value, tab.types[name], is_hash) end
      check_index_type(tab, index, name, value)
      if is_empty(value) then
        invalid(NOT_VALID .. "The update expression attempted to update a secondary index key to a value "
          .. "that is not "
          .. "supported. The AttributeValue for a key attribute cannot contain an empty %s value.",
          KINDS[next(value)])
      end
      check_size(value, is_hash)
    end)
  end
  if values.item_size(item) > MAX_ITEM then
    invalid("Item size to update has exceeded the maximum allowed size")
  end
end

function validate.item_size(item)
  if values.item_size(item) > MAX_ITEM then invalid("Item size has exceeded the maximum allowed size") end
end

-- Updates never touch the key of the table.
function validate.touched(touched, tab)
  each_key(tab.schema, function(name)
    if touched[name] then
      invalid(INVALID .. "Cannot update attribute %s. This attribute is part of the key", name)
    end
  end)
end

-- nested: the attributes that some path goes into.
function validate.scalar_keys(nested, tab)
  if not next(nested) then return end
  local message = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not "
    .. "allowed: %s: %s"
  each_key(tab.schema, function(name)
    if nested[name] then invalid(message, "Key", name) end
  end)
  for _, index in ipairs(tab.indexes) do
    each_key(index.schema, function(name)
      if nested[name] then invalid(message, "IndexKey", name) end
    end)
  end
end

function validate.attributes(attributes)
  local problem = values.problem_in(attributes)
  if problem then invalid(problem) end
end

return validate
