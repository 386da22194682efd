-- SPDX-License-Identifier: MIT
-- bindings: DynamoDB in plain Lua values. Flows and commands call it; aws.lua carries and repeats.
-- Values: see attribute_value.lua. Names: write them as they are, reserved or not; every name in an
-- expression becomes an alias (dynamodb_expression.lua). values = {open="OPEN"} is ":open" in the text.
-- All functions yield, take {table=, timeout= or deadline=, retry=} besides their own, give nil, err for
-- what the world did (err as aws.call's) and raise for what cannot be stored.
--   err.item on ConditionalCheckFailedException with return_old_on_failure=true: the item that was there.
--   err.ambiguous: a try without an answer came before: a failed condition may be this call's own work.

local attribute_value, aws, clock = require "attribute_value", require "aws", require "clock"
local config, crypto, json = require "config", require "crypto", require "json"
local expression, retry = require "dynamodb_expression", require "retry"

local dynamodb = {
  set = attribute_value.set,
  binary = attribute_value.binary,
  number = attribute_value.number,
}

local BATCH_WRITE <const>, BATCH_GET <const>, BATCH_TRIES <const> = 25, 100, 8
local TRANSACTION_TRIES <const> = 6

local decode_item, encode_item = attribute_value.decode_item, attribute_value.encode_item


local function table_of(request)
  local name = request.table or config.dynamodb.table
  return assert(name, "dynamodb: no table is named, neither here nor in config.dynamodb.table")
end


-- A cancelled transaction in plain values: err.reasons = {{code=, item=, message=}, …}, one for each item of
-- the request, code "None" where nothing was wrong.
local function explain(err)
  if type(err.Item) == "table" then err.item, err.Item = decode_item(err.Item), nil end
  if type(err.CancellationReasons) ~= "table" then return end
  err.reasons = {}
  for i, reason in ipairs(err.CancellationReasons) do
    err.reasons[i] = { code = reason.Code, message = reason.Message,
      item = type(reason.Item) == "table" and decode_item(reason.Item) or nil }
  end
  err.CancellationReasons = nil
end


local passing = { TransactionConflict = true, ThrottlingError = true, ProvisionedThroughputExceeded = true }

-- Was the transaction cancelled only by what passes (conflict, throttling)? Then the same may be tried again.
function dynamodb.retryable_cancellation(err)
  local some = false
  for _, reason in ipairs(err.reasons or {}) do
    if reason.code ~= "None" then
      if not passing[reason.code] then return false end
      some = true
    end
  end
  return some
end


local function call(operation, request, input, mode, extra)
  return aws.call {
    service = "dynamodb", target = "DynamoDB_20120810." .. operation, operation = operation,
    json_version = "1.0", input = input, retry = request.retry or mode, timeout = request.timeout,
    deadline = request.deadline, attempts = extra and extra.attempts, on_error = extra and extra.on_error or explain,
  }
end


-- true, or the attributes that `returns` asked for (an empty table when there were none).
local function written(request, output, err)
  if not output then return nil, err end
  if not request.returns then return true end
  return output.Attributes and decode_item(output.Attributes) or {}
end


local function condition_into(wire, scope, request)
  wire.ConditionExpression = scope:text(request.condition)
  wire.ReturnValuesOnConditionCheckFailure = request.return_old_on_failure and "ALL_OLD" or nil
  return wire
end


local function put_wire(request)
  local scope = expression.scope(request.names, request.values)
  local wire = { TableName = table_of(request), Item = encode_item(request.item) }
  return scope:into(condition_into(wire, scope, request))
end


local function keyed_wire(request)
  local scope = expression.scope(request.names, request.values)
  local wire = { TableName = table_of(request), Key = encode_item(request.key) }
  return condition_into(wire, scope, request), scope
end


local function update_wire(request)
  local wire, scope = keyed_wire(request)
  wire.UpdateExpression = scope:update(request)
  return scope:into(wire)
end


local function key_wire(request)
  local wire, scope = keyed_wire(request)
  return scope:into(wire)
end


-- Writes a whole item. {item=, condition=, names=, values=, returns="ALL_OLD", return_old_on_failure=}
-- -> true, or the old attributes | nil, err. Repeated on any passing failure: the same put twice is one put.
function dynamodb.put(request)
  local wire = put_wire(request)
  wire.ReturnValues = request.returns
  return written(request, call("PutItem", request, wire, "safe"))
end


-- Changes an item, or makes it. {key=, condition=, names=, values=, returns="ALL_NEW" …} and either
-- update="SET status = :s REMOVE lease", or set={}, set_once={}, add={}, delete={}, remove={names}.
-- -> true, or the attributes asked for | nil, err. An update that accumulates (ADD, +, -, list_append) is not
-- repeated after a try without an answer, unless retry="safe" says that its condition makes it harmless.
function dynamodb.update(request)
  local wire = update_wire(request)
  wire.ReturnValues = request.returns
  local mode = expression.accumulates(wire.UpdateExpression) and "throttle" or "safe"
  return written(request, call("UpdateItem", request, wire, mode))
end


-- Deletes an item; one that is not there is deleted already. {key=, condition=, returns="ALL_OLD"} as put.
function dynamodb.delete(request)
  local wire = key_wire(request)
  wire.ReturnValues = request.returns
  return written(request, call("DeleteItem", request, wire, "safe"))
end


-- {key=, consistent=, projection="name, status", names=} -> item | nil (there is none) | nil, err.
function dynamodb.get(request)
  local scope = expression.scope(request.names)
  local wire = { TableName = table_of(request), Key = encode_item(request.key),
    ConsistentRead = request.consistent or nil, ProjectionExpression = scope:text(request.projection) }
  local output, err = call("GetItem", request, scope:into(wire), "safe")
  if not output then return nil, err end
  return output.Item and decode_item(output.Item) or nil
end


local function decode_list(items)
  local out = {}
  for i, item in ipairs(items or {}) do out[i] = decode_item(item) end
  return out
end


-- One page: a list of items, .count and .scanned (what was read before the filter), .next = the key to give
-- as start= for the page that follows, nil on the last. A page may be empty and yet not the last.
local function page(operation, request, wire, scope)
  wire.TableName, wire.IndexName, wire.Limit = table_of(request), request.index, request.limit
  wire.FilterExpression = scope:text(request.filter)
  wire.ProjectionExpression = scope:text(request.projection)
  wire.ConsistentRead = request.consistent or nil
  wire.ExclusiveStartKey = request.start and encode_item(request.start)
  local output, err = call(operation, request, scope:into(wire), "safe")
  if not output then return nil, err end
  local list = decode_list(output.Items)
  list.count, list.scanned = output.Count, output.ScannedCount
  list.next = output.LastEvaluatedKey and decode_item(output.LastEvaluatedKey) or nil
  return list
end


-- {key_condition="pk = :pk AND begins_with(sk, :p)", values=, names=, filter=, index=, limit=, start=,
-- projection=, consistent=, forward=false for the highest sort key first} -> page | nil, err.
function dynamodb.query(request)
  local scope = expression.scope(request.names, request.values)
  local wire = { KeyConditionExpression = scope:text(request.key_condition) }
  if request.forward == false then wire.ScanIndexForward = false end
  return page("Query", request, wire, scope)
end


-- {filter=, values=, names=, index=, limit=, start=, projection=, segment=, segments=} -> page | nil, err.
function dynamodb.scan(request)
  request = request or {}
  local wire = { Segment = request.segment, TotalSegments = request.segments }
  return page("Scan", request, wire, expression.scope(request.names, request.values))
end


-- Walks all pages of a query or scan: `for item in dynamodb.each(dynamodb.query, request)`. Raises err, as an
-- iterator cannot return it.
function dynamodb.each(read, request)
  local list, at, last, start = {}, 0, false, request.start
  return function()
    while at >= #list do
      if last then return nil end
      local copy = { start = start }
      for name, value in pairs(request) do copy[name] = copy[name] or value end
      local problem
      list, problem = read(copy)
      if not list then error(problem, 0) end
      at, start = 0, list.next
      last = start == nil
    end
    at = at + 1
    return list[at]
  end
end


-- Sends chunks of `size` again and again until nothing of them is left over; `send(chunk, deadline)` -> rest
-- | nil, err. The caller's deadline is for all of it; without one each chunk has the usual time.
local function in_batches(operation, request, entries, size, send)
  local policy = retry.new { attempts = BATCH_TRIES, clock = clock.monotonic }
  local all = (request.deadline or request.timeout) and aws.deadline(request)
  for from = 1, #entries, size do
    local chunk = table.move(entries, from, math.min(from + size - 1, #entries), 1, {})
    local deadline = all or aws.deadline { service = "dynamodb" }
    local try = policy:begin("safe", deadline)
    while #chunk > 0 do
      local rest, err = send(chunk, { deadline = deadline, retry = request.retry })
      if not rest then return nil, err end
      chunk = rest
      local wait = #chunk == 0 and 0 or try:next({ code = "Unprocessed", sent = true }, "conflict")
      if not wait then
        return nil, aws.failure { service = "dynamodb", operation = operation, code = "UnprocessedItems",
          message = #chunk .. " of a batch were left over", unprocessed = chunk, retryable = true,
          sent = true, ambiguous = false, attempts = try.attempt }
      end
      if wait > 0 then clock.sleep(wait) end
    end
  end
  return true
end


-- Writes and deletes many, without conditions, not as one: {put={items}, delete={keys}} -> true | nil, err.
-- Split into the 25 that one request may hold; what the service leaves over is sent again.
function dynamodb.batch_write(request)
  local name, entries = table_of(request), {}
  for _, item in ipairs(request.put or {}) do
    entries[#entries + 1] = { PutRequest = { Item = encode_item(item) } }
  end
  for _, key in ipairs(request.delete or {}) do
    entries[#entries + 1] = { DeleteRequest = { Key = encode_item(key) } }
  end
  return in_batches("BatchWriteItem", request, entries, BATCH_WRITE, function(chunk, options)
    local input = { RequestItems = { [name] = json.array(chunk) } }
    local output, err = call("BatchWriteItem", options, input, "safe")
    return output and (output.UnprocessedItems and output.UnprocessedItems[name] or {}), err
  end)
end


-- {keys={…}, consistent=, projection=, names=} -> list of the items that exist, in no order | nil, err.
function dynamodb.batch_get(request)
  local name, keys, items = table_of(request), {}, {}
  for i, key in ipairs(request.keys) do keys[i] = encode_item(key) end
  local scope = expression.scope(request.names)
  local projection = scope:text(request.projection)
  local ok, err = in_batches("BatchGetItem", request, keys, BATCH_GET, function(chunk, options)
    local ask = scope:into { Keys = json.array(chunk), ConsistentRead = request.consistent or nil,
      ProjectionExpression = projection }
    local output, problem = call("BatchGetItem", options, { RequestItems = { [name] = ask } }, "safe")
    if not output then return nil, problem end
    for _, item in ipairs(output.Responses and output.Responses[name] or {}) do
      items[#items + 1] = decode_item(item)
    end
    local rest = output.UnprocessedKeys and output.UnprocessedKeys[name]
    return rest and rest.Keys or {}
  end)
  if not ok then return nil, err end
  return items
end


local actions = {
  put = function(action) return { Put = put_wire(action) } end,
  update = function(action) return { Update = update_wire(action) } end,
  delete = function(action) return { Delete = key_wire(action) } end,
  check = function(action) return { ConditionCheck = key_wire(action) } end,
}


local function transaction_error(err)
  explain(err)
  return dynamodb.retryable_cancellation(err) and "conflict" or nil
end


-- All or nothing, 1 to 100 of {put={}}, {update={}}, {delete={}}, {check={key=, condition=}}:
-- {items=, token= 1..36 characters} -> true | nil, err (err.reasons on TransactionCanceledException).
-- The same token with the same items is done once within 10 minutes, so every failure that passes is repeated
-- here with the same bytes; keep the token to repeat it yourself. One is made when none is given.
function dynamodb.transact_write(request)
  local items = {}
  for i, action in ipairs(request.items) do
    local kind, body = next(action)
    local make = actions[kind]
    assert(make and next(action, kind) == nil, "dynamodb.transact_write: one of put, update, delete, check")
    items[i] = make(body)
  end
  local input = { TransactItems = json.array(items), ClientRequestToken = request.token or crypto.uuid() }
  local output, err = call("TransactWriteItems", request, input, "safe",
    { attempts = TRANSACTION_TRIES, on_error = transaction_error })
  if not output then return nil, err end
  return true
end


-- A consistent look at 1 to 100 items: {items={{key=, projection=, names=, table=}, …}}
-- -> list in the same order, false where there is no item | nil, err.
function dynamodb.transact_get(request)
  local items = {}
  for i, ask in ipairs(request.items) do
    local scope = expression.scope(ask.names)
    items[i] = { Get = scope:into { TableName = table_of(ask), Key = encode_item(ask.key),
      ProjectionExpression = scope:text(ask.projection) } }
  end
  local output, err = call("TransactGetItems", request, { TransactItems = json.array(items) }, "safe",
    { attempts = TRANSACTION_TRIES, on_error = transaction_error })
  if not output then return nil, err end
  local found = {}
  for i, response in ipairs(output.Responses) do
    found[i] = response.Item and decode_item(response.Item) or false
  end
  return found
end


local function key_schema(hash, range)
  local schema = { { AttributeName = hash, KeyType = "HASH" } }
  if range then schema[2] = { AttributeName = range, KeyType = "RANGE" } end
  return json.array(schema)
end


local function description(wire)
  return { name = wire.TableName, status = wire.TableStatus, arn = wire.TableArn, id = wire.TableId,
    item_count = wire.ItemCount, size_bytes = wire.TableSizeBytes, created_at = wire.CreationDateTime,
    key_schema = wire.KeySchema, indexes = wire.GlobalSecondaryIndexes }
end


-- {table=} -> {name=, status="ACTIVE", arn=, item_count=, size_bytes=, created_at= epoch seconds, …}
-- | nil, err.
function dynamodb.describe_table(request)
  request = request or {}
  local output, err = call("DescribeTable", request, { TableName = table_of(request) }, "safe")
  return output and description(output.Table), err
end


local function indexes_wire(indexes, types)
  if not indexes or #indexes == 0 then return nil end
  local list = {}
  for i, index in ipairs(indexes) do
    types[index.hash] = types[index.hash] or "S"
    if index.range then types[index.range] = types[index.range] or "S" end
    list[i] = { IndexName = index.name, KeySchema = key_schema(index.hash, index.range),
      Projection = { ProjectionType = index.projection or "ALL" } }
  end
  return json.array(list)
end


-- {table=, hash="pk", range="sk", types={pk="S"} (default S), indexes={{name=, hash=, range=, projection=}}},
-- paid per request -> description (status CREATING) | nil, err (ResourceInUseException: it exists).
function dynamodb.create_table(request)
  local types, definitions = {}, {}
  for name, kind in pairs(request.types or {}) do types[name] = kind end
  types[request.hash] = types[request.hash] or "S"
  if request.range then types[request.range] = types[request.range] or "S" end
  local indexes = indexes_wire(request.indexes, types)
  for name, kind in pairs(types) do
    definitions[#definitions + 1] = { AttributeName = name, AttributeType = kind }
  end
  table.sort(definitions, function(a, b) return a.AttributeName < b.AttributeName end)
  local output, err = call("CreateTable", request, {
    TableName = table_of(request), KeySchema = key_schema(request.hash, request.range),
    AttributeDefinitions = json.array(definitions), BillingMode = "PAY_PER_REQUEST",
    GlobalSecondaryIndexes = indexes,
  }, "throttle")
  return output and description(output.TableDescription), err
end


return dynamodb
