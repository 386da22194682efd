-- SPDX-License-Identifier: MIT
-- Metrics in CloudWatch's embedded metric format: one JSON object a line on standard output, for whoever
-- carries that to CloudWatch Logs. Run in the background by reporting.lua. Does not yield.
local clock, config, json = require "clock", require "config", require "json"
local log, log_sink, metrics = require "log", require "log_sink", require "metrics"
local rows = require "metrics_rows"

local emf = {}

local METRICS_MAX <const>, VALUES_MAX <const> = 100, 100 -- in one directive, in one array


-- {0.1, 0.2}, {2, 1} -> {0.1, 0.1, 0.2} in pieces of at most 100
local function pieces_of(row)
  local pieces, piece = {}, nil
  for i, value in ipairs(row.values) do
    for _ = 1, row.counts[i] do
      if not piece or #piece == VALUES_MAX then
        piece = json.array {}
        pieces[#pieces + 1] = piece
      end
      piece[#piece + 1] = value
    end
  end
  return pieces
end


local function key_of(dimensions)
  return table.concat({ dimensions.env, dimensions.method or "", dimensions.step or "" }, "\0")
end


-- Metrics with the same dimensions share a line, until it is full.
local function line_for(lines, open, row)
  local key = key_of(row.dimensions)
  local line = open[key]
  if not line or #line.metrics == METRICS_MAX or line.members[row.name] then
    line = { dimensions = row.dimensions, metrics = json.array {}, members = {}, rows = {} }
    open[key], lines[#lines + 1] = line, line
  end
  return line
end


local function add(line, row, value)
  line.metrics[#line.metrics + 1] = { Name = row.name, Unit = row.unit }
  line.members[row.name] = value
end


-- rows -> lines, in order. A histogram's first piece is told with the others, the rest after it.
local function lines_of(list)
  local lines, open = {}, {}
  for _, row in ipairs(list) do
    local pieces = row.kind == "histogram" and pieces_of(row) or { row.value }
    for i, piece in ipairs(pieces) do
      local line = line_for(lines, open, row)
      add(line, row, piece)
      if i == #pieces then line.rows[#line.rows + 1] = row end
    end
  end
  return lines
end


-- The line's own text. now: seconds since 1970.
local function encode(line, now)
  local names, root = json.array {}, line.members
  for name, value in pairs(line.dimensions) do
    names[#names + 1], root[name] = name, value
  end
  table.sort(names)
  root._aws = {
    Timestamp = math.floor(now * 1000),
    CloudWatchMetrics = json.array { {
      Namespace = config.metrics.namespace, Dimensions = json.array { names }, Metrics = line.metrics,
    } },
  }
  return json.encode(root, { sorted = true })
end


local is_waiting = false -- for somebody who reads standard output

-- Said once, however long it lasts.
local function tell(taken)
  if not taken then metrics.count("usher_emf_refused_total", 1) end
  if taken and is_waiting then log.info("emf_goes_on") end
  if not taken and not is_waiting then
    log.warn("emf_waits", { why = "nobody reads standard output",
      next = "what has changed is told when somebody does" })
  end
  is_waiting = not taken
end


-- Writes what has changed. What could not be written comes again.
function emf.send()
  local now = clock.now()
  for _, line in ipairs(lines_of(rows.take "emf")) do
    if not log_sink.out(encode(line, now)) then return tell(false) end
    for _, row in ipairs(line.rows) do row.arrived(row) end
  end
  tell(true)
end


return emf
