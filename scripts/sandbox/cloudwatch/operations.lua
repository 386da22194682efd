-- SPDX-License-Identifier: MIT
-- CloudWatch's operations on what the sandbox was sent: PutMetricData, ListMetrics, GetMetricStatistics, GetMetricData.
-- The same tables for all protocols; init.lua makes JSON, CBOR or XML of them.
local crypto, json = require "crypto", require "json"
local data, db = require "sandbox.cloudwatch.data", require "sandbox.store"
local failure, statistics = require "sandbox.failure", require "sandbox.cloudwatch.statistics"
local time, typed = require "sandbox.time", require "sandbox.typed"

db:exec [[
  CREATE TABLE IF NOT EXISTS cloudwatch (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    dimensions TEXT NOT NULL,
    unit TEXT NOT NULL,
    at REAL NOT NULL,
    sum REAL NOT NULL,
    count REAL NOT NULL,
    minimum REAL NOT NULL,
    maximum REAL NOT NULL
  );
  CREATE INDEX IF NOT EXISTS cloudwatch_by_name ON cloudwatch (namespace, name, dimensions, at);
]]

local BODY_MAX = 1 << 20
local POINTS_MAX, PAGE <const> = 1440, 500
local RECENT <const> = 3 * 3600

local operations = {}

function operations.PutMetricData(input, ctx)
  if #ctx.req.body > BODY_MAX then
    failure("RequestEntityTooLarge", "Request size exceeded 1048576 bytes", nil, 413)
  end
  local rows = data.check(input, time.now())
  db:transaction(function()
    for _, row in ipairs(rows) do
      for _, part in ipairs(row.parts) do
        db:run([[INSERT INTO cloudwatch (namespace, name, dimensions, unit, at, sum, count, minimum, maximum)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)]], input.Namespace, row.name, statistics.key_of(row.dimensions), row.unit,
          row.at, table.unpack(part))
      end
    end
  end)
  return nil
end

local function has_all(dimensions, wanted)
  for _, want in ipairs(wanted or {}) do
    local found = false
    for _, dimension in ipairs(dimensions) do
      if dimension.Name == want.Name and (want.Value == nil or want.Value == dimension.Value) then found = true end
    end
    if not found then return false end
  end
  return true
end

-- A token of an earlier page -> how many metrics it has shown
local function shown_before(token)
  if token == nil then return 0 end
  local text = crypto.unbase64(token)
  return tonumber(text and text:match "^behind (%d+)$")
    or failure("InvalidParameterValue", "Request parameter NextToken is invalid")
end

function operations.ListMetrics(input)
  if input.RecentlyActive ~= nil and input.RecentlyActive ~= "PT3H" then
    failure("InvalidParameterValue", ("The value %s for parameter RecentlyActive is invalid."):format(
      tostring(input.RecentlyActive)))
  end
  local skipped, passed = shown_before(input.NextToken), 0
  local rows = db:rows([[SELECT namespace, name, dimensions FROM cloudwatch
    WHERE (?1 IS NULL OR namespace = ?1) AND (?2 IS NULL OR name = ?2) GROUP BY namespace, name, dimensions
    HAVING MAX(at) >= ?3 ORDER BY namespace, name, dimensions]],
    input.Namespace, input.MetricName, input.RecentlyActive and time.now() - RECENT or 0)
  local list, next_token = json.array {}, nil
  for _, row in ipairs(rows) do
    local dimensions = json.decode(row.dimensions)
    if has_all(dimensions, input.Dimensions) then
      passed = passed + 1
      if #list == PAGE then next_token = crypto.base64(("behind %d"):format(skipped + PAGE)) break end
      if passed > skipped then
        list[#list + 1] = { Namespace = row.namespace, MetricName = row.name, Dimensions = dimensions }
      end
    end
  end
  return { Metrics = list, NextToken = next_token }
end

local function datapoint(row, names)
  local point = { Timestamp = row.at, Unit = row.unit }
  for _, name in ipairs(names) do point[name] = statistics.named(name)(row) end
  return point
end

function operations.GetMetricStatistics(input)
  for _, name in ipairs { "Namespace", "MetricName", "StartTime", "EndTime", "Period", "Statistics" } do
    if input[name] == nil then failure("MissingParameter", ("The parameter %s is required."):format(name)) end
  end
  if #input.Statistics == 0 then failure("MissingParameter", "The parameter Statistics is required.") end
  if input.StartTime >= input.EndTime then
    failure("InvalidParameterCombination", "The parameter StartTime must be less than the parameter EndTime.")
  end
  local rows = statistics.points(input)
  local asked = math.ceil((input.EndTime - input.StartTime) / input.Period)
  if asked > POINTS_MAX then
    failure("InvalidParameterCombination", ("You have requested up to %d datapoints, which exceeds the limit of %d. "
      .. "You may reduce the datapoints requested by increasing Period, or decreasing the time range.")
      :format(asked, POINTS_MAX))
  end
  local points = json.array {}
  for i, row in ipairs(rows) do points[i] = datapoint(row, input.Statistics) end
  return { Label = input.MetricName, Datapoints = points }
end

operations.GetMetricData = require "sandbox.cloudwatch.metric_data"

for name, shape in pairs(require "sandbox.cloudwatch.shapes") do
  local run = operations[name]
  operations[name] = function(input, ctx)
    typed(input, shape)
    return run(input, ctx)
  end
end

return operations
