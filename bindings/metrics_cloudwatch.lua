-- SPDX-License-Identifier: MIT
-- Metrics sent to CloudWatch with PutMetricData, in the background (reporting.lua). What a send did not bring
-- there comes with the next one; when only the answer was lost, it is told twice. Yields.
local aws, clock, config, json = require "aws", require "clock", require "config", require "json"
local rows = require "metrics_rows"

local cloudwatch = {}

local DATA_MAX <const> = 1000
local BYTES_MAX <const> = 900000 -- of 1 MB, so that the frame has room


local function list_of(dimensions)
  local list = json.array {}
  for _, name in ipairs { "env", "method", "step" } do
    if dimensions[name] then list[#list + 1] = { Name = name, Value = dimensions[name] } end
  end
  return list
end


local function datum_of(row, now)
  local datum = { MetricName = row.name, Dimensions = list_of(row.dimensions), Timestamp = math.floor(now),
    Unit = row.unit }
  if row.kind == "histogram" then
    datum.Values, datum.Counts = json.array(row.values), json.array(row.counts)
  else
    datum.Value = row.value
  end
  return datum
end


-- rows -> list of { data = list, rows = list }, each within the limits of one call
local function batches_of(list, now)
  local batches, batch, size = {}, nil, 0
  for _, row in ipairs(list) do
    local datum = datum_of(row, now)
    local bytes = #json.encode(datum) + 1
    if not batch or #batch.data == DATA_MAX or size + bytes > BYTES_MAX then
      batch, size = { data = json.array {}, rows = {} }, 0
      batches[#batches + 1] = batch
    end
    size = size + bytes
    batch.data[#batch.data + 1], batch.rows[#batch.rows + 1] = datum, row
  end
  return batches
end


local function put(batch)
  local output, err = aws.call {
    service = "monitoring", target = "GraniteServiceVersion20100801.PutMetricData", json_version = "1.0",
    input = { Namespace = config.metrics.namespace, MetricData = batch.data }, retry = "safe",
  }
  if not output then error(tostring(err), 0) end
  for _, row in ipairs(batch.rows) do row.arrived(row) end
end


-- Sends what has changed.
function cloudwatch.send()
  for _, batch in ipairs(batches_of(rows.take "cloudwatch", clock.now())) do put(batch) end
end


return cloudwatch
