-- SPDX-License-Identifier: MIT
-- What Query and Scan share: their parameters, the index they read, and the walk over one page of at most a
-- megabyte.
local capacity = require "sandbox.dynamodb.capacity"
local evaluate = require "sandbox.dynamodb.evaluate"
local invalid = require "sandbox.dynamodb.invalid"
local json = require "json"
local legacy = require "sandbox.dynamodb.legacy"
local page_size = require "sandbox.dynamodb.page_size"
local projection = require "sandbox.dynamodb.projection"
local storage = require "sandbox.dynamodb.storage"
local values = require "sandbox.dynamodb.values"

local page = {}

local PAGE_BYTES = 1024 * 1024

function page.count(map)
  local n = 0
  for _ in pairs(map) do n = n + 1 end
  return n
end

-- --- parameters ---

function page.check_select(input)
  local shown = input.ProjectionExpression and "ProjectionExpression"
    or input.AttributesToGet and "AttributesToGet"
  local select = input.Select
  if select == "SPECIFIC_ATTRIBUTES" and not shown then
    invalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get "
      .. "SPECIFIC_ATTRIBUTES")
  elseif select == "ALL_PROJECTED_ATTRIBUTES" and not input.IndexName then
    invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
  elseif shown and select and select ~= "SPECIFIC_ATTRIBUTES" then
    invalid("Cannot specify the %s when choosing to get %s", shown, select == "COUNT" and "only the "
      .. "Count" or select)
  end
end

-- Some of what is wrong with a value in a starting key is told without saying that it is in the starting key.
local BARE = { "contains duplicates", "number set", "numeric value", "significant digits", "number with "
  .. "magnitude" }

function page.check_start_key(input)
  for _, value in pairs(input.ExclusiveStartKey or {}) do
    local problem = values.problem(value)
    if problem then
      for _, phrase in ipairs(BARE) do
        if problem:find(phrase, 1, true) then invalid(problem) end
      end
      invalid("The provided starting key is invalid: " .. problem)
    end
  end
end

-- The filter of the older form; name: QueryFilter or ScanFilter.
function page.read_filter(input, name)
  local filter = legacy.conditions(input[name])
  legacy.check_conditional_operator(input, filter)
  return filter
end

-- The index that the request names, nil when it reads the table.
function page.index(input, tab)
  if not input.IndexName then return nil end
  local index = tab.by_name[input.IndexName]
  if not index then invalid("The table does not have the specified index: %s", input.IndexName) end
  if index.global and input.ConsistentRead then
    invalid("Consistent reads are not supported on global secondary indexes")
  end
  return index
end

-- The names that make a position: those of the table's key and of the index's.
function page.key_names(tab, index)
  local names, seen = {}, {}
  for _, schema in ipairs { tab.schema, index and index.schema } do
    for _, name in ipairs { schema.hash, schema.range } do
      if not seen[name] then names[#names + 1] = name end
      seen[name] = true
    end
  end
  return names
end

function page.check_all_attributes(input, index)
  if index and index.global and index.keeps and input.Select == "ALL_ATTRIBUTES" then
    invalid("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for "
      .. "global secondary index %s because its projection type is not ALL", index.name)
  end
end

local function wanted_names(read)
  if read.parsed.projection then
    local names = {}
    for _, path in ipairs(read.parsed.projection) do names[#names + 1] = path[1] end
    return names
  end
  return read.input.AttributesToGet or {}
end

local function filtered_names(read)
  local names = {}
  for name in pairs(read.parsed.heads.filter or read.filter or {}) do names[#names + 1] = name end
  return names
end

local function not_kept(index, names)
  local missing = {}
  for _, name in ipairs(names) do
    if not index.keeps[name] then missing[#missing + 1] = name end
  end
  return missing
end

-- A global index has only what it keeps; a local one fetches the rest from the table.
function page.check_projected(read)
  local index = read.index
  if not index or not index.keeps then return end
  local missing = not_kept(index, wanted_names(read))
  if not index.global then
    read.fetches = #missing > 0 or #not_kept(index, filtered_names(read)) > 0
  elseif #missing > 0 then
    invalid("One or more parameter values were invalid: Global secondary index %s does not project [%s]",
      index.name, table.concat(missing, ", "))
  end
end

-- --- the walk ---

local function is_shown(read, item)
  if read.parsed.filter then return evaluate.matches(read.parsed.filter, item) end
  if read.filter then return evaluate.all(read.filter, item, read.input.ConditionalOperator == "OR") end
  return true
end

local function position(read, item)
  local key = {}
  for _, name in ipairs(read.key_names) do key[name] = item[name] end
  return key
end

local function units(read, bytes)
  return capacity.read_units(bytes, read.input.ConsistentRead)
end

local function consumed(read, bytes, fetched)
  local detail = read.input.ReturnConsumedCapacity
  if not detail then return nil end
  local used = { table = 0.0, indexes = {} }
  if read.index then
    used.indexes[read.index] = units(read, bytes)
    if fetched > 0 then used.table = units(read, fetched) end
  else
    used.table = units(read, bytes)
  end
  return capacity.report(detail, read.tab, used)
end

-- read: {input, parsed, filter, tab, index, key_names, fetches}; rows: from storage.walk or walk_index.
function page.run(read, next_row, state, control, closing)
  local input, range = read.input, read.tab.schema.range
  local limit = input.Limit or math.huge
  local items, scanned, size, bytes, fetched, last = json.array {}, 0, 0, 0, 0, nil
  local keeps = read.index and read.index.keeps
  local all = not keeps or read.fetches or input.Select == "ALL_ATTRIBUTES"
  local whole_shown = all and (input.Select == "ALL_ATTRIBUTES" or #wanted_names(read) > 0)
  for row in next_row, state, control, closing do
    local whole = storage.decode(row.item)
    local entry = keeps and storage.kept(read.index, whole) or whole
    local item = all and whole or entry
    scanned, size, last = scanned + 1, size + page_size(entry, range), whole
    bytes = bytes + values.item_size(entry)
    if keeps and all then fetched = fetched + values.item_size(whole) end
    if is_shown(read, item) then items[#items + 1] = projection.shown(read, whole_shown and whole or entry) end
    if scanned >= limit or size >= PAGE_BYTES then break end
  end
  local more = last and (scanned >= limit or size >= PAGE_BYTES)
  return {
    Items = input.Select ~= "COUNT" and items or nil, Count = #items, ScannedCount = scanned,
    LastEvaluatedKey = more and position(read, last) or nil, ConsumedCapacity = consumed(read, bytes,
      fetched),
  }
end

return page
