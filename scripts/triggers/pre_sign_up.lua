-- SPDX-License-Identifier: MIT
-- Cognito's PreSignUp trigger: who may become a user of the pool. A function(event) -> event; raising refuses, and
-- Cognito shows the words to the caller. Run by `usher lambda` on AWS and by the sandbox's Lambda.
local config, log, metrics = require "config", require "log", require "metrics"
local domains, linking = require "lib.domains", require "lib.linking"
local within, words = require "lib.within", require "lib.trigger_words"

for _, method in ipairs { "email", "google" } do
  metrics.count("EMAIL_PRESIGNUP_SUCCESS", 0, { method = method, step = "done" })
  metrics.count("EMAIL_PRESIGNUP_FAILURE", 0, { method = method, step = "done" })
end


local function refuse(reason)
  linking.refuse("This e-mail address cannot be used", reason)
end


-- The operator's refusals. Whoever is allowed by name is not disposable.
local function check_lists(address)
  local lists = config.triggers
  if domains.listed(lists.deny, address) then refuse "denied" end
  if domains.listed(lists.allow, address) then return end
  if #lists.allow > 0 then refuse "not_allowed" end
  if domains.listed(lists.disposable, address) then refuse "disposable" end
end


-- What each source does to the response. A source that is not here changes nothing.
local sources = {
  -- A person signs up with a password: the code in the mail confirms, never this trigger.
  PreSignUp_SignUp = function(event)
    check_lists(event.request.userAttributes.email or "")
    return { autoConfirmUser = false, autoVerifyEmail = false, autoVerifyPhone = false }
  end,

  -- A person comes with Google for the first time.
  PreSignUp_ExternalProvider = function(event)
    linking.settle(event)
    return { autoConfirmUser = true, autoVerifyEmail = true }
  end,
}

local METHODS <const> = { PreSignUp_SignUp = "email", PreSignUp_ExternalProvider = "google" }


-- A refusal keeps its words. Anything else is our fault: it fails closed, and only the log says why.
local function fail(method, err)
  local meant = linking.is_refusal(err)
  log.warn("presignup_refused", { method = method, reason = meant and err.reason or "internal_error",
    error = not meant and tostring(err) or nil })
  metrics.count("EMAIL_PRESIGNUP_FAILURE", 1, { method = method, step = "done" })
  error(meant and err or { message = words.unavailable, type = "PreSignUpUnavailable" }, 0)
end


return function(event)
  local decide, method = sources[event.triggerSource], METHODS[event.triggerSource]
  if not decide then return event end
  local ok, response = pcall(within, config.triggers.timeout, decide, event)
  if not ok then fail(method, response) end
  event.response = event.response or {}
  for name, value in pairs(response) do event.response[name] = value end
  metrics.count("EMAIL_PRESIGNUP_SUCCESS", 1, { method = method, step = "done" })
  return event
end
