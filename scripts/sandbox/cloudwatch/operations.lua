-- SPDX-License-Identifier: MIT
-- CloudWatch's operations on what the sandbox was sent: PutMetricData, ListMetrics, GetMetricStatistics. The
-- same tables for both protocols; init.lua makes JSON or XML of them.
local json = require "json"
local data, db = require "sandbox.cloudwatch.data", require "sandbox.store"
local failure, time = require "sandbox.failure", require "sandbox.time"

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
local POINTS_MAX = 1440

local operations = {}

local function key_of(dimensions)
  return json.encode(json.array(dimensions), { sorted = true })
end

function operations.PutMetricData(input, ctx)
  if #ctx.req.body > BODY_MAX then
    failure("RequestEntityTooLarge", "Request size exceeded 1048576 bytes", nil, 413)
  end
  local rows = data.check(input, time.now())
  db:transaction(function()
    for _, row in ipairs(rows) do
      for _, part in ipairs(row.parts) do
        db:run([[INSERT INTO cloudwatch (namespace, name, dimensions, unit, at, sum, count, minimum, maximum)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)]], input.Namespace, row.name, key_of(row.dimensions), row.unit, row.at,
          table.unpack(part))
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

function operations.ListMetrics(input)
  local rows = db:rows([[SELECT DISTINCT namespace, name, dimensions FROM cloudwatch
    WHERE (?1 IS NULL OR namespace = ?1) AND (?2 IS NULL OR name = ?2) ORDER BY namespace, name, dimensions]],
    input.Namespace, input.MetricName)
  local list = json.array {}
  for _, row in ipairs(rows) do
    local dimensions = json.decode(row.dimensions)
    if has_all(dimensions, input.Dimensions) then
      list[#list + 1] = { Namespace = row.namespace, MetricName = row.name, Dimensions = dimensions }
    end
  end
  return { Metrics = list }
end

local STATISTICS = {
  Sum = function(p) return p.sum end,
  SampleCount = function(p) return p.count end,
  Average = function(p) return p.sum / p.count end,
  Minimum = function(p) return p.minimum end,
  Maximum = function(p) return p.maximum end,
}

local function datapoint(row, statistics)
  local point = { Timestamp = row.at, Unit = row.unit }
  for _, name in ipairs(statistics) do
    local of = STATISTICS[name]
    if not of then failure("InvalidParameterValue", "The value " .. name .. " for parameter Statistics is invalid.") end
    point[name] = of(row)
  end
  return point
end

function operations.GetMetricStatistics(input)
  for _, name in ipairs { "Namespace", "MetricName", "StartTime", "EndTime", "Period", "Statistics" } do
    if input[name] == nil then failure("MissingParameter", ("The parameter %s is required."):format(name)) end
  end
  local period = input.Period
  if period < 1 or period >= 60 and period % 60 ~= 0 then
    failure("InvalidParameterValue", "The parameter Period must be a multiple of 60.")
  end
  if (input.EndTime - input.StartTime) / period > POINTS_MAX then
    failure("InvalidParameterCombination", "You have requested more than 1440 datapoints.")
  end
  local rows = db:rows([[SELECT CAST(at / ?1 AS INTEGER) * ?1 AS at, unit, SUM(sum) AS sum, SUM(count) AS count,
    MIN(minimum) AS minimum, MAX(maximum) AS maximum FROM cloudwatch
    WHERE namespace = ?2 AND name = ?3 AND dimensions = ?4 AND at >= ?5 AND at < ?6 AND (?7 IS NULL OR unit = ?7)
    GROUP BY 1, 2 ORDER BY 1, 2]], period, input.Namespace, input.MetricName,
    key_of(data.dimensions(input.Dimensions, "")), input.StartTime, input.EndTime, input.Unit)
  local points = json.array {}
  for i, row in ipairs(rows) do points[i] = datapoint(row, input.Statistics) end
  return { Label = input.MetricName, Datapoints = points }
end

return operations
