-- SPDX-License-Identifier: MIT
-- What CloudWatch refuses of a PutMetricData, in its words and order. check(input, now) -> list of
-- { name, dimensions, unit, at, parts = { { sum, count, minimum, maximum }, … } }; raises the refusal.
local failure = require "sandbox.failure"

local DATA_MAX, DIMENSIONS_MAX, VALUES_MAX, TEXT_MAX = 1000, 30, 150, 255
local DIMENSION_MAX <const> = 1024 -- a value of one
local LARGEST = 2.0 ^ 360
local PAST, FUTURE = 14 * 86400, 2 * 3600

local UNITS = { "Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
  "Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count",
  "Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second",
  "Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second", "None" }
local IS_UNIT = {}
for _, unit in ipairs(UNITS) do IS_UNIT[unit] = true end

local INFINITIES = { [math.huge] = "Infinity", [-math.huge] = "-Infinity" }

local function missing(name) failure("MissingParameter", ("The parameter %s is required."):format(name)) end

local function invalid(name, value)
  local shown = value ~= value and "NaN" or INFINITIES[value] or tostring(value)
  failure("InvalidParameterValue", ("The value %s for parameter %s is invalid."):format(shown, name))
end

local function refuse(name, what)
  failure("InvalidParameterValue", ("The parameter %s must %s."):format(name, what))
end

local function text(value, name, most)
  if value == nil then missing(name) end
  if type(value) ~= "string" or value == "" or #value > (most or TEXT_MAX) then invalid(name, value) end
  return value
end

local function number(value, name)
  if type(value) ~= "number" or value ~= value or math.abs(value) > LARGEST then invalid(name, value) end
  return value
end

local function list(value, name, most)
  if type(value) ~= "table" then invalid(name, value) end
  if #value > most then
    failure("InvalidParameterValue",
      ("The collection %s must not have a size greater than %d."):format(name, most))
  end
  return value
end

local function dimensions(given, path)
  local names = {}
  for i, dimension in ipairs(list(given or {}, path .. "Dimensions", DIMENSIONS_MAX)) do
    local at = ("%sDimensions.member.%d."):format(path, i)
    local name, value = text(dimension.Name, at .. "Name"), text(dimension.Value, at .. "Value", DIMENSION_MAX)
    if name:find "^:" then invalid(at .. "Name", name) end
    names[i] = { Name = name, Value = value }
  end
  table.sort(names, function(a, b) return a.Name < b.Name or a.Name == b.Name and a.Value < b.Value end)
  return names
end

local function of_values(datum, path)
  local values = list(datum.Values, path .. "Values", VALUES_MAX)
  local counts = list(datum.Counts or {}, path .. "Counts", VALUES_MAX)
  if datum.Counts and #counts ~= #values then
    failure("InvalidParameterValue", ("The parameters %sValues and %sCounts must be of the same size.")
      :format(path, path))
  end
  local parts = {}
  for i, value in ipairs(values) do
    number(value, path .. "Values")
    local count = number(counts[i] or 1, path .. "Counts")
    parts[i] = { value * count, count, value, value }
  end
  if #parts == 0 then missing(path .. "Value") end
  return parts
end

local function of_statistics(set, path)
  path = path .. "StatisticValues."
  local part = {}
  for i, name in ipairs { "Sum", "SampleCount", "Minimum", "Maximum" } do
    if set[name] == nil then missing(path .. name) end
    part[i] = number(set[name], path .. name)
  end
  return { part }
end

local function parts(datum, path)
  local kinds = {}
  for _, kind in ipairs { "Value", "StatisticValues", "Values" } do
    if datum[kind] ~= nil then kinds[#kinds + 1] = kind end
  end
  if #kinds == 0 then missing(path .. "Value") end
  if #kinds > 1 then
    failure("InvalidParameterCombination",
      ("The parameters %s%s and %s%s are mutually exclusive and you have specified both.")
        :format(path, kinds[1], path, kinds[2]))
  end
  if kinds[1] == "Values" then return of_values(datum, path) end
  if kinds[1] == "StatisticValues" then return of_statistics(datum.StatisticValues, path) end
  local value = number(datum.Value, path .. "Value")
  return { { value, 1, value, value } }
end

local function check_unit(unit, name)
  if not IS_UNIT[unit] then refuse(name, ("be a value in the set [ %s ]"):format(table.concat(UNITS, ", "))) end
end

local function one(datum, path, now)
  local at, unit = datum.Timestamp or now, datum.Unit or "None"
  local row = { name = text(datum.MetricName, path .. "MetricName"),
    dimensions = dimensions(datum.Dimensions, path), parts = parts(datum, path), unit = unit, at = at }
  if type(at) ~= "number" then invalid(path .. "Timestamp", at) end
  if at < now - PAST or at > now + FUTURE then
    refuse(path .. "Timestamp", "specify a time within the past two weeks")
  end
  check_unit(unit, path .. "Unit")
  local resolution = datum.StorageResolution
  if resolution and resolution ~= 1 and resolution ~= 60 then invalid(path .. "StorageResolution", resolution) end
  return row
end

local data = { dimensions = dimensions, unit = check_unit }

function data.namespace(value)
  text(value, "Namespace")
  if value:find "^AWS/" or value:find "^:" then invalid("Namespace", value) end
  return value
end

function data.check(input, now)
  data.namespace(input.Namespace)
  if input.MetricData == nil and input.EntityMetricData == nil then missing "MetricData" end
  local rows = {}
  local function add(metrics, path)
    for i, datum in ipairs(list(metrics or {}, path, DATA_MAX)) do
      rows[#rows + 1] = one(datum, ("%s.member.%d."):format(path, i), now)
    end
  end
  add(input.MetricData, "MetricData")
  for i, entity in ipairs(input.EntityMetricData or {}) do
    add(entity.MetricData, ("EntityMetricData.member.%d.MetricData"):format(i))
  end
  return rows
end

return data
