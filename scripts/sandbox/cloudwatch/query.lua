-- SPDX-License-Identifier: MIT
-- AWS's Query protocol, which older SDKs speak with CloudWatch: a form with dotted names in, XML out.
local clock, form, json = require "clock", require "form", require "json"
local failure, sorted_names = require "sandbox.failure", require "sandbox.sorted_names"
local web = require "sandbox.web"

local query = {}

local NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"
local LIMITS = { pairs = 200000, depth = 1 }

local NUMBERS = { Value = true, SampleCount = true, Sum = true, Minimum = true, Maximum = true, Period = true,
  StorageResolution = true, Values = true, Counts = true }
local TIMES = { Timestamp = true, Timestamps = true, StartTime = true, EndTime = true }

-- Whatever stands behind the seconds is taken for UTC.
local function time_of(text)
  local whole, fraction = text:match "^(%d+%-%d%d%-%d%dT%d%d:%d%d:%d%d)(%.?%d*)"
  local seconds = whole and clock.parse_iso8601(whole .. "Z")
  if not seconds then failure("InvalidParameterValue", "timestamp must follow ISO8601") end
  return seconds + tonumber("0" .. fraction)
end

local SPECIAL = { nan = 0 / 0, inf = math.huge, infinity = math.huge, ["-inf"] = -math.huge,
  ["-infinity"] = -math.huge }

local LISTS = { Dimensions = true, MetricData = true, Values = true, Counts = true, Statistics = true }

local function typed(name, value, in_dimension)
  if LISTS[name] and value == "" then return {} end -- how an empty list is sent
  if TIMES[name] then return time_of(value) end
  if name == "ReturnData" then return value == "true" end
  if not NUMBERS[name] or in_dimension then return value end
  return tonumber(value) or SPECIAL[value:lower()]
    or failure("MalformedInput", "a number was expected for " .. name)
end

-- "MetricData.member.1.Value" -> where it belongs in the tree
local function put(tree, path, value)
  local at, name, holder = tree, nil, nil
  for part in path:gmatch "[^.]+" do
    if part ~= "member" then
      local key = math.tointeger(tonumber(part)) or part
      if math.type(key) ~= "integer" then name = key end
      if holder then
        at[holder] = at[holder] or {}
        at = at[holder]
      end
      holder = key
    end
  end
  at[holder] = typed(name, value, path:find("Dimensions.", 1, true))
end

-- -> operation, input
function query.decode(body)
  local fields = form.decode(body, LIMITS)
  if not fields then failure("MalformedQueryString", "The query string is malformed") end
  local input = {}
  for path, value in pairs(fields) do
    if type(value) == "string" and path ~= "Action" and path ~= "Version" then put(input, path, value) end
  end
  return fields.Action, input
end

local element, content

function content(name, value)
  if type(value) ~= "table" then
    if TIMES[name] then return clock.iso8601(value) end
    return web.escape(value)
  end
  local out = {}
  if json.is_array(value) then
    for i, entry in ipairs(value) do out[i] = ("<member>%s</member>"):format(content(name, entry)) end
    return table.concat(out)
  end
  for i, member in ipairs(sorted_names(value)) do out[i] = element(member, value[member]) end
  return table.concat(out)
end

function element(name, value)
  return ("<%s>%s</%s>"):format(name, content(name, value), name)
end

function query.encode(operation, output, request_id)
  local result = output and element(operation .. "Result", output) or ""
  return ('<%sResponse xmlns="%s">%s<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>')
    :format(operation, NAMESPACE, result, request_id, operation)
end

function query.encode_error(code, message, status, request_id)
  return ('<ErrorResponse xmlns="%s"><Error><Type>%s</Type><Code>%s</Code><Message>%s</Message></Error>'
    .. "<RequestId>%s</RequestId></ErrorResponse>"):format(NAMESPACE, status < 500 and "Sender" or "Receiver",
    web.escape(code), web.escape(message or ""), request_id)
end

return query
