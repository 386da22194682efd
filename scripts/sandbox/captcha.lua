-- SPDX-License-Identifier: MIT
-- The sandbox's captcha: the verification endpoint that Turnstile, hCaptcha and reCAPTCHA have in common,
-- POST …/siteverify with a form of secret, response, remoteip, or Turnstile's JSON of the same. What a token is worth
-- stands in the token:
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


-- The members of a form or an object, all of them texts | nil
local function fields_of(req)
  local media = (req:header "content-type" or ""):lower():match "^%s*([^;%s]*)"
  local fields
  if media == "application/x-www-form-urlencoded" then fields = form.decode(req.body) end
  if media == "application/json" then fields = json.decode(req.body) end
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
