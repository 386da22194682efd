-- SPDX-License-Identifier: MIT
-- The sandbox's captcha: the verification endpoint that Turnstile, hCaptcha and reCAPTCHA have in common,
-- POST …/siteverify with secret, response, remoteip: a form of either kind, Turnstile's JSON, or a query. What a token
-- is worth stands in the token:
--   pass · fail · reused · expired · score:0.3 (reCAPTCHA v3) · once:ANYTHING (good for one answer) ·
--   down (no answer)
local clock, crypto, form, json = require "clock", require "crypto", require "form", require "json"
local settings = require "sandbox.settings"

local captcha = {}

local spent = {} -- once-tokens -> the idempotency key of their one good answer, or false


local function refused(...)
  return { success = false, ["error-codes"] = json.array { ... } }
end


local function passed(more)
  local answer = { success = true, ["error-codes"] = json.array {}, challenge_ts = clock.iso8601(),
    hostname = "localhost" }
  for name, value in pairs(more or {}) do answer[name] = value end
  return answer
end


local function pass_once(token, key)
  if spent[token] == nil then
    spent[token] = key or false
    return passed()
  end
  if key and spent[token] == key then return passed() end
  return refused "timeout-or-duplicate"
end


local TOKENS = {
  pass = passed,
  fail = function() return refused "invalid-input-response" end,
  reused = function() return refused "timeout-or-duplicate" end,
  expired = function() return refused "timeout-or-duplicate" end,
}


local function judge(fields)
  local token = fields.response
  if not fields.secret or fields.secret == "" then
    if not token or token == "" then return refused("missing-input-secret", "missing-input-response") end
    return refused "missing-input-secret"
  end
  if not crypto.equal(fields.secret, settings.captcha_secret) then return refused "invalid-input-secret" end
  if not token or token == "" then return refused "missing-input-response" end
  local known = TOKENS[token]
  if known then return known() end
  local score = token:match "^score:([%d.]+)$"
  if score then return passed { score = tonumber(score), action = "signup" } end
  if token:find "^once:" then return pass_once(token, fields.idempotency_key) end
  return refused "invalid-input-response"
end


-- The fields of a multipart form, which scripts of Workers send | nil
local function of_parts(body, content_type)
  local boundary = content_type:match 'boundary="?([^";]+)'
  if not boundary then return nil end
  local fields, mark = {}, "--" .. boundary
  local at = body:find(mark, 1, true)
  while at do
    local behind = body:find("\r\n" .. mark, at, true)
    local part = behind and body:sub(at + #mark, behind - 1) or ""
    local name, value = part:match '^\r\n.-name="([^"]*)".-\r\n\r\n(.*)$'
    if name then fields[name] = value end
    at = behind and behind + 2
  end
  return fields
end


local READERS <const> = {
  ["application/x-www-form-urlencoded"] = function(body) return form.decode(body) end,
  ["application/json"] = function(body) return json.decode(body) end,
  ["multipart/form-data"] = of_parts,
}

-- What was sent, all of it texts | nil
local function fields_of(req)
  local content_type = req:header "content-type" or ""
  local read = READERS[content_type:lower():match "^%s*([^;%s]*)"]
  local fields = read and read(req.body, content_type) or nil
  if req.body == "" and next(req.query) then fields = req.query end
  if type(fields) ~= "table" or json.is_array(fields) then return nil end
  for _, value in pairs(fields) do
    if type(value) ~= "string" then return nil end
  end
  return fields
end


function captcha.handler(req)
  if req.method ~= "POST" or not req.path:find "/siteverify$" then
    return { status = 404, json = { message = "POST /siteverify" } }
  end
  local fields = fields_of(req)
  if not fields then return { status = 400, json = refused "bad-request" } end
  if fields.response == "down" then return { status = 503, body = "" } end
  return { status = 200, json = judge(fields) }
end


return captcha
