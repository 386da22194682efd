-- SPDX-License-Identifier: MIT
-- What an operation is said to have consumed: ReturnConsumedCapacity and ReturnItemCollectionMetrics.
local json = require "json"
local storage = require "sandbox.dynamodb.storage"
local values = require "sandbox.dynamodb.values"

local capacity = {}

local READ_BLOCK, WRITE_BLOCK = 4096, 1024

-- Units for so many bytes read; half of them when the read need not be consistent.
function capacity.read_units(bytes, consistent)
  return math.max(1, -(-bytes // READ_BLOCK)) * (consistent and 1.0 or 0.5)
end

local function write_units(item)
  return math.max(1, -(-values.item_size(item) // WRITE_BLOCK)) * 1.0
end

local function in_index(index, item)
  return storage.covers(index, item) and storage.kept(index, item)
end

-- An entry that moves is deleted and put; one that stays is written when what it keeps has changed.
local function index_units(index, old, new)
  local had, has = in_index(index, old), in_index(index, new)
  if not had and not has then return 0 end
  if not had then return write_units(has) end
  if not has then return write_units(had) end
  if values.equal({ M = had }, { M = has }) then return 0 end
  for _, name in ipairs { index.schema.hash, index.schema.range } do
    if not values.equal(had[name], has[name]) then return write_units(had) + write_units(has) end
  end
  return math.max(write_units(had), write_units(has))
end

-- {table = units, indexes = {[index] = units}} of one write.
function capacity.of_write(tab, old, new)
  local used = { table = math.max(old and write_units(old) or 1, new and write_units(new) or 1),
    indexes = {} }
  for _, index in ipairs(tab.indexes) do
    local units = index_units(index, old, new)
    if units > 0 then used.indexes[index] = units end
  end
  return used
end

-- The ConsumedCapacity member; detail: NONE, TOTAL, INDEXES or nil. extra: "WriteCapacityUnits" in
-- transactions.
function capacity.report(detail, tab, used, extra)
  if detail ~= "TOTAL" and detail ~= "INDEXES" then return nil end
  local total = used.table
  for _, units in pairs(used.indexes) do total = total + units end
  local report = { TableName = tab.name, CapacityUnits = total }
  if extra then report[extra] = total end
  if detail == "TOTAL" then return report end
  local function part(units)
    return { CapacityUnits = units, [extra or "CapacityUnits"] = units }
  end
  report.Table = part(used.table)
  for index, units in pairs(used.indexes) do
    local kind = index.global and "GlobalSecondaryIndexes" or "LocalSecondaryIndexes"
    report[kind] = report[kind] or {}
    report[kind][index.name] = part(units)
  end
  return report
end

-- Adds one use to a running sum of the same form.
function capacity.add(sum, used, times)
  sum.table = sum.table + used.table * (times or 1)
  for index, units in pairs(used.indexes) do
    sum.indexes[index] = (sum.indexes[index] or 0) + units * (times or 1)
  end
end

-- The ItemCollectionMetrics member of one item; only tables with local indexes have collections.
function capacity.collection(wanted, tab, key)
  if wanted ~= "SIZE" or not tab.has_local then return nil end
  return { ItemCollectionKey = { [tab.schema.hash] = key[tab.schema.hash] },
           SizeEstimateRangeGB = json.array { 0.0, 1.0 } }
end

return capacity
