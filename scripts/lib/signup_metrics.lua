-- SPDX-License-Identifier: MIT
-- The metrics of the sign-up: what each means, and the series that is there from the start at 0, so that
-- alarms have data before there is trouble. FAILURE is the visitor's fault, ERROR is ours or a dependency's.
local metrics = require "metrics"

local EMAIL <const> = { method = "email", step = "done" }
local GOOGLE <const> = { method = "google", step = "done" }

local function at(step)
  return { method = "email", step = step }
end

local METRICS <const> = {
  { "SIGNUP_SUCCESS", EMAIL, "Sign-ups whose account was opened; once for each, never for a repetition." },
  { "SIGNUP_FAILURE", EMAIL, "Sign-ups refused: a form, limit, captcha, hook, card or address." },
  { "SIGNUP_ERROR", EMAIL, "Sign-ups that stopped because we or a dependency failed." },
  { "SIGNUP_SUCCESS", GOOGLE, "Sign-ups whose account was opened; once for each, never for a repetition." },
  { "SIGNUP_FAILURE", GOOGLE, "Sign-ups refused: a form, limit, captcha, hook, card or address." },
  { "SIGNUP_ERROR", GOOGLE, "Sign-ups that stopped because we or a dependency failed." },
  { "API_KEY_SUCCESS", GOOGLE, "Default keys shown to who is signed in; once for each." },
  { "API_KEY_FAILURE", GOOGLE, "Requests for the default key that were refused." },
  { "API_KEY_ERROR", GOOGLE, "Requests for the default key that we or a dependency could not serve." },
  { "SIGNUP_CONFIRM_SUCCESS", EMAIL, "Codes accepted; once for each sign-up." },
  { "SIGNUP_CONFIRM_FAILURE", EMAIL, "Confirmations refused: a wrong or old code, another browser, a limit." },
  { "SIGNUP_CONFIRM_ERROR", EMAIL, "Confirmations that stopped because we or a dependency failed." },
  { "SIGNUP_RESEND_SUCCESS", EMAIL, "Mails with another code." },
  { "SIGNUP_RESEND_FAILURE", EMAIL, "Requests for another code that were over a limit, or too late." },
  { "SIGNUP_RESEND_ERROR", EMAIL, "Requests for another code that we or a dependency could not serve." },
  { "EMAIL_PRESIGNUP_SUCCESS", GOOGLE, "People whom Cognito's PreSignUp trigger let in." },
  { "EMAIL_PRESIGNUP_FAILURE", GOOGLE, "People whom Cognito's PreSignUp trigger refused." },
  { "INCONSISTENT_USER_STORES", at "user", "Detected: Cognito and the user's record disagree." },
  { "INCONSISTENT_ACCOUNT_STORES", at "account", "Detected: the user, the customer and the account disagree." },
  { "INCONSISTENT_USER_STORES_REPAIRED", at "user", "Of those that this process has detected, mended by now." },
  { "INCONSISTENT_ACCOUNT_STORES_REPAIRED", at "account", "Of those that this process has detected, mended by now." },
}

for _, metric in ipairs(METRICS) do
  metrics.describe(metric[1], metric[3])
  metrics.count(metric[1], 0, metric[2])
end
for _, kind in ipairs { "account", "card", "email_verified", "slack" } do -- as in outbox_kinds.lua
  metrics.count("OUTBOX_DEAD", 0, { method = "email", step = kind })
end
metrics.describe("INCONSISTENT_USER_STORES_OPEN", "Of those that this process has detected, not mended yet.")
metrics.describe("INCONSISTENT_ACCOUNT_STORES_OPEN", "Of those that this process has detected, not mended yet.")
metrics.describe("SIGNUP_SECONDS", "How long a sign-up took, whatever came of it.")
metrics.describe("API_KEY_SECONDS", "How long a request for the default key took, whatever came of it.")
metrics.describe("SIGNUP_CONFIRM_SECONDS", "How long a confirmation took, whatever came of it.")
metrics.describe("OUTBOX_DEAD", "Messages that nobody took after outbox.attempts tries.")
metrics.describe("usher_outbox_messages", "Messages that wait to be told, and dead ones.")

return true
