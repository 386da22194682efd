-- SPDX-License-Identifier: MIT
-- CloudWatch's GetMetricData of the sandbox: one row of values for each metric that is asked for; no expressions.
local json = require "json"
local failure, statistics = require "sandbox.failure", require "sandbox.cloudwatch.statistics"

local MOST_QUERIES <const> = 500

local function invalid(message)
  failure("ValidationError", message)
end

local function check(query, seen)
  local id = query.Id
  if type(id) ~= "string" or not id:find "^%l[%w_]*$" then
    invalid(("The value %s for parameter Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.")
      :format(tostring(id)))
  end
  if seen[id] then invalid("The values for parameter id in MetricDataQueries are not unique.") end
  seen[id] = true
  if type(query.MetricStat) ~= "table" then
    invalid(("Error in expression '%s': the sandbox knows no expressions."):format(id))
  end
  return query.MetricStat
end

local function row_of(query, stat, input)
  local metric = stat.Metric or {}
  local points = statistics.points({ Namespace = metric.Namespace, MetricName = metric.MetricName,
    Dimensions = metric.Dimensions, Period = stat.Period, StartTime = input.StartTime, EndTime = input.EndTime,
    Unit = stat.Unit })
  local row = { Id = query.Id, Label = query.Label or metric.MetricName, StatusCode = "Complete",
    Timestamps = json.array {}, Values = json.array {} }
  local value_of = statistics.named(stat.Stat)
  local first, last, step = #points, 1, -1
  if input.ScanBy == "TimestampAscending" then first, last, step = 1, #points, 1 end
  for i = first, last, step do
    row.Timestamps[#row.Timestamps + 1], row.Values[#row.Values + 1] = points[i].at, value_of(points[i])
  end
  return row
end

return function(input)
  for _, name in ipairs { "MetricDataQueries", "StartTime", "EndTime" } do
    if input[name] == nil then failure("MissingParameter", ("The parameter %s is required."):format(name)) end
  end
  if #input.MetricDataQueries > MOST_QUERIES then
    invalid(("The collection MetricDataQueries must not have a size greater than %d."):format(MOST_QUERIES))
  end
  if input.StartTime >= input.EndTime then
    invalid "The parameter StartTime must be less than the parameter EndTime."
  end
  local results, seen = json.array {}, {}
  for _, query in ipairs(input.MetricDataQueries) do
    local stat = check(query, seen)
    if query.ReturnData ~= false then results[#results + 1] = row_of(query, stat, input) end
  end
  return { MetricDataResults = results, Messages = json.array {} }
end
