-- SPDX-License-Identifier: MIT
-- CreateTable, DescribeTable, UpdateTable, DeleteTable, ListTables. A change is done when it is answered:
-- the answer still says CREATING, UPDATING or DELETING, the next DescribeTable does not.
local crypto = require "crypto"
local clock = require "clock"
local failure = require "sandbox.failure"
local json = require "json"
local rules = require "sandbox.dynamodb.table_rules"
local settings = require "sandbox.dynamodb.table_settings"
local storage = require "sandbox.dynamodb.storage"
local store = require "sandbox.store"
local tables = require "sandbox.dynamodb.tables"

local operations = {}

local function shallow(map)
  local new = {}
  for key, value in pairs(map) do new[key] = value end
  return new
end

local function throughput(given)
  return { ReadCapacityUnits = given and given.ReadCapacityUnits or 0, NumberOfDecreasesToday = 0,
           WriteCapacityUnits = given and given.WriteCapacityUnits or 0 }
end

local DAY <const> = 86400

local function throughput_after(current, wanted)
  local new, now = throughput(wanted), clock.now()
  local more, less = false, false
  for _, name in ipairs { "ReadCapacityUnits", "WriteCapacityUnits" } do
    more, less = more or new[name] > current[name], less or new[name] < current[name]
  end
  local last = current.LastDecreaseDateTime
  if last and last // DAY == now // DAY then new.NumberOfDecreasesToday = current.NumberOfDecreasesToday end
  if less then new.NumberOfDecreasesToday = new.NumberOfDecreasesToday + 1 end
  new.LastIncreaseDateTime = more and now or current.LastIncreaseDateTime
  new.LastDecreaseDateTime = less and now or last
  return new
end

local function describe_index(name, given, global)
  local index = { IndexName = given.IndexName, KeySchema = given.KeySchema, Projection = given.Projection,
                  IndexArn = tables.arn(name) .. "/index/" .. given.IndexName, IndexSizeBytes = 0,
                    ItemCount = 0 }
  if global then
    index.IndexStatus = "ACTIVE"
    index.ProvisionedThroughput = throughput(given.ProvisionedThroughput)
    index.OnDemandThroughput = given.OnDemandThroughput
    index.WarmThroughput = settings.warm_new(given, "index " .. given.IndexName)
  end
  return index
end

local function describe_indexes(name, given, global)
  if not given then return nil end
  local list = json.array {}
  for i, index in ipairs(given) do list[i] = describe_index(name, index, global) end
  return list
end

local function on_demand_summary(now)
  return { BillingMode = "PAY_PER_REQUEST", LastUpdateToPayPerRequestDateTime = now }
end

local function describe_new(input)
  local name, on_demand, now = input.TableName, input.BillingMode == "PAY_PER_REQUEST", clock.now()
  local description = {
    TableName = name, TableArn = tables.arn(name), TableId = crypto.uuid(), TableStatus = "ACTIVE",
    CreationDateTime = now, AttributeDefinitions = input.AttributeDefinitions, KeySchema = input.KeySchema,
    ProvisionedThroughput = throughput(input.ProvisionedThroughput), ItemCount = 0, TableSizeBytes = 0,
    LocalSecondaryIndexes = describe_indexes(name, input.LocalSecondaryIndexes, false),
    GlobalSecondaryIndexes = describe_indexes(name, input.GlobalSecondaryIndexes, true),
    BillingModeSummary = on_demand and on_demand_summary(now) or nil,
    TableThroughputModeSummary = on_demand and { TableThroughputMode = "PAY_PER_REQUEST",
      LastUpdateToPayPerRequestDateTime = now } or nil,
    DeletionProtectionEnabled = false,
  }
  settings.apply_new(description, input)
  return description
end

-- The description with every status replaced.
local function with_status(description, status)
  local shown = shallow(description)
  shown.TableStatus = status
  if description.GlobalSecondaryIndexes then
    local list = json.array {}
    for i, index in ipairs(description.GlobalSecondaryIndexes) do
      list[i] = shallow(index)
      list[i].IndexStatus = status
    end
    shown.GlobalSecondaryIndexes = list
  end
  return shown
end

