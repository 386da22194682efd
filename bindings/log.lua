-- SPDX-License-Identifier: MIT
-- Lua's `log` module: log.info("what_happened", { fields }). One JSON line each; names that hold secrets or personal
-- data are redacted at any depth. Does not yield, never raises for a value.
local json, sink = require "json", require "log_sink"

local log = {}
local DEPTH = 6

local function plain(value, depth)
  local kind = type(value)
  if kind == "string" then return utf8.len(value) and value or "[not UTF-8]" end
  if kind == "boolean" or value == json.null then return value end
  if kind == "number" then return value == value and math.abs(value) < math.huge and value or tostring(value) end
  if kind ~= "table" or depth > DEPTH then return tostring(value) end
  if json.is_array(value) or #value > 0 then
    local copy = {}
    for i, entry in ipairs(value) do copy[i] = plain(entry, depth + 1) end
    return json.array(copy)
  end
  local copy = {}
  for name, entry in pairs(value) do
    name = tostring(name)
    copy[name] = sink.redacts(name) and "[redacted]" or plain(entry, depth + 1)
  end
  return copy
end

local function write(level)
  return function(event, fields)
    if not sink.wants(level) then return end
    sink.write(level, event, fields and json.encode(plain(fields, 1), { sorted = true }) or "")
  end
end

log.debug, log.info, log.warn, log.error = write "debug", write "info", write "warn", write "error"

return log
