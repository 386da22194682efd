-- SPDX-License-Identifier: MIT
-- What CreateTable and UpdateTable refuse: key schemas, indexes, billing, in the order in which the service
-- looks.
local failure = require "sandbox.failure"
local invalid = require "sandbox.dynamodb.invalid"
local settings = require "sandbox.dynamodb.table_settings"

local rules = {}

local INVALID = "One or more parameter values were invalid: "
local MAX_UNITS, MAX_LOCAL, MAX_GLOBAL, MAX_UPDATES, MAX_TAGS = 1000000000000, 5, 20, 5, 50

local function names_of(list)
  local names = {}
  for i, element in ipairs(list) do names[i] = element.AttributeName end
  return names
end

local function check_units(throughput)
  for _, name in ipairs { "ReadCapacityUnits", "WriteCapacityUnits" } do
    if throughput[name] > MAX_UNITS then
      invalid("Given value %d for %s is out of bounds", throughput[name], name)
    end
  end
end

function rules.billing(input)
  local throughput = input.ProvisionedThroughput
  if input.BillingMode == "PAY_PER_REQUEST" then
    if throughput then
      invalid(INVALID .. "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
        .. "BillingMode is PAY_PER_REQUEST")
    end
    return
  end
  if not throughput then
    invalid(INVALID .. "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is "
      .. "PROVISIONED")
  end
  check_units(throughput)
end

local function check_defined(keys, defined, names)
  for _, key in ipairs(keys) do
    if not defined[key] then
      invalid(INVALID .. "Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], "
        .. "AttributeDefinitions: [%s]", table.concat(keys, ", "), table.concat(names, ", "))
    end
  end
end

local function check_schema(schema)
  if schema[2] and schema[1].AttributeName == schema[2].AttributeName then
    invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
  end
  if schema[1].KeyType ~= "HASH" then
    invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
  end
  if schema[2] and schema[2].KeyType ~= "RANGE" then
    invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
  end
end

