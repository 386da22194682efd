-- SPDX-License-Identifier: MIT
-- A stranger becomes a user: SignUp, ConfirmSignUp, ResendConfirmationCode.
local crypto = require "crypto"
local attributes = require "sandbox.cognito.attributes"
local callers = require "sandbox.cognito.callers"
local codes = require "sandbox.cognito.codes"
local delivery = require "sandbox.cognito.delivery"
local naming = require "sandbox.cognito.naming"
local passwords = require "sandbox.cognito.passwords"
local sessions = require "sandbox.cognito.sessions"
local triggers = require "sandbox.cognito.triggers"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"

local sign_up = {}

local function send_code(pool, user)
  local attribute = naming.verifiable(pool, user.attributes)
  if not attribute then return nil end
  return delivery.send_code.sign_up(pool, user, attribute, codes.issue(user, "sign_up", attribute))
end

-- From here on each address says whether it is proved.
local function auto_verify(user, response)
  local values = user.attributes
  if values.email then values.email_verified = tostring(response.autoVerifyEmail == true) end
  if values.phone_number then values.phone_number_verified = tostring(response.autoVerifyPhone == true) end
end

-- Clients whose people choose how to sign in go on from a sign-up into it.
local function next_session(client, user, state)
  for _, flow in ipairs(client.settings.ExplicitAuthFlows or {}) do
    if flow == "ALLOW_USER_AUTH" then return sessions.keep(client, user, state, {}) end
  end
end

function sign_up.SignUp(input)
  local client, pool = callers.identify(input)
  if (pool.settings.AdminCreateUserConfig or {}).AllowAdminCreateUserOnly then
    failure("NotAuthorizedException", "SignUp is not permitted for this user pool")
  end
  local values = attributes.from_list(input.UserAttributes)
  attributes.check_client_may_write(client, values)
  local user = naming.new_user(pool, input.Username, values)
  attributes.check_schema(pool, user.attributes)
  attributes.check_formats(user.attributes)
  passwords.check_policy(pool, input.Password)
  naming.check_new(pool, user, input.Username)

  local detail = { client = client, metadata = input.ClientMetadata, validation = input.ValidationData }
  local response = triggers.run(pool, "PreSignUp_SignUp", user, detail)
  naming.check_new(pool, user, input.Username) -- a trigger takes time: somebody may have been faster
  user.status = response.autoConfirmUser and "CONFIRMED" or "UNCONFIRMED"
  auto_verify(user, response)
  passwords.set(user, input.Password)
  user = users.insert(pool, user)
  if user.status == "CONFIRMED" then
    triggers.run(pool, "PostConfirmation_ConfirmSignUp", user, detail)
    return { UserConfirmed = true, UserSub = user.sub }
  end
  return { UserConfirmed = false, UserSub = user.sub, CodeDeliveryDetails = send_code(pool, user),
    Session = next_session(client, user, sessions.SIGNED_UP) }
end

local function check_unconfirmed(user)
  if user.status ~= "UNCONFIRMED" then
    failure("NotAuthorizedException", "User cannot be confirmed. Current status is " .. user.status)
  end
end

function sign_up.ConfirmSignUp(input)
  local client, pool, user = callers.identify(input)
  if not user then
    if callers.hides_users(client) then codes.expired() end
    callers.not_found()
  end
  if not user.enabled then failure("NotAuthorizedException", "User is disabled.") end
  check_unconfirmed(user)
  local session = input.Session and sessions.of(input.Session, sessions.SIGNED_UP, client, user)
  codes.count_attempt(user, "confirm")
  local attribute = codes.check(user, "sign_up", input.ConfirmationCode)
  users.verify(pool, user, attribute, input.ForceAliasCreation)
  user.status = "CONFIRMED"
  users.save(pool, user)
  codes.spend(user, "sign_up")
  triggers.run(pool, "PostConfirmation_ConfirmSignUp", user,
    { client = client, metadata = input.ClientMetadata })
  if not session then return {} end
  sessions.close(session)
  return { Session = next_session(client, user, sessions.CONFIRMED) }
end

-- What an unknown user is told by a pool that does not say who exists.
local function simulated(name)
  if name:find("^%+%d+$") then return delivery.details("phone_number", name) end
  if not name:find("^[^@]+@[^@]+$") then
    name = "u" .. name:gsub("@", "") .. "@" .. crypto.random_string(1, "abcdefgh")
  end
  return delivery.details("email", name)
end

sign_up.simulated = simulated

function sign_up.ResendConfirmationCode(input)
  local client, pool, user = callers.identify(input)
  if callers.hides_users(client) and not (user and user.enabled) then
    return { CodeDeliveryDetails = simulated(input.Username) }
  end
  if not user then callers.not_found() end
  if not user.enabled then failure("NotAuthorizedException", "User is disabled.") end
  if user.status ~= "UNCONFIRMED" then failure("InvalidParameterException", "User is already confirmed.") end
  if not naming.verifiable(pool, user.attributes) then
    failure("InvalidParameterException", "Cannot resend codes. Auto verification not turned on.")
  end
  codes.count_attempt(user, "resend")
  return { CodeDeliveryDetails = send_code(pool, user) }
end

return sign_up
