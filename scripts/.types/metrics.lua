-- SPDX-License-Identifier: MIT
---@meta metrics

---Counters, gauges and histograms of the whole process; they outlive reloads. Names are letters, digits and _.
---Dimensions are at most 8 and of few fixed words, never an id or anything of a person: each set of values is a series
---of its own, and costs. The common ones are env, method and step; only series with no others go to CloudWatch.
---@class usher.metrics
local metrics = {}

---@alias usher.Dimensions table<string, string|number>

---Adds to a counter. Count 0 when the script loads, so that it is there before the first event. Does not yield.
---@param name string
---@param n? number 1
---@param dimensions? usher.Dimensions
function metrics.count(name, n, dimensions) end

---Sets a gauge. Does not yield.
---@param name string
---@param value number
---@param dimensions? usher.Dimensions
function metrics.gauge(name, value, dimensions) end

---One more in a histogram of durations. Does not yield.
---@param name string
---@param seconds number
---@param dimensions? usher.Dimensions
function metrics.observe(name, seconds, dimensions) end

---What a counter or gauge holds; 0 when there is none. Does not yield.
---@param name string
---@param dimensions? usher.Dimensions
---@return number
function metrics.value(name, dimensions) end

---What people read about a metric at GET /metrics. Does not yield.
---@param name string
---@param help string one line
function metrics.describe(name, help) end

---All metrics as Prometheus text 0.0.4. Does not yield.
---@return string text
function metrics.render() end

---Of usher's own: what every series has. Does not yield.
---@param dimensions usher.Dimensions
function metrics.common(dimensions) end

---@class usher.metrics.Change
---@field name string
---@field labels string Prometheus text
---@field kind "counter"|"gauge"|"histogram"
---@field fresh boolean
---@field value number
---@field ranges? integer[] of a histogram: the ranges that something came to
---@field values? number[] the mean of each
---@field counts? integer[] how much came

---What one reader has not taken yet; #changes is how many.
---@class usher.metrics.Changes
local changes = {}

---Does not yield.
---@param i integer
---@return usher.metrics.Change
function changes:get(i) end

---It has arrived, and does not come again. Does not yield.
---@param i integer
function changes:take(i) end

---Of usher's own: for those who carry metrics away. Does not yield.
---@param reader "emf"|"emf_sums"|"cloudwatch"|"cloudwatch_sums"
---@return usher.metrics.Changes
function metrics.changes(reader) end

return metrics
