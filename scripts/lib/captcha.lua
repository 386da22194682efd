-- SPDX-License-Identifier: MIT
-- Does a person sit there? Asks the provider that the settings name about the token in the form; off by
-- default. A token is good for one answer, so the same sign-up again (which brings the same token) is known
-- by its intent instead. Called by admission.lua; yields.
local config, crypto, http, json = require "config", require "crypto", require "http", require "json"
local clock, log, metrics, secret = require "clock", require "log", require "metrics", require "secret"
local encode = require "form"
local decoy, fingerprint = require "lib.decoy", require "lib.fingerprint"
local intent, trouble = require "lib.intent", require "lib.trouble"

local captcha = {}

-- All three take a form with secret, response and remoteip, and answer JSON with success and error-codes.
local PROVIDERS <const> = {
  turnstile = { url = "https://challenges.cloudflare.com/turnstile/v0/siteverify", repeats = true },
  hcaptcha = { url = "https://api.hcaptcha.com/siteverify" },
  recaptcha = { url = "https://www.google.com/recaptcha/api/siteverify", scores = true },
}

if config.captcha.provider ~= "off" and not config.captcha.secret then
  error(("captcha.provider is \"%s\": its secret must be in USHER_CAPTCHA_SECRET, or where captcha.secret says")
    :format(config.captcha.provider), 0)
end

local TOO_LONG <const> = 65536
local SPACE <const> = "6ba7b812-9dad-11d1-80b4-00c04fd430c8"

-- Codes that say nothing about the visitor: our secret is wrong, or the provider is in trouble.
local OURS <const> = {
  ["missing-input-secret"] = true, ["invalid-input-secret"] = true, ["sitekey-secret-mismatch"] = true,
  ["missing-remoteip"] = true, ["invalid-remoteip"] = true, ["bad-request"] = true, ["internal-error"] = true,
}


local function body_of(provider, req, form)
  local token = form.captcha_token
  local body = {
    "secret=", secret.escaped(config.captcha.secret), "&response=", encode.escape(token),
    "&remoteip=", encode.escape(req.remote),
  }
  if provider.repeats then -- the same question again gets the same answer
    body[#body + 1] = "&idempotency_key=" .. crypto.uuid5(SPACE, token .. "\0" .. form.email)
  end
  return body
end


-- -> the provider's answer | nil, what went wrong
local function ask(provider, req, form)
  local started = clock.monotonic()
  local url = config.captcha.url ~= "" and config.captcha.url or provider.url
  local response, err = http.fetch {
    method = "POST", url = url, body = body_of(provider, req, form), timeout = config.captcha.timeout,
    headers = { ["content-type"] = "application/x-www-form-urlencoded" }, max_response = TOO_LONG,
  }
  metrics.observe("usher_upstream_seconds", clock.monotonic() - started, {
    service = "captcha", operation = "siteverify", status = response and tostring(response.status) or err.kind,
  })
  if not response then return nil, err.kind end
  local answer = json.decode(response.body)
  if type(answer) ~= "table" or type(answer.success) ~= "boolean" then return nil, "http_" .. response.status end
  return answer
end


local function codes_of(answer)
  local codes = answer["error-codes"]
  return type(codes) == "table" and codes or {}
end


local function is_ours(answer)
  for _, code in ipairs(codes_of(answer)) do
    if OURS[code] then return code end
  end
end


local function passes(provider, answer)
  if not answer.success then return false end
  local score = answer.score
  return not (provider.scores and type(score) == "number" and score < config.captcha.min_score)
end


-- Has this sign-up passed with this very token before?
local function has_passed(visit, form)
  local found, err = intent.find(form.email)
  if err then trouble.stop(visit, "captcha", err) end
  return found and found.captcha and crypto.equal(found.captcha, fingerprint.captcha(form.captcha_token))
    or decoy.knows_captcha(form.email, form.captcha_token)
end


local function refuse(visit)
  trouble.refuse(visit, "captcha", 403, "captcha_failed")
end


local function when_down(visit, problem)
  if config.captcha.when_down == "refuse" then trouble.stop(visit, "captcha", { code = problem }) end
  log.warn("captcha_skipped", { error_code = problem })
end


-- Returns when the visitor may go on.
function captcha.check(visit, req, form)
  local provider = PROVIDERS[config.captcha.provider]
  if not provider then return end
  if not form.captcha_token then refuse(visit) end
  local answer, problem = ask(provider, req, form)
  problem = problem or is_ours(answer)
  if problem then return when_down(visit, problem) end
  if not passes(provider, answer) and not has_passed(visit, form) then refuse(visit) end
end


return captcha
