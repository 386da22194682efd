-- SPDX-License-Identifier: MIT
-- What CloudWatch is told, whichever way it goes: rows made of the changes of the metrics, to be marked as
-- taken when they have arrived. Every metric is told twice: as a sum over everything, with the dimension env
-- alone and also when nothing came, so that alarms always have data; and in detail, with env, method and step,
-- when something came. Metrics with other dimensions stay with Prometheus: each set of values costs money.
local config, metrics = require "config", require "metrics"

local rows = {}

local TOLD <const> = { method = true, step = true }
local UNITS <const> = { counter = "Count", gauge = "Count", histogram = "Seconds" }


-- -> { env =, method = "email", … } | nil: not for CloudWatch, as what tells of the server itself
local function dimensions_of(change)
  if change.name:find "^usher_" then return nil end
  local found, left = {}, change.labels
  while left ~= "" do
    local name, value, rest = left:match '^([%w_]+)="([^"\\]*)",?(.*)$'
    if not name or not TOLD[name] then return nil end
    found[name], left = value, rest
  end
  found.env = config.env
  return found
end


local function new_row(change, dimensions)
  return { name = change.name, kind = change.kind, unit = UNITS[change.kind], dimensions = dimensions,
    value = 0, values = {}, counts = {}, places = {}, parts = {} }
end


-- One value for each range, however many series: their mean.
local function add_range(row, range, value, count)
  local at = row.places[range] or #row.values + 1
  local before = row.counts[at] or 0
  row.places[range], row.counts[at] = at, before + count
  row.values[at] = ((row.values[at] or 0) * before + value * count) / (before + count)
end


local function add(row, change, index)
  row.value = row.value + change.value
  for i, range in ipairs(change.ranges or {}) do
    add_range(row, range, change.values[i], change.counts[i])
  end
  row.parts[#row.parts + 1] = index
end


local function is_worth_telling(row, fresh)
  if row.kind == "histogram" then return #row.values > 0 end
  return fresh or row.value ~= 0 or row.kind == "gauge"
end


-- -> function(row): it has arrived
local function taker(changes)
  return function(row)
    for _, index in ipairs(row.parts) do changes:take(index) end
  end
end


local function details(reader)
  local changes, list = metrics.changes(reader), {}
  for i = 1, #changes do
    local change = changes:get(i)
    local dimensions = change.labels ~= "" and dimensions_of(change)
    if dimensions then
      local row = new_row(change, dimensions)
      add(row, change, i)
      if is_worth_telling(row, change.fresh) then list[#list + 1] = row end
    end
  end
  return list, taker(changes)
end


local function sums(reader)
  local changes, list, by_name = metrics.changes(reader .. "_sums"), {}, {}
  for i = 1, #changes do
    local change = changes:get(i)
    if dimensions_of(change) then
      local row = by_name[change.name]
      if not row then
        row = new_row(change, { env = config.env })
        by_name[change.name], list[#list + 1] = row, row
      end
      add(row, change, i)
    end
  end
  local told = {}
  for _, row in ipairs(list) do
    if is_worth_telling(row, true) then told[#told + 1] = row end
  end
  return told, taker(changes)
end


-- rows.take(reader) -> list of { name=, kind=, unit=, dimensions = { env=, method=, step= }, value= or (of a
-- histogram) values= and counts=, arrived = function(row) }. reader is "emf" or "cloudwatch". Does not yield.
function rows.take(reader)
  local all = {}
  for _, make in ipairs { sums, details } do
    local list, arrived = make(reader)
    for _, row in ipairs(list) do
      row.arrived, row.value = arrived, math.tointeger(row.value) or row.value
      all[#all + 1] = row
    end
  end
  return all
end


return rows
