-- SPDX-License-Identifier: MIT
-- What a request can do beyond giving its bytes: req:json(), req.query, req:cookie(name). Loaded by answer.lua.
local fail, form, json = require "fail", require "form", require "json"
local methods = require "request"

-- req:json() -> table. 415 when the body is not said to be JSON, 400 when it is not a JSON object (RFC 8259), has a key
-- twice, a NUL, or is nested too deep.
function methods:json()
  local media = (self:header("content-type") or ""):lower():match("^%s*([^;%s]+)")
  if media ~= "application/json" then fail(415, "unsupported_media_type") end
  local value, problem = json.decode(self.body, { unique = true })
  if problem then fail(400, "bad_request", nil, { message = "The body is not valid JSON: " .. problem }) end
  if type(value) ~= "table" or json.is_array(value) then
    fail(400, "bad_request", nil, { message = "The body must be a JSON object." })
  end
  return value
end

-- req.query: table of the decoded parameters; the first of each name counts.
function methods:query()
  local query = {}
  for pair in self.query_string:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    name = form.unescape(name)
    if query[name] == nil then query[name] = form.unescape(value) end
  end
  return query
end

-- req:cookie(name) -> its value, or nil (RFC 6265 §4.2)
function methods:cookie(name)
  for pair in (self:header("cookie") or ""):gmatch("[^;]+") do
    local key, value = pair:match("^%s*([^=]-)%s*=%s*(.-)%s*$")
    if key == name then return (value:gsub('^"(.*)"$', "%1")) end
  end
end

return methods