function operations.CreateTable(input)
  rules.create(input)
  if tables.find(input.TableName) then
    failure("ResourceInUseException", "Table already exists: " .. input.TableName)
  end
  local tab = tables.add(describe_new(input), { tags = input.Tags or json.array {} })
  local shown = with_status(tab.description, "CREATING")
  if shown.BillingModeSummary then shown.BillingModeSummary = { BillingMode = "PAY_PER_REQUEST" } end
  if not input.WarmThroughput then shown.WarmThroughput = nil end
  for i, given in ipairs(input.GlobalSecondaryIndexes or {}) do
    if not given.WarmThroughput then shown.GlobalSecondaryIndexes[i].WarmThroughput = nil end
  end
  return { TableDescription = shown }
end

local function measured(tab)
  local shown = shallow(tab.description)
  shown.ItemCount, shown.TableSizeBytes = storage.measure(tab)
  for _, kind in ipairs { "GlobalSecondaryIndexes", "LocalSecondaryIndexes" } do
    if shown[kind] then
      local list = json.array {}
      for i, description in ipairs(shown[kind]) do
        local index = shallow(description)
        index.ItemCount, index.IndexSizeBytes =
          storage.measure_index(tab, tab.by_name[index.IndexName])
        list[i] = index
      end
      shown[kind] = list
    end
  end
  return shown
end

function operations.DescribeTable(input)
  return { Table = measured(tables.get_named(input.TableName)) }
end

-- What is still told of a table that goes.
local LAST_WORDS = { "TableName", "TableArn", "TableId", "TableSizeBytes", "ItemCount", "ProvisionedThroughput",
  "BillingModeSummary", "TableThroughputModeSummary", "TableClassSummary", "DeletionProtectionEnabled" }

function operations.DeleteTable(input)
  local tab = tables.get_named(input.TableName)
  if tab.description.DeletionProtectionEnabled then
    failure("ValidationException", "Resource cannot be deleted as it is currently protected against "
      .. "deletion. Disable deletion protection first.")
  end
  store:transaction(function()
    storage.drop(tab)
    tables.remove(tab)
  end)
  local shown = { TableStatus = "DELETING" }
  for _, name in ipairs(LAST_WORDS) do shown[name] = tab.description[name] end
  return { TableDescription = shown }
end

local LIST_LIMIT = 100

