-- SPDX-License-Identifier: MIT
-- Lua's `log` module: log.info("what_happened", { fields }). One JSON line each; names that hold secrets or personal
-- data are redacted at any depth. Does not yield, never raises for a value.
local json, sink = require "json", require "log_sink"

local log = {}
local DEPTH = 6
local SORTED <const> = { sorted = true }
local OURS = { ts = true, level = true, event = true, request_id = true } -- the line has them already

local plain

local function text(s)
  if utf8.len(s) then return s end
  return (s:gsub("[\x80-\xff]", "?"))
end

local function shown(value)
  local ok, s = pcall(tostring, value)
  return ok and text(s) or "[" .. type(value) .. "]"
end

local function is_sequence(value)
  local n, count = rawlen(value), 0
  if n == 0 then return json.is_array(value) end
  for _ in next, value do count = count + 1 end
  return count == n
end

-- A vendor's code is one word; what is more may be anything.
local function may_show(name, value)
  if name == "error_code" and type(value) == "string" then return #value <= 80 and not value:find("[^%w_.:-]") end
  return not sink.redacts(name)
end

local function plain_table(value, depth, ours)
  if not ours and is_sequence(value) then
    local copy = {}
    for i = 1, rawlen(value) do copy[i] = plain(rawget(value, i), depth + 1) end
    return json.array(copy)
  end
  local copy = {}
  for name, entry in pairs(value) do
    name = shown(name)
    local place = ours and ours[name] and name .. "_" or name
    copy[place] = may_show(name, entry) and plain(entry, depth + 1) or "[redacted]"
  end
  return copy
end

function plain(value, depth)
  local kind = type(value)
  if kind == "string" then return text(value) end
  if kind == "boolean" or value == json.null then return value end
  if kind == "number" then return value == value and math.abs(value) < math.huge and value or tostring(value) end
  if kind ~= "table" or depth > DEPTH then return shown(value) end
  return plain_table(value, depth)
end

local function members(fields)
  if type(fields) ~= "table" then fields = { value = fields } end
  return json.encode(plain_table(fields, 1, OURS), SORTED)
end

local function write(level)
  return function(event, fields)
    if not sink.wants(level) then return end
    if fields == nil then return sink.write(level, event) end
    local ok, object = pcall(members, fields)
    sink.write(level, event, ok and object or json.encode { not_logged = shown(object) })
  end
end

log.debug, log.info, log.warn, log.error = write "debug", write "info", write "warn", write "error"

return log