local function check_projection(projection)
  local type = projection.ProjectionType
  if not type then invalid(INVALID .. "Unknown ProjectionType: null") end
  if projection.NonKeyAttributes and type ~= "INCLUDE" then
    invalid(INVALID .. "ProjectionType is %s, but NonKeyAttributes is specified", type)
  end
  if type == "INCLUDE" and not projection.NonKeyAttributes then
    invalid(INVALID .. "ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
  end
  local seen = {}
  for _, name in ipairs(projection.NonKeyAttributes or {}) do
    if seen[name] then invalid(INVALID .. "Duplicate element in NonKeyAttributes: %s", name) end
    seen[name] = true
  end
end

local function check_unique(name, seen)
  if seen[name] then invalid(INVALID .. "Duplicate index name: %s", name) end
  seen[name] = true
end

local function check_local(input, index, context)
  local name, hash = index.IndexName, input.KeySchema[1].AttributeName
  check_defined(names_of(index.KeySchema), context.defined, context.names)
  check_schema(index.KeySchema)
  if #index.KeySchema ~= 2 then
    invalid(INVALID .. "Index KeySchema does not have a range key for index: %s", name)
  end
  if index.KeySchema[1].AttributeName ~= hash then
    invalid(INVALID .. "Index KeySchema does not have the same leading hash key as table KeySchema for "
      .. "index: %s. index hash key: %s, table hash key: %s", name, index.KeySchema[1].AttributeName, hash)
  end
  check_projection(index.Projection)
  check_unique(name, context.seen)
end

-- What a provisioned index has to bring, and one on demand must not: in CreateTable, and in UpdateTable.
local THROUGHPUT = {
  new = { "ProvisionedThroughput is not specified for index: %s",
    "ProvisionedThroughput should not be specified for index: %s when BillingMode is PAY_PER_REQUEST" },
  change = { "ProvisionedThroughput must be specified for index: %s",
    "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: %s when BillingMode is "
      .. "PAY_PER_REQUEST" },
}

local function check_global(index, context, on_demand, when)
  check_defined(names_of(index.KeySchema), context.defined, context.names)
  check_schema(index.KeySchema)
  check_projection(index.Projection)
  if on_demand == (index.ProvisionedThroughput ~= nil) then
    invalid(INVALID .. THROUGHPUT[when][on_demand and 2 or 1], index.IndexName)
  end
  check_unique(index.IndexName, context.seen)
end

local function check_all_used(input, context)
  local used, order = {}, {}
  local function use(schema)
    for _, name in ipairs(names_of(schema)) do
      if not used[name] then order[#order + 1] = name end
      used[name] = true
    end
  end
  use(input.KeySchema)
  for _, index in ipairs(input.LocalSecondaryIndexes or {}) do use(index.KeySchema) end
  for _, index in ipairs(input.GlobalSecondaryIndexes or {}) do use(index.KeySchema) end
  if #order < #context.names then
    table.sort(context.names)
    table.sort(order)
    invalid(INVALID .. "Some AttributeDefinitions are not used. AttributeDefinitions: [%s], keys used: [%s]",
      table.concat(context.names, ", "), table.concat(order, ", "))
  end
end

local function check_list(list, name)
  if #list == 0 then invalid(INVALID .. "List of %s is empty", name) end
end

local function check_key_schema(input, context)
  local keys = names_of(input.KeySchema)
  if #keys > #context.names then
    invalid("Invalid KeySchema: Some index key attribute have no definition")
  end
  check_defined(keys, context.defined, context.names)
  check_schema(input.KeySchema)
  if not input.LocalSecondaryIndexes and not input.GlobalSecondaryIndexes and #keys ~= #context.names then
    invalid(INVALID .. "Number of attributes in KeySchema does not exactly match number of attributes "
      .. "defined in AttributeDefinitions")
  end
end

-- Letters of all alphabets are taken for what they are.
local TAG_TEXT, MAX_KEY, MAX_VALUE = "^[%s%w_.:/=+%-@\128-\255]*$", 128, 256

local function is_tag_text(text, least, most)
  return text and text:find(TAG_TEXT) and (utf8.len(text) or #text) >= least and (utf8.len(text) or #text) <= most
end

function rules.tag_key(key)
  if not is_tag_text(key, 1, MAX_KEY) then invalid("The Tag Key provided is invalid, Key: %s", key or "null") end
  if key:find "^aws:" then invalid("Tag Key cannot be prefixed with aws:, Key: %s", key) end
end

-- tags: all that a table is to have.
function rules.tags(tags)
  local seen = {}
  for _, tag in ipairs(tags) do
    rules.tag_key(tag.Key)
    if not is_tag_text(tag.Value, 0, MAX_VALUE) then
      invalid("The Tag Value provided is invalid, Value: %s", tag.Value or "null")
    end
    if seen[tag.Key] then
      invalid("Duplicate Tag Keys provided as input: Duplicate Tag Key found %s", tag.Key)
    end
    seen[tag.Key] = true
  end
  if #tags > MAX_TAGS then invalid("Number of Tags exceed the current limit for the provided ResourceArn") end
end

-- The names that a list of definitions defines, in order and as a set.
local function context_of(definitions)
  local context = { names = names_of(definitions), defined = {}, seen = {} }
  for _, name in ipairs(context.names) do
    if context.defined[name] then invalid("Attribute Name is duplicated: %s", name) end
    context.defined[name] = true
  end
  return context
end

function rules.create(input)
  rules.billing(input)
  settings.check(input, "new")
  rules.tags(input.Tags or {})
  local context = context_of(input.AttributeDefinitions)
  check_key_schema(input, context)
  local locals, globals = input.LocalSecondaryIndexes, input.GlobalSecondaryIndexes
  if locals then
    check_list(locals, "LocalSecondaryIndexes")
    if #input.KeySchema ~= 2 then
      invalid(INVALID .. "Table KeySchema does not have a range key, which is required when specifying a "
        .. "LocalSecondaryIndex")
    end
    for _, index in ipairs(locals) do check_local(input, index, context) end
    if #locals > MAX_LOCAL then
      invalid(INVALID .. "Number of LocalSecondaryIndexes exceeds per-table limit of %d", MAX_LOCAL)
    end
  end
  if globals then
    check_list(globals, "GlobalSecondaryIndexes")
    local on_demand = input.BillingMode == "PAY_PER_REQUEST"
    for _, index in ipairs(globals) do check_global(index, context, on_demand, "new") end
    if #globals > MAX_GLOBAL then
      invalid(INVALID .. "GlobalSecondaryIndex count exceeds the per-table limit of %d", MAX_GLOBAL)
    end
  end
  if locals or globals then check_all_used(input, context) end
end

local function schema_text(name, type, key_type)
  return ("Schema:[SchemaElement: key{%s:%s:%s}]"):format(name, type, key_type)
end

-- A later index: its keys are defined in its own request, as the table (types = {[name] = type}) already has them.
function rules.create_index(index, definitions, types, on_demand)
  check_global(index, context_of(definitions), on_demand, "change")
  local wanted = {}
  for _, definition in ipairs(definitions) do wanted[definition.AttributeName] = definition.AttributeType end
  for _, key in ipairs(index.KeySchema) do
    local name = key.AttributeName
    if types[name] and types[name] ~= wanted[name] then
      invalid(INVALID .. "Attributes cannot be redefined. Please check that your attribute has the same type as "
        .. "previously defined. Existing schema: %s New schema: %s",
        schema_text(name, types[name], key.KeyType), schema_text(name, wanted[name], key.KeyType))
    end
  end
end

-- A change of an index that is there.
function rules.update_index(given, on_demand)
  local limits, warm = given.OnDemandThroughput, given.WarmThroughput
  if warm and not next(warm) then
    invalid(INVALID .. "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond "
      .. "specified for index: %s", given.IndexName)
  end
  if not on_demand then return end
  if given.ProvisionedThroughput then invalid(INVALID .. THROUGHPUT.change[2], given.IndexName) end
  if not warm and not (limits and next(limits)) then
    invalid(INVALID .. "The only Updates for index: %s when TableThroughputMode is PAY_PER_REQUEST can be to "
      .. "OnDemandThroughput, WarmThroughput", given.IndexName)
  end
end

local ACTIONS = "GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
  .. "GlobalSecondaryIndexUpdate.Delete "

local function check_index_updates(updates)
  local seen = {}
  for _, update in ipairs(updates) do
    local action, change = next(update)
    if not change then invalid(INVALID .. "One of " .. ACTIONS .. "must not be null") end
    if next(update, action) then invalid(INVALID .. "Only one of " .. ACTIONS .. "can be specified") end
    if seen[change.IndexName] then
      invalid(INVALID .. "Only one global secondary index update per index is allowed simultaneously. "
        .. "Index: %s",
        change.IndexName)
    end
    seen[change.IndexName] = true
  end
end

-- Against the limit of what happens at the same time, once the table is known.
function rules.at_once(updates)
  local built = 0
  for _, update in ipairs(updates) do
    if not update.Update then built = built + 1 end
  end
  if built > 1 or #updates > MAX_UPDATES then
    failure("LimitExceededException", "Subscriber limit exceeded: Only 1 online index can be created or "
      .. "deleted simultaneously per table")
  end
end

function rules.update(input)
  local updates = input.GlobalSecondaryIndexUpdates
  settings.check_operations(input)
  if input.BillingMode == "PROVISIONED" and not input.ProvisionedThroughput then
    invalid(INVALID .. "ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
  end
  if input.ProvisionedThroughput then check_units(input.ProvisionedThroughput) end
  settings.check(input, "change")
  if updates then check_index_updates(updates) end
end

return rules