function operations.ListTables(input)
  local limit = input.Limit or LIST_LIMIT
  local rows = tables.names(input.ExclusiveStartTableName, limit + 1)
  local names = json.array {}
  for i = 1, math.min(limit, #rows) do names[i] = rows[i].name end
  return { TableNames = names, LastEvaluatedTableName = #rows > limit and names[limit] or nil }
end

-- --- UpdateTable ---

local function check_throughput_change(current, wanted)
  if current.ReadCapacityUnits ~= wanted.ReadCapacityUnits
    or current.WriteCapacityUnits ~= wanted.WriteCapacityUnits then return end
  failure("ValidationException", ("The provisioned throughput for the table will not change. The "
    .. "requested value "
    .. "equals the current value. Current ReadCapacityUnits provisioned for the table: %d. Requested "
    .. "ReadCapacityUnits: %d. Current WriteCapacityUnits provisioned for the table: %d. Requested "
    .. "WriteCapacityUnits: %d. Refer to the Amazon DynamoDB Developer Guide for current limits and how "
      .. "to request higher limits."):format(current.ReadCapacityUnits, wanted.ReadCapacityUnits,
      current.WriteCapacityUnits,
    wanted.WriteCapacityUnits))
end

local function change_billing(description, input)
  local on_demand = settings.on_demand(description)
  local will_be = input.BillingMode or (on_demand and "PAY_PER_REQUEST" or "PROVISIONED")
  if input.ProvisionedThroughput then
    if will_be == "PAY_PER_REQUEST" then
      failure("ValidationException", "One or more parameter values were invalid: Neither "
        .. "ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
    end
    check_throughput_change(description.ProvisionedThroughput, input.ProvisionedThroughput)
    description.ProvisionedThroughput = throughput_after(description.ProvisionedThroughput, input.ProvisionedThroughput)
  end
  if input.BillingMode == "PAY_PER_REQUEST" and not on_demand then
    description.BillingModeSummary, description.ProvisionedThroughput =
      on_demand_summary(clock.now()), throughput()
  elseif input.BillingMode == "PROVISIONED" and on_demand then
    description.BillingModeSummary.BillingMode = "PROVISIONED"
  end
  settings.keep_warm(description, will_be == "PAY_PER_REQUEST")
end

local function find_index(description, name)
  for i, index in ipairs(description.GlobalSecondaryIndexes or {}) do
    if index.IndexName == name then return i, index end
  end
end

-- definitions: a list, of which the table keeps what keys are made of.
local function define(description, definitions)
  local used, kept = {}, json.array {}
  local function use(schema)
    for _, key in ipairs(schema) do used[key.AttributeName] = true end
  end
  use(description.KeySchema)
  for _, kind in ipairs { "GlobalSecondaryIndexes", "LocalSecondaryIndexes" } do
    for _, index in ipairs(description[kind] or {}) do use(index.KeySchema) end
  end
  for _, definition in ipairs(definitions) do
    if used[definition.AttributeName] then
      used[definition.AttributeName], kept[#kept + 1] = nil, definition
    end
  end
  description.AttributeDefinitions = kept
end

local function create_index(tab, given, definitions)
  local description = tab.description
  rules.create_index(given, definitions, tab.types, settings.on_demand(description))
  if tab.by_name[given.IndexName] then
    failure("ValidationException", "One or more parameter values were invalid: Attempting to create an "
      .. "index which already exists")
  end
  description.GlobalSecondaryIndexes = description.GlobalSecondaryIndexes or json.array {}
  table.insert(description.GlobalSecondaryIndexes, describe_index(tab.name, given, true))
  local all = table.move(description.AttributeDefinitions, 1, #description.AttributeDefinitions, 1, {})
  define(description, table.move(definitions, 1, #definitions, #all + 1, all))
  local saved = tables.save(tab)
  storage.fill_index(saved, saved.by_name[given.IndexName])
  return saved
end

local function find_global(tab, name, what)
  local at, index = find_index(tab.description, name)
  if index then return index, at end
  if tab.by_name[name] then
    failure("ValidationException", ("Cannot %s an index that is not a GlobalSecondaryIndex: %s"):format(what, name))
  end
  failure("ResourceNotFoundException",
    ("Requested resource not found: Index %s for table %s"):format(name, tab.name))
end

local function delete_index(tab, given)
  local _, at = find_global(tab, given.IndexName, "delete")
  storage.drop_index(tab.by_name[given.IndexName])
  tables.forget_index(tab, given.IndexName)
  table.remove(tab.description.GlobalSecondaryIndexes, at)
  if #tab.description.GlobalSecondaryIndexes == 0 then tab.description.GlobalSecondaryIndexes = nil end
  define(tab.description, tab.description.AttributeDefinitions)
  return tables.save(tab)
end

local function update_index(tab, given)
  local index, on_demand = find_global(tab, given.IndexName, "update"), settings.on_demand(tab.description)
  rules.update_index(given, on_demand)
  if given.ProvisionedThroughput then
    check_throughput_change(index.ProvisionedThroughput, given.ProvisionedThroughput)
    index.ProvisionedThroughput = throughput_after(index.ProvisionedThroughput, given.ProvisionedThroughput)
    settings.keep_warm(index, on_demand)
  end
  if given.OnDemandThroughput then settings.limit(index, given.OnDemandThroughput) end
  if given.WarmThroughput then settings.warm_up(index, given.WarmThroughput, "index " .. given.IndexName) end
  return tables.save(tab)
end

function operations.UpdateTable(input)
  rules.update(input)
  local tab = tables.get_named(input.TableName)
  local updates = input.GlobalSecondaryIndexUpdates or {}
  rules.at_once(updates)
  tab = store:transaction(function()
    change_billing(tab.description, input)
    settings.change(tab.description, input)
    tab = tables.save(tab)
    for _, update in ipairs(updates) do
      if update.Create then tab = create_index(tab, update.Create, input.AttributeDefinitions or {}) end
      if update.Update then tab = update_index(tab, update.Update) end
      if update.Delete then tab = delete_index(tab, update.Delete) end
    end
    return tab
  end)
  local shown = shallow(tab.description)
  shown.TableStatus = "UPDATING"
  return { TableDescription = shown }
end

return operations
