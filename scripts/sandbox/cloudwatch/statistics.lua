-- SPDX-License-Identifier: MIT
-- What CloudWatch's readers have in common in the sandbox: periods, statistics by name, and a metric's values put
-- together for each period.
local json = require "json"
local data, db = require "sandbox.cloudwatch.data", require "sandbox.store"
local failure = require "sandbox.failure"

local statistics = {}

local SHORT <const> = { [1] = true, [5] = true, [10] = true, [20] = true, [30] = true }

local NAMED = {
  Sum = function(p) return p.sum end,
  SampleCount = function(p) return p.count end,
  Average = function(p) return p.sum / p.count end,
  Minimum = function(p) return p.minimum end,
  Maximum = function(p) return p.maximum end,
}

-- -> function(point) -> number
function statistics.named(name)
  return NAMED[name] or failure("InvalidParameterValue",
    ("The value %s for parameter Statistics is invalid."):format(tostring(name)))
end

function statistics.key_of(dimensions)
  return json.encode(json.array(dimensions), { sorted = true })
end

local function check(wanted)
  for _, name in ipairs { "Namespace", "MetricName", "Period" } do
    if wanted[name] == nil then failure("MissingParameter", ("The parameter %s is required."):format(name)) end
  end
  local period = wanted.Period
  if period < 1 or not SHORT[period] and period % 60 ~= 0 then
    failure("InvalidParameterValue", "The parameter Period must be a multiple of 60.")
  end
  if wanted.Unit ~= nil then data.unit(wanted.Unit, "Unit") end
end

-- wanted: {Namespace=, MetricName=, Dimensions=, Period=, StartTime=, EndTime=, Unit=} -> list of {at=, unit=, sum=,
-- count=, minimum=, maximum=}, oldest first
function statistics.points(wanted)
  check(wanted)
  return db:rows([[SELECT CAST(at / ?1 AS INTEGER) * ?1 AS at, unit, SUM(sum) AS sum, SUM(count) AS count,
    MIN(minimum) AS minimum, MAX(maximum) AS maximum FROM cloudwatch
    WHERE namespace = ?2 AND name = ?3 AND dimensions = ?4 AND at >= ?5 AND at < ?6 AND (?7 IS NULL OR unit = ?7)
    GROUP BY 1, 2 ORDER BY 1, 2]], wanted.Period, wanted.Namespace, wanted.MetricName,
    statistics.key_of(data.dimensions(wanted.Dimensions, "")), wanted.StartTime, wanted.EndTime, wanted.Unit)
end

return statistics
