-- SPDX-License-Identifier: MIT
-- Is a request signed by somebody we know? Called by the frame (aws_json) for every signed operation; the
-- checks come in the vendor's order, the words are the vendor's. The arithmetic is the binding's
-- (sigv4.verify).
local sigv4 = require "sigv4"
local failure = require "sandbox.failure"
local settings = require "sandbox.settings"
local time = require "sandbox.time"

local signature = {}

local ALGORITHM = "AWS4-HMAC-SHA256"
local WINDOW = 300
local MISMATCH = "The request signature we calculated does not match the signature you provided. "
  .. "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

local function incomplete(message) failure("IncompleteSignatureException", message) end
local function invalid(message) failure("InvalidSignatureException", message) end

-- "ALGORITHM Key=value, Key=value": the algorithm and the pairs.
local function parse(authorization)
  local algorithm, rest = authorization:match("^%s*(%S+)%s*(.-)%s*$")
  local params = {}
  for part in rest:gmatch("[^,]+") do
    local pair = part:match("^%s*(.-)%s*$")
    local key, value = pair:match("^([^=]+)=(.*)$")
    if key then
      params[key] = value
    elseif pair ~= "" then
      incomplete(("'%s' not a valid key=value pair (missing equal-sign) in Authorization header: '%s'.")
        :format(pair, authorization))
    end
  end
  return algorithm, params
end

local function check_complete(params, date, authorization)
  local missing = {}
  for _, key in ipairs { "Credential", "Signature", "SignedHeaders" } do
    if (params[key] or "") == "" then
      missing[#missing + 1] = ("Authorization header requires '%s' parameter. "):format(key)
    end
  end
  if not date then
    missing[#missing + 1] = "Authorization header requires existence of either a 'X-Amz-Date' or a "
      .. "'Date' header. "
  end
  if missing[1] then incomplete(table.concat(missing) .. "Authorization=" .. authorization) end
end

local function epoch(basic)
  local year, month, day, hour, min, sec = basic:match("^(%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)(%d%d)Z$")
  if not year then
    incomplete(("Date must be in ISO-8601 'basic format'. Got '%s'. "
      .. "See http://en.wikipedia.org/wiki/ISO_8601"):format(basic))
  end
  -- os.time reads local time: ask it for the same fields of a known UTC moment to learn the offset.
  local t = { year = year, month = month, day = day, hour = hour, min = min, sec = sec, isdst = false }
  local here = os.time(t)
  local utc = os.date("!*t", here)
  utc.isdst = false
  return here + (here - os.time(utc))
end

local function check_window(date)
  local signed, now = epoch(date), math.floor(time.now())
  local minutes = WINDOW // 60
  if signed < now - WINDOW then
    invalid(("Signature expired: %s is now earlier than %s (%s - %d min.)")
      :format(date, time.basic(now - WINDOW), time.basic(now), minutes))
  elseif signed > now + WINDOW then
    invalid(("Signature not yet current: %s is still later than %s (%s + %d min.)")
      :format(date, time.basic(now + WINDOW), time.basic(now), minutes))
  end
end

local function check_signed_headers(list)
  for name in list:gmatch("[^;]+") do
    if name:lower() == "host" then return end
  end
  invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
end

-- Credential=keyid/date/region/service/term; returns the key id.
local function check_scope(credential, date, service)
  local parts = {}
  for part in (credential .. "/"):gmatch("([^/]*)/") do parts[#parts + 1] = part end
  while parts[#parts] == "" do parts[#parts] = nil end
  if #parts ~= 5 then
    incomplete(("Credential must have exactly 5 slash-delimited elements, "
      .. "e.g. keyid/date/region/service/term, got '%s'"):format(credential))
  end
  local wrong = {}
  if parts[3] ~= settings.region then
    wrong[#wrong + 1] = "Credential should be scoped to a valid region."
  end
  if parts[4] ~= service.signing_name then
    wrong[#wrong + 1] = ("Credential should be scoped to correct service: '%s'."):format(service.signing_name)
  end
  if parts[5] ~= "aws4_request" then
    wrong[#wrong + 1] = ("Credential should be scoped with a valid terminator: 'aws4_request', not '%s'.")
      :format(parts[5])
  end
  if parts[2] ~= date:sub(1, 8) then
    wrong[#wrong + 1] = ("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
      .. "from HTTP: '%s' != '%s', from '%s'."):format(parts[2], date:sub(1, 8), date)
  end
  if wrong[1] then invalid(table.concat(wrong, " ")) end
  return parts[1]
end

local function key_of(access_key_id, token)
  local key = settings.keys[access_key_id]
  if not key or token ~= key.session_token then
    failure("UnrecognizedClientException", "The security token included in the request is invalid.")
  end
  if key.expires and key.expires <= time.now() then
    failure("ExpiredTokenException", "The security token included in the request is expired")
  end
  return key
end

-- Returns the access key id; raises the vendor's refusal.
function signature.check(req, service)
  local authorization = req:header("authorization")
  if not authorization or not authorization:match("^%s*AWS4%-") then
    failure("MissingAuthenticationTokenException",
      service.missing_token or "Request is missing Authentication Token")
  end
  if req.query and req.query["X-Amz-Algorithm"] then
    invalid("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
  end
  local algorithm, params = parse(authorization)
  local date = req:header("x-amz-date") or req:header("date")
  check_complete(params, date, authorization)
  check_window(date)
  check_signed_headers(params.SignedHeaders)
  if algorithm ~= ALGORITHM then
    incomplete(("Unsupported AWS 'algorithm': '%s' (only %s for now). "):format(algorithm, ALGORITHM))
  end
  local access_key_id = check_scope(params.Credential, date, service)
  local key = key_of(access_key_id, req:header("x-amz-security-token"))
  local result = sigv4.verify {
    method = req.method, target = req.target, headers = req:headers(), body = req.body,
    secret_access_key = key.secret_access_key,
  }
  if not result or not result.ok then invalid(MISMATCH) end
  return access_key_id
end

return signature
