-- SPDX-License-Identifier: MIT
-- BatchGetItem and BatchWriteItem: many single reads or writes in one request, not in one transaction.
local capacity = require "sandbox.dynamodb.capacity"
local expression = require "sandbox.dynamodb.expression"
local failure = require "sandbox.failure"
local invalid = require "sandbox.dynamodb.invalid"
local json = require "json"
local reads = require "sandbox.dynamodb.reads"
local shape = require "sandbox.dynamodb.shape"
local sorted_names = require "sandbox.sorted_names"
local storage = require "sandbox.dynamodb.storage"
local store = require "sandbox.store"
local tables = require "sandbox.dynamodb.tables"
local validate = require "sandbox.dynamodb.validate"

local operations = {}

local MAX_READS, MAX_WRITES, RESPONSE_BYTES = 100, 25, 16 * 1024 * 1024

local function check_distinct(seen, place)
  local id = place.partition .. "\0" .. #place.partition .. "\0" .. place.sort
  if seen[id] then invalid("Provided list of item keys contains duplicates") end
  seen[id] = true
end

local function report(detail, used)
  if detail ~= "TOTAL" and detail ~= "INDEXES" then return nil end
  local list = json.array {}
  for _, each in ipairs(used) do list[#list + 1] = capacity.report(detail, each.tab, each) end
  return list
end

-- --- BatchGetItem ---

-- One way of saying what to show, for all tables.
local function check_one_way(requests)
  local ways = {}
  for _, request in pairs(requests) do
    if request.ProjectionExpression then ways.ProjectionExpression = request.ProjectionExpression end
    if request.AttributesToGet then ways.AttributesToGet = request.AttributesToGet end
  end
  expression.check_parameters(ways, { "ProjectionExpression" }, { "AttributesToGet" })
end

local function check_reads(requests)
  check_one_way(requests)
  local total, batch = 0, {}
  for _, name in ipairs(sorted_names(requests)) do
    local request = requests[name]
    local read = reads.read(request)
    for _, key in ipairs(request.Keys) do validate.attributes(key) end
    total = total + #request.Keys
    batch[#batch + 1] = { name = name, read = read }
  end
  if total > MAX_READS then invalid("Too many items requested for the BatchGetItem call") end
  return batch
end

local function bind_reads(batch)
  for _, part in ipairs(batch) do
    part.tab = tables.get(shape.table_name(part.name))
    local seen = {}
    for _, key in ipairs(part.read.input.Keys) do
      reads.check(part.read, key, part.tab)
      check_distinct(seen, storage.place(key, part.tab.schema))
    end
  end
end

-- What did not fit is asked for again with the same parameters.
local function leave_over(unprocessed, part, key)
  local left = unprocessed[part.name]
  if not left then
    left = {}
    for name, value in pairs(part.read.input) do left[name] = value end
    left.Keys = json.array {}
    unprocessed[part.name] = left
  end
  left.Keys[#left.Keys + 1] = key
end

function operations.BatchGetItem(input)
  local batch = check_reads(input.RequestItems)
  bind_reads(batch)
  local responses, unprocessed, total, used = {}, {}, 0, {}
  for _, part in ipairs(batch) do
    local found, units = json.array {}, 0
    for _, key in ipairs(part.read.input.Keys) do
      local item, bytes = reads.find(part.read, key, part.tab)
      if total + bytes > RESPONSE_BYTES then
        leave_over(unprocessed, part, key)
      else
        total, units = total + bytes, units + capacity.read_units(bytes, part.read.input.ConsistentRead)
        if item then found[#found + 1] = item end
      end
    end
    responses[part.name] = found
    used[#used + 1] = { tab = part.tab, table = units, indexes = {} }
  end
  return { Responses = responses, UnprocessedKeys = unprocessed,
           ConsumedCapacity = report(input.ReturnConsumedCapacity, used) }
end

-- --- BatchWriteItem ---

local MANY_TYPES = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
  .. "supported datatypes"

local function check_write(request)
  local put, delete = request.PutRequest, request.DeleteRequest
  if (put and delete) or not (put or delete) then invalid(MANY_TYPES) end
  if put then
    validate.attributes(put.Item)
    validate.item_size(put.Item)
  else
    validate.attributes(delete.Key)
  end
end

local function check_writes(requests)
  local total, batch = 0, {}
  for _, name in ipairs(sorted_names(requests)) do
    for _, request in ipairs(requests[name]) do check_write(request) end
    total = total + #requests[name]
    batch[#batch + 1] = { name = name, requests = requests[name] }
  end
  if total > MAX_WRITES then invalid("Too many items requested for the BatchWriteItem call") end
  return batch
end

-- A batch tells less about a bad key than PutItem does.
local function check_item(item, tab)
  local fine, problem = pcall(validate.item, item, tab)
  if fine then return end
  if not failure.is(problem) then error(problem, 0) end
  local text = problem.message
  if text:find("Missing the key", 1, true) or text:find("Type mismatch for key", 1, true) then
    invalid("The provided key element does not match the schema")
  end
  error(problem, 0)
end

local function bind_writes(batch)
  for _, part in ipairs(batch) do
    part.tab, part.places = tables.get(shape.table_name(part.name)), {}
    local seen = {}
    for i, request in ipairs(part.requests) do
      local item = request.PutRequest and request.PutRequest.Item
      local key = item or request.DeleteRequest.Key
      if item then check_item(item, part.tab) else validate.key(key, part.tab) end
      part.places[i] = storage.place(key, part.tab.schema)
      check_distinct(seen, part.places[i])
    end
  end
end

local function write_part(part, metrics)
  local used = { tab = part.tab, table = 0, indexes = {} }
  local collections = json.array {}
  for i, request in ipairs(part.requests) do
    local item = request.PutRequest and request.PutRequest.Item
    local old = storage.get(part.tab, part.places[i])
    if old or item then storage.write(part.tab, part.places[i], old, item) end
    capacity.add(used, capacity.of_write(part.tab, old, item))
    collections[#collections + 1] = capacity.collection(metrics, part.tab, item or request.DeleteRequest.Key)
  end
  return used, #collections > 0 and collections or nil
end

function operations.BatchWriteItem(input)
  local batch = check_writes(input.RequestItems)
  bind_writes(batch)
  local used, collections = {}, nil
  store:transaction(function()
    for i, part in ipairs(batch) do
      local list
      used[i], list = write_part(part, input.ReturnItemCollectionMetrics)
      if list then
        collections = collections or {}
        collections[part.name] = list
      end
    end
  end)
  return { UnprocessedItems = {}, ItemCollectionMetrics = collections,
           ConsumedCapacity = report(input.ReturnConsumedCapacity, used) }
end

return operations
