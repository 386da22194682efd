-- SPDX-License-Identifier: MIT
-- What each operation of CloudWatch takes, as typed.lua reads it: the service's model. Times are epoch seconds.
local function list(shape) return { list = shape } end

local dimensions = list { Name = "string", Value = "string" }
local metric = { Namespace = "string", MetricName = "string", Dimensions = dimensions }
local data = list {
  MetricName = "string", Dimensions = dimensions, Timestamp = "number", Value = "double", Unit = "string",
  StorageResolution = "number", Values = list "double", Counts = list "double",
  StatisticValues = { SampleCount = "double", Sum = "double", Minimum = "double", Maximum = "double" },
}

return {
  PutMetricData = { Namespace = "string", MetricData = data, EntityMetricData = list { MetricData = data } },
  ListMetrics = { Namespace = "string", MetricName = "string", Dimensions = dimensions, NextToken = "string",
    RecentlyActive = "string" },
  GetMetricStatistics = { Namespace = "string", MetricName = "string", Dimensions = dimensions, StartTime = "number",
    EndTime = "number", Period = "number", Statistics = list "string", Unit = "string" },
  GetMetricData = { StartTime = "number", EndTime = "number", ScanBy = "string", MetricDataQueries = list {
    Id = "string", Label = "string", ReturnData = "boolean", Expression = "string",
    MetricStat = { Metric = metric, Period = "number", Stat = "string", Unit = "string" } } },
}
