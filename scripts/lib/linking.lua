-- SPDX-License-Identifier: MIT
-- Somebody comes with Google, and a native user of the same address may be there already. One that is proved is
-- linked, so that both are one; one that nobody confirmed is removed with all it made, and nothing of it is carried
-- over: whoever made it has not shown that the address is theirs. Called by triggers/pre_sign_up.
local cognito, config, crypto = require "cognito", require "config", require "crypto"
local fail, log = require "fail", require "log"
local intent, supersede = require "lib.intent", require "lib.supersede"
local within, words = require "lib.within", require "lib.trigger_words"

local linking = {}

local Refusal = { __name = "refusal", __tostring = function(self) return self.message end }


-- Raises what the caller is told; reason is for the log.
function linking.refuse(message, reason)
  error(setmetatable({ message = message, type = "PreSignUpRefused", reason = reason }, Refusal), 0)
end


function linking.is_refusal(err)
  return getmetatable(err) == Refusal
end


-- One call, with a trigger's short time for it -> result; whatever goes wrong closes the door.
local function must(what, fn, ...)
  local result, err = within(config.triggers.call_timeout, fn, ...)
  if result == nil and err then error(("%s: %s"):format(what, err.code or "failed"), 0) end
  return result
end


local function provider_name()
  return config.triggers.provider ~= "" and config.triggers.provider or config.sso.provider
end


-- "google_1035…", or "Google_1035…" in older pools -> Google's id of the person
local function subject_of(event)
  local provider, subject = event.userName:match("^([^_]+)_(.+)$")
  if not provider or provider:lower() ~= provider_name():lower() then
    linking.refuse("This way to sign in is not supported", "unknown_provider")
  end
  return subject
end


-- The address, if Google vouches for it.
local function verified_address(event)
  local attributes = event.request.userAttributes
  local email = attributes.email or ""
  if email == "" then linking.refuse("Google has not told an e-mail address", "no_email") end
  if tostring(attributes.email_verified) ~= "true" then
    linking.refuse(words.not_verified, "email_unverified")
  end
  return email:lower()
end


-- The native user of the address | nil
local function twin(email, pool)
  return must("look-up", function()
    local user, err = cognito.admin_get_user(email, pool)
    if user or err.code ~= "UserNotFoundException" then return user, err end
    return false
  end) or nil
end


local function link(user, subject, pool)
  must("link", cognito.admin_link_provider_for_user, {
    username = user.username, provider = provider_name(), subject = subject,
    user_pool_id = pool.user_pool_id,
  })
  log.info("presignup_linked", { sub = user.sub })
end


-- What nobody confirmed goes: user, rows, Stripe customer, and the intent last, since it says what must go. One that
-- a sign-up is working on right now is left alone; what a crash in the middle leaves, the next attempt finds.
local function remove(email, user, pool)
  local old = must("intent", function()
    local item, err = intent.find(email)
    if err then return nil, err end
    return item or false
  end)
  if old and old.code_accepted then old = nil end -- of an account that was once confirmed nothing is touched
  if not old and not user then return end
  local signup = { method = "google", cognito = pool, intent = old or nil }
  if old then
    old = must("claim", intent.claim, old, crypto.uuid())
    if not old then linking.refuse(words.in_progress, "in_progress") end
  end
  local list = old and supersede.left_by(old, user) or { supersede.stranger(user) }
  if old and not must("intent", intent.give_up, old, list) then linking.refuse(words.in_progress, "in_progress") end
  for _, entry in ipairs(list) do supersede.remove(signup, entry) end
  if old then must("discard", intent.discard, old) end
  log.info("presignup_superseded", { signup_id = old and old.signup_id or nil })
end


-- supersede speaks to the browsers of flows: its refusals and failures become ours.
local function supersede_all(email, user, pool)
  local ok, err = pcall(remove, email, user, pool)
  if ok then return end
  if fail.is(err) then
    if err.code == "account_exists" then linking.refuse(words.in_progress, "confirmed_meanwhile") end
    err = err.code
  end
  error(err, 0)
end


-- Returns when the person may come in.
function linking.settle(event)
  local subject, email = subject_of(event), verified_address(event)
  local pool = { user_pool_id = event.userPoolId }
  local user = twin(email, pool)
  if user and user.status == "EXTERNAL_PROVIDER" then return end
  if user and user.enabled == false then linking.refuse("This account is disabled", "disabled") end
  if not user or user.status == "UNCONFIRMED" then return supersede_all(email, user, pool) end
  local proved = user.status == "CONFIRMED" or user.status == "RESET_REQUIRED"
  if not proved or user.attributes.email_verified ~= "true" then
    linking.refuse(words.has_password, "native_unverified")
  end
  link(user, subject, pool)
end


return linking
