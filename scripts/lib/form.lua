-- SPDX-License-Identifier: MIT
-- What a browser sent becomes a clean form, or one answer that names every wrong field at once.
-- Fields we do not know are ignored: front ends add their own.
local fail, json = require "fail", require "json"
local email, password = require "lib.validate.email", require "lib.validate.password"
local places, text = require "lib.validate.places", require "lib.validate.text"
local tokens = require "lib.validate.tokens"

local form = {}

local USERNAME_MAX <const> = 128 -- Cognito takes no longer one, and the address is it

local address = email()

local UTM = { "source", "medium", "campaign", "term", "content" }

-- { name, validator, optional? } in the order in which problems are told
local SIGNUP = {
  { "email", email(USERNAME_MAX) },
  { "name", text.line(128) },
  { "country", tokens.country },
  { "organization", text.line(128) },
  { "password", password },
  { "stripe_token", tokens.card },
  { "captcha_token", text.line(4096), optional = true },
  { "signup_token", text.line(128), optional = true },
}
for _, name in ipairs(UTM) do SIGNUP[#SIGNUP + 1] = { "utm_" .. name, text.line(256), optional = true } end

local SSO = {
  { "organization", text.line(128), optional = true },
  { "country", tokens.country, optional = true },
  { "stripe_token", tokens.card, optional = true },
  { "return_to", places.path },
  { "callback_url", places.callback },
}
for _, name in ipairs(UTM) do SSO[#SSO + 1] = { "utm_" .. name, text.line(256), optional = true } end

local CONFIRM = {
  { "email", address },
  { "code", tokens.code },
  { "signup_token", text.line(128), optional = true },
}

local RESEND = {
  { "email", address },
  { "signup_token", text.line(128), optional = true },
}


local function is_missing(value)
  return value == nil or value == json.null
end


local function read(body, fields)
  if type(body) ~= "table" or json.is_array(body) then
    fail(400, "bad_request", nil, { message = "The body must be a JSON object." })
  end
  local clean, wrong = {}, {}
  for _, field in ipairs(fields) do
    local name, validate = field[1], field[2]
    local value, problems = validate(is_missing(body[name]) and "" or body[name])
    clean[name] = value
    for _, problem in ipairs(problems or {}) do
      if problem.code ~= "required" or not field.optional then
        wrong[#wrong + 1] = { field = name, code = problem.code, message = problem.message }
      end
    end
  end
  if #wrong > 0 then fail(422, "invalid_input", wrong) end
  return clean
end


-- utm_source and its like become one member.
local function gather_utm(clean)
  for _, name in ipairs(UTM) do
    local value = clean["utm_" .. name]
    if value then
      clean.utm = clean.utm or {}
      clean.utm[name], clean["utm_" .. name] = value, nil
    end
  end
  return clean
end


-- -> { email, name, country, organization, password, stripe_token, captcha_token?, signup_token?, utm? }
function form.signup(body)
  return gather_utm(read(body, SIGNUP))
end


-- The start of signing in with Google: all of it may be missing. query: decoded.
-- -> { organization?, country?, stripe_token?, utm? }, where to go afterwards, where to come back to
function form.sso(query)
  local clean = gather_utm(read(query, SSO))
  local path, callback = clean.return_to, clean.callback_url
  clean.return_to, clean.callback_url = nil, nil
  return clean, path, callback
end


-- What a user pool knows of a person, as far as it is usable: {email=, name=} -> {email=?, name=?}
function form.person(attributes)
  return { email = address(attributes.email or ""), name = text.line(128)(attributes.name or "") }
end


-- -> { email, code, signup_token? }
function form.confirm(body)
  return read(body, CONFIRM)
end


-- -> { email, signup_token? }
function form.resend(body)
  return read(body, RESEND)
end


return form
