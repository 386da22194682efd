-- SPDX-License-Identifier: MIT
-- TransactWriteItems and TransactGetItems: all of it or nothing, with a reason for each action that stood in
-- the way.
local capacity = require "sandbox.dynamodb.capacity"
local clock = require "clock"
local crypto = require "crypto"
local failure = require "sandbox.failure"
local invalid = require "sandbox.dynamodb.invalid"
local json = require "json"
local reads = require "sandbox.dynamodb.reads"
local storage = require "sandbox.dynamodb.storage"
local store = require "sandbox.store"
local tables = require "sandbox.dynamodb.tables"
local validate = require "sandbox.dynamodb.validate"
local values = require "sandbox.dynamodb.values"
local writes = require "sandbox.dynamodb.writes"

local operations = {}

local MAX_BYTES, TOKEN_SECONDS = 4 * 1024 * 1024, 600
local ACTIONS = { ConditionCheck = "check", Put = "put", Delete = "delete", Update = "update" }

store:exec [[
CREATE TABLE IF NOT EXISTS dynamodb_tokens (
  token TEXT PRIMARY KEY, request BLOB NOT NULL, answer TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dynamodb_tokens_by_age ON dynamodb_tokens (expires);
]]

-- Calls fn; gives what it failed with when that is an answer to the client, else raises it again.
local function caught(fn, ...)
  local fine, problem = pcall(fn, ...)
  if fine then return nil end
  if not failure.is(problem) then error(problem, 0) end
  return problem
end

-- --- reasons ---

local REASONS = { ConditionalCheckFailedException = "ConditionalCheckFailed",
  ValidationException = "ValidationError" }

local function cancel(count, problems)
  local reasons, codes = json.array {}, {}
  for i = 1, count do
    local problem = problems[i]
    if problem then
      local code = REASONS[problem.code] or error(problem, 0)
      reasons[i] = { Code = code, Message = problem.message, Item = problem.extra and problem.extra.Item }
    else
      reasons[i] = { Code = "None" }
    end
    codes[i] = reasons[i].Code
  end
  failure("TransactionCanceledException", ("Transaction cancelled, please refer cancellation reasons for "
    .. "specific reasons [%s]"):format(table.concat(codes, ", ")), { CancellationReasons = reasons })
end

-- --- the steps ---

-- Names and values beside no expression are refused elsewhere; a transaction does not look at them.
local function forget_unneeded(input)
  if input.ConditionExpression or input.UpdateExpression or input.ProjectionExpression then return end
  input.ExpressionAttributeNames, input.ExpressionAttributeValues = nil, nil
end

local function read_action(element)
  local name = next(element)
  if not name or next(element, name) then
    invalid("TransactItems can only contain one of Check, Put, Update or Delete")
  end
  forget_unneeded(element[name])
  return writes.read(ACTIONS[name], element[name])
end

local function payload(batch)
  local bytes = 0
  for _, write in ipairs(batch) do
    bytes = bytes + values.item_size(write.input.Item or write.input.Key)
    if write.input.ExpressionAttributeValues then
      bytes = bytes + values.item_size(write.input.ExpressionAttributeValues)
    end
  end
  return bytes
end

-- An empty key fails the request as a whole; what else is wrong with a key is the action's reason.
local EMPTY = "The AttributeValue for a key attribute cannot contain an empty"

local function bind_all(batch)
  for _, write in ipairs(batch) do writes.find_table(write) end
  for i, write in ipairs(batch) do
    local problem = caught(writes.bind, write)
    if problem then
      if problem.message:find(EMPTY, 1, true) then error(problem, 0) end
      cancel(#batch, { [i] = problem })
    end
  end
end

local function check_distinct(batch)
  local seen = {}
  for _, each in ipairs(batch) do
    local place = each.place
    local id = ("%d/%d/%s/%s"):format(each.tab.id, #place.partition, place.partition, place.sort)
    if seen[id] then invalid("Transaction request cannot include multiple operations on one item") end
    seen[id] = true
  end
end

local function evaluate_all(batch)
  local problems = {}
  for i, write in ipairs(batch) do
    local problem = caught(writes.evaluate, write)
    if problem and problem.message:find(EMPTY, 1, true) then error(problem, 0) end
    problems[i] = problem
  end
  if next(problems) then cancel(#batch, problems) end
end

-- --- what was consumed, by table ---

local function by_table(batch, of)
  local order, sums = {}, {}
  for _, each in ipairs(batch) do
    local sum = sums[each.tab.name]
    if not sum then
      sum = { tab = each.tab, table = 0, indexes = {} }
      sums[each.tab.name], order[#order + 1] = sum, sum
    end
    capacity.add(sum, of(each), 2) -- a transaction costs double
  end
  return order
end

local function report(detail, sums, extra)
  if detail ~= "TOTAL" and detail ~= "INDEXES" then return nil end
  local list = json.array {}
  for i, sum in ipairs(sums) do list[i] = capacity.report(detail, sum.tab, sum, extra) end
  return list
end

local function write_report(detail, batch)
  if not detail then return nil end
  return report(detail, by_table(batch, function(write)
    return capacity.of_write(write.tab, write.old, write.new)
  end), "WriteCapacityUnits")
end

-- A repeated request reads what the first one wrote.
local function repeat_report(detail, batch)
  if not detail then return nil end
  return report(detail, by_table(batch, function(write)
    local item = storage.get(write.tab, write.place)
    return { table = capacity.read_units(item and values.item_size(item) or 0, true), indexes = {} }
  end), "ReadCapacityUnits")
end

local function collections(wanted, batch)
  local found
  for _, write in ipairs(batch) do
    local metrics = capacity.collection(wanted, write.tab, write.key)
    if metrics then
      found = found or {}
      found[write.tab.name] = found[write.tab.name] or json.array {}
      table.insert(found[write.tab.name], metrics)
    end
  end
  return found
end

-- --- tokens ---

-- true when this very request was done with this token before.
local function seen_before(token, digest)
  store:run("DELETE FROM dynamodb_tokens WHERE expires < ?", clock.now())
  local row = store:row("SELECT request FROM dynamodb_tokens WHERE token = ?", token)
  if row and row.request ~= digest then
    failure("IdempotentParameterMismatchException", "Idempotent request with the same client token was "
      .. "already used with different parameters")
  end
  return row ~= nil
end

local function remember(token, digest)
  store:run("INSERT INTO dynamodb_tokens VALUES (?, ?, '', ?)", token, digest, clock.now() + TOKEN_SECONDS)
end

function operations.TransactWriteItems(input)
  local token = input.ClientRequestToken
  local digest = token and crypto.hex(crypto.sha256(json.encode(input.TransactItems, { sorted = true })))
  local batch = {}
  for i, element in ipairs(input.TransactItems) do batch[i] = read_action(element) end
  if payload(batch) > MAX_BYTES then invalid("Transaction payload size cannot exceed 4 MB") end
  return store:transaction(function()
    bind_all(batch)
    check_distinct(batch)
    if token and seen_before(token, digest) then
      return { ConsumedCapacity = repeat_report(input.ReturnConsumedCapacity, batch) }
    end
    evaluate_all(batch)
    for _, write in ipairs(batch) do writes.write(write) end
    if token then remember(token, digest) end
    return { ConsumedCapacity = write_report(input.ReturnConsumedCapacity, batch),
             ItemCollectionMetrics = collections(input.ReturnItemCollectionMetrics, batch) }
  end)
end

-- --- reading ---

function operations.TransactGetItems(input)
  local batch = {}
  for i, element in ipairs(input.TransactItems) do
    local get = element.Get
    forget_unneeded(get)
    validate.attributes(get.Key)
    batch[i] = { read = reads.read(get), key = get.Key }
  end
  for _, each in ipairs(batch) do each.tab = tables.get(each.read.input.TableName) end
  for i, each in ipairs(batch) do
    local problem = caught(reads.check, each.read, each.key, each.tab)
    if problem and problem.message:find(EMPTY, 1, true) then error(problem, 0) end
    if problem then cancel(#batch, { [i] = problem }) end
    each.place = storage.place(each.key, each.tab.schema)
  end
  check_distinct(batch)
  local responses, total = json.array {}, 0
  for i, each in ipairs(batch) do
    local item
    item, each.bytes = reads.find(each.read, each.key, each.tab)
    responses[i], total = { Item = item }, total + each.bytes
  end
  if total > MAX_BYTES then invalid("Transaction payload size cannot exceed 4 MB") end
  local sums = by_table(batch, function(each)
    return { table = capacity.read_units(each.bytes, true), indexes = {} }
  end)
  return { Responses = responses, ConsumedCapacity = report(input.ReturnConsumedCapacity, sums,
    "ReadCapacityUnits") }
end

return operations
