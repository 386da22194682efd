-- SPDX-License-Identifier: MIT
-- Scan: every item of a table or an index, or of one of its segments.
local expression = require "sandbox.dynamodb.expression"
local failure = require "sandbox.failure"
local invalid = require "sandbox.dynamodb.invalid"
local legacy = require "sandbox.dynamodb.legacy"
local page = require "sandbox.dynamodb.page"
local storage = require "sandbox.dynamodb.storage"
local tables = require "sandbox.dynamodb.tables"
local validate = require "sandbox.dynamodb.validate"

local SLICES, SLICE = 4096, 4096 -- of the 24 bits of a bucket
local NO_SUCH_POSITION = "The provided starting key is invalid"

local function check_segment(input)
  local segment, total = input.Segment, input.TotalSegments
  if segment and not total then
    invalid("The TotalSegments parameter is required but was not present in the request when Segment "
      .. "parameter is present")
  elseif total and not segment then
    invalid("The Segment parameter is required but was not present in the request when parameter "
      .. "TotalSegments is present")
  elseif total and segment >= total then
    invalid("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: "
      .. "%d is not less than TotalSegments: %d", segment, total)
  end
end

local function read_request(input)
  expression.check_parameters(input, { "ProjectionExpression", "FilterExpression" },
    { "AttributesToGet", "ScanFilter", "ConditionalOperator" })
  legacy.check_attributes_to_get(input.AttributesToGet)
  local filter = page.read_filter(input, "ScanFilter")
  page.check_start_key(input)
  check_segment(input)
  page.check_select(input)
  return { input = input, filter = filter, parsed = expression.parse(input) }
end

local function check_start_keys(read)
  local start, tab, index = read.input.ExclusiveStartKey, read.tab, read.index
  if page.count(start) ~= #read.key_names then
    invalid(index and NO_SUCH_POSITION
      or NO_SUCH_POSITION .. ": The provided key element does not match the schema")
  end
  local table_key = {}
  for _, name in ipairs(read.key_names) do
    if not start[name] then
      invalid(index and NO_SUCH_POSITION
        or NO_SUCH_POSITION .. ": The provided key element does not match the schema")
    end
    if index and next(start[name]) ~= tab.types[name] then
      invalid("The provided key element does not match the schema")
    end
    if name == tab.schema.hash or name == tab.schema.range then table_key[name] = start[name] end
  end
  local fine, problem = pcall(validate.key, table_key, tab)
  if fine then return end
  if not failure.is(problem) then error(problem, 0) end
  invalid("%s: %s", NO_SUCH_POSITION, problem.message)
end

-- The buckets of a segment, nil when the scan is not in segments.
local function buckets(input)
  local total, segment = input.TotalSegments, input.Segment
  if not total then return nil, nil end
  local function edge(n) return -(-SLICES * n // total) * SLICE end
  return edge(segment), edge(segment + 1) - 1
end

local function start_after(read, low, high)
  local input = read.input
  if not input.ExclusiveStartKey then return nil end
  check_start_keys(read)
  local item = storage.place(input.ExclusiveStartKey, read.tab.schema)
  local entry = read.index and storage.place(input.ExclusiveStartKey, read.index.schema)
  local bucket = (entry or item).bucket
  if low and (bucket < low or bucket > high) then
    invalid("%s: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
      .. "TotalSegments: %d Segment: %d", NO_SUCH_POSITION, input.TotalSegments, input.Segment)
  end
  return entry and { entry = entry, item = item } or item
end

return function(input)
  local read = read_request(input)
  local tab = tables.get(input.TableName)
  local index = page.index(input, tab)
  read.tab, read.index, read.key_names = tab, index, page.key_names(tab, index)
  page.check_all_attributes(input, index)
  local low, high = buckets(input)
  local after = start_after(read, low, high)
  if low and after then low = (after.entry or after).bucket end
  local range = { low = low, high = high, after = after }
  page.check_projected(read)
  validate.scalar_keys(read.parsed.nested, tab)
  if index then return page.run(read, storage.walk_index(tab, index, range)) end
  return page.run(read, storage.walk(tab, range))
end
