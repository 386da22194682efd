-- SPDX-License-Identifier: MIT
-- What the hosted UI sent a browser back with, when it is no code: its words mean one of a few things, and only these
-- reach the console. Also who an id token is about.
local log = require "log"
local refusal, trouble, words = require "lib.refusal", require "lib.trouble", require "lib.trigger_words"

local answer = {}

local FOUND <const>, TRIGGER <const> = "Already found an entry for username", "^%a+ failed with error"

-- What Cognito says when the provider did not answer it, or not now.
local PASSING <const> = { "^Timeout ", "^Connection reset", "^Read timed out", " Error %- 5%d%d " }

-- What our own trigger says -> status, code. Whatever else a trigger says, the operator's words too, is sso_refused.
local OWN_WORDS <const> = {
  { words.not_verified, 403, "email_not_verified" },
  { words.has_password, 409, "account_exists" },
  { words.in_progress, 409, "signup_in_progress" },
}


-- The first sign-in of an identity that a trigger has just linked fails, and the next one works.
function answer.is_worth_another_try(query, visit)
  local text = query.error_description or ""
  return query.error ~= nil and text:find(FOUND, 1, true) ~= nil and visit.tries == 0
end


local function refuse_as_trigger(signup, text)
  for _, own in ipairs(OWN_WORDS) do
    if text:find(own[1], 1, true) then trouble.refuse(signup, "answer", own[2], own[3]) end
  end
  if refusal.is_failure(text) then trouble.stop(signup, "answer", { code = "trigger" }) end
  trouble.refuse(signup, "answer", 403, "sso_refused")
end


local function will_pass(query, text)
  if query.error == "server_error" then return true end
  for _, pattern in ipairs(PASSING) do
    if text:find(pattern) then return true end
  end
  return false
end


-- Raises unless there is a code.
function answer.check(signup, query)
  signup.at = "answer"
  if query.error == nil and query.code ~= nil and query.code ~= "" then return end
  local text = query.error_description or ""
  if query.error == "access_denied" then trouble.refuse(signup, "answer", 403, "sso_denied") end
  if text:find(TRIGGER) then refuse_as_trigger(signup, text) end
  log.warn("sso_answer", { error_code = (query.error or "none"):match("^[%w_]+") })
  if will_pass(query, text) then trouble.stop(signup, "answer", { code = "server_error" }) end
  trouble.refuse(signup, "answer", 400, "sso_failed")
end


-- claims: of a proven id token. -> {sub=, username=, email=, name=}; raises where the address is not proven.
function answer.person(signup, claims, form)
  local email, username = claims.email, claims["cognito:username"] or claims.sub
  if type(email) ~= "string" or claims.email_verified ~= true then
    trouble.refuse(signup, "token", 403, "email_not_verified")
  end
  local clean = form.person { email = email, name = type(claims.name) == "string" and claims.name or nil }
  if not clean.email then trouble.refuse(signup, "token", 403, "email_not_verified") end
  return { sub = claims.sub, username = username, email = clean.email, name = clean.name or "" }
end


return answer
