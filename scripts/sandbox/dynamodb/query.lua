-- SPDX-License-Identifier: MIT
-- Query: the items of one partition of a table or an index, in the order of the sort key.
local evaluate = require "sandbox.dynamodb.evaluate"
local expression = require "sandbox.dynamodb.expression"
local failure = require "sandbox.failure"
local invalid = require "sandbox.dynamodb.invalid"
local key_condition = require "sandbox.dynamodb.key_condition"
local keys = require "sandbox.dynamodb.keys"
local legacy = require "sandbox.dynamodb.legacy"
local page = require "sandbox.dynamodb.page"
local storage = require "sandbox.dynamodb.storage"
local tables = require "sandbox.dynamodb.tables"
local validate = require "sandbox.dynamodb.validate"
local values = require "sandbox.dynamodb.values"

local UNINDEXABLE = { NULL = true, NOT_NULL = true, NE = true, CONTAINS = true, NOT_CONTAINS = true,
  IN = true }
local NO_SUCH_POSITION = "The provided starting key is invalid"

-- --- the request alone ---

local function read_request(input)
  local old = { "AttributesToGet", "QueryFilter", "ConditionalOperator" }
  if input.KeyConditionExpression then old[#old + 1] = "KeyConditions" end
  expression.check_parameters(input, { "ProjectionExpression", "FilterExpression",
    "KeyConditionExpression" }, old)
  local filter = page.read_filter(input, "QueryFilter")
  legacy.check_attributes_to_get(input.AttributesToGet)
  page.check_start_key(input)
  if not input.KeyConditions and not input.KeyConditionExpression then
    invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
  end
  page.check_select(input)
  local parsed = expression.parse(input)
  local conditions = parsed.key_condition and key_condition.from(parsed.key_condition)
    or legacy.conditions(input.KeyConditions)
  if page.count(conditions) < 1 or page.count(conditions) > 2 then invalid("Conditions can be of length 1 or 2 "
    .. "only") end
  return { input = input, parsed = parsed, filter = filter, conditions = conditions }
end

-- --- against the schema ---

local function check_condition(read, name, is_hash)
  local conditions = read.conditions
  local condition = conditions[name]
  if not condition then
    if is_hash or page.count(conditions) > 1 then invalid("Query condition missed key schema element: %s",
      name) end
    return
  end
  if UNINDEXABLE[condition.operator] then
    invalid("Attempted conditional constraint is not an indexable operation")
  end
  for _, value in ipairs(condition.values) do
    if next(value) ~= read.tab.types[name] then
      invalid("One or more parameter values were invalid: Condition parameter type does not match schema "
        .. "type")
    end
    if (value.S == "" or value.B == "") and condition.operator ~= "BEGINS_WITH" then
      invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
        .. "contain an empty %s value. Key: %s", value.S and "string" or "binary", name)
    end
  end
  if is_hash and condition.operator ~= "EQ" then invalid("Query key condition not supported") end
end

local function check_start_piece(read, name)
  local start = read.input.ExclusiveStartKey
  if not start then return end
  if not start[name] then invalid(NO_SUCH_POSITION) end
  if next(start[name]) ~= read.tab.types[name] then
    invalid("The provided key element does not match the schema")
  end
end

local function check_keys(read, schema)
  local start = read.input.ExclusiveStartKey
  if start and page.count(start) ~= #read.key_names then invalid(NO_SUCH_POSITION) end
  check_start_piece(read, schema.hash)
  if not schema.range and page.count(read.conditions) > 1 then invalid("Query key condition not supported") end
  check_condition(read, schema.hash, true)
  if schema.range then
    check_start_piece(read, schema.range)
    check_condition(read, schema.range, false)
  end
end

-- Runs a check of a key, telling its failure as one of the starting key.
local function as_start_key(check, ...)
  local fine, problem = pcall(check, ...)
  if fine then return end
  if not failure.is(problem) then error(problem, 0) end
  invalid("%s: %s", NO_SUCH_POSITION, problem.message)
end

local function table_key(start, tab)
  local key = {}
  for _, name in ipairs { tab.schema.hash, tab.schema.range } do key[name] = start[name] end
  return key
end

local function check_start(read, schema)
  local start, conditions = read.input.ExclusiveStartKey, read.conditions
  if not start then return end
  as_start_key(validate.key, table_key(start, read.tab), read.tab)
  local inside = values.equal(start[schema.hash], conditions[schema.hash].values[1])
  local sort = schema.range and conditions[schema.range]
  if not sort then
    if not inside then
      invalid("The provided starting key is outside query boundaries based on provided conditions")
    end
  elseif not evaluate.operator(sort.operator, start[schema.range], sort.values) then
    invalid("The provided starting key does not match the range key predicate")
  elseif not inside then
    invalid("The query can return at most one row and cannot be restarted")
  end
end

local function check_filter(read, schema)
  local heads = read.filter or read.parsed.heads.filter
  if not heads then return end
  for _, name in ipairs { schema.hash, schema.range } do
    if heads[name] then
      invalid("%s can only contain non-primary key attributes: Primary key attribute: %s",
        read.filter and "QueryFilter" or "Filter Expression", name)
    end
  end
end

-- --- the walk ---

local function start_after(read)
  local start = read.input.ExclusiveStartKey
  if not start then return nil end
  local item = storage.place(start, read.tab.schema)
  if not read.index then return item end
  return { entry = storage.place(start, read.index.schema), item = item }
end

return function(input)
  local read = read_request(input)
  local tab = tables.get(input.TableName)
  local index = page.index(input, tab)
  local schema = index and index.schema or tab.schema
  read.tab, read.index, read.key_names = tab, index, page.key_names(tab, index)
  check_keys(read, schema)
  check_start(read, schema)
  check_filter(read, schema)
  page.check_all_attributes(input, index)
  page.check_projected(read)
  validate.scalar_keys(read.parsed.nested, tab)

  local partition = keys.encode(read.conditions[schema.hash].values[1])
  local range = {
    partition = { bucket = keys.bucket(partition), bytes = partition },
    sort = schema.range and key_condition.bounds(read.conditions[schema.range]),
    after = start_after(read), descending = input.ScanIndexForward == false,
  }
  if index then return page.run(read, storage.walk_index(tab, index, range)) end
  return page.run(read, storage.walk(tab, range))
end
