-- SPDX-License-Identifier: MIT
-- Step 0 of each flow, after the form is valid: how often one address, one e-mail address and everybody
-- together may try, whether a person sits there, and what the operator says. Nothing has been written and no
-- store or Stripe has been called when it refuses. Keys of limits are addresses and keyed hashes.
local config, limiter, metrics = require "config", require "limiter", require "metrics"
local stripe = require "stripe"
local captcha, fingerprint, trouble = require "lib.captcha", require "lib.fingerprint", require "lib.trouble"
local hook = require "hooks.admission"

local admission = {}

local MINUTE <const>, HOUR <const> = 60, 3600


local function refuse(visit, seconds)
  trouble.refuse(visit, "limits", 429, "too_many_attempts", nil, { retry_after = seconds })
end


-- n in a period of that many seconds, all of them at once if need be; 0 is no limit.
local function limit(visit, name, key, n, period)
  if n == 0 then return end
  local within, wait = limiter.take(name, key, n / period, n)
  if not within then refuse(visit, wait) end
end


local function limit_all(visit, flow, req, form)
  local attempts = config.attempts
  limit(visit, flow .. ".address", req.remote_key, attempts.per_address, MINUTE)
  limit(visit, flow .. ".email", fingerprint.email(form.email), attempts.per_email, HOUR)
  limit(visit, flow .. ".all", "", attempts.overall, 1)
end


-- Card testing: many cards from one address. A card that it has brought within the hour is not another one.
local function limit_cards(visit, req, form)
  local n = config.attempts.cards_per_address
  if n == 0 then return end
  local brought = req.remote_key .. " " .. fingerprint.card(form.stripe_token)
  if limiter.take("card", brought, 1 / HOUR, 1) then
    limit(visit, "cards", req.remote_key, n, HOUR)
  end
end


local function without_secrets(form)
  local copy = {}
  for name, value in pairs(form) do copy[name] = value end
  copy.password, copy.stripe_token, copy.captcha_token, copy.signup_token = nil, nil, nil, nil
  return copy
end


-- Our key for Stripe is wrong: nobody can become a customer until somebody has mended that.
local function check_breaker(visit)
  if stripe.is_taken() then return end
  trouble.refuse(visit, "stripe", 503, "try_again", nil, { retry_after = config.stripe.pause })
end


-- visit: the saga object, which is told the step that refused.
function admission.sign_up(visit, req, form)
  visit.at = "limits"
  limit_all(visit, "signup", req, form)
  limit_cards(visit, req, form)
  check_breaker(visit)
  visit.at = "captcha"
  captcha.check(visit, req, form)
  visit.at = "hook"
  hook(req, without_secrets(form))
end


-- Somebody whom Google has vouched for and who has no account yet. There is no captcha on this way.
function admission.federated(visit, req, form)
  visit.at = "limits"
  limit_all(visit, "federated", req, form)
  check_breaker(visit)
  visit.at = "hook"
  hook(req, without_secrets(form))
end


function admission.confirm(visit, req, form)
  visit.at = "limits"
  limit_all(visit, "confirm", req, form)
end


-- This flow is no saga: what it refuses is counted here.
function admission.resend(req, form)
  local visit = {}
  local ok, refusal = pcall(limit_all, visit, "resend", req, form)
  if ok then return end
  if visit.blamed then metrics.count("SIGNUP_RESEND_FAILURE", 1, { method = "email", step = visit.blamed }) end
  error(refusal, 0)
end


return admission
