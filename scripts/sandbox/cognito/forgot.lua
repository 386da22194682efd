-- SPDX-License-Identifier: MIT
-- A forgotten password: a code to a proved address, and a new password for that code.
local callers = require "sandbox.cognito.callers"
local codes = require "sandbox.cognito.codes"
local delivery = require "sandbox.cognito.delivery"
local passwords = require "sandbox.cognito.passwords"
local sign_up = require "sandbox.cognito.sign_up"
local triggers = require "sandbox.cognito.triggers"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"

local forgot = {}

local MECHANISMS = { verified_email = "email", verified_phone_number = "phone_number" }
local USUAL = { "phone_number", "email" }
local NOT_YET = { FORCE_CHANGE_PASSWORD = true, EXTERNAL_PROVIDER = true }

-- The kinds of addresses that people get their code by, in the pool's order; none where only an administrator resets.
-- A pool that does not say prefers the phone.
local function recovery_order(pool)
  local mechanisms = (pool.settings.AccountRecoverySetting or {}).RecoveryMechanisms
  if not mechanisms then return USUAL end
  table.sort(mechanisms, function(a, b) return a.Priority < b.Priority end)
  local order = {}
  for _, mechanism in ipairs(mechanisms) do order[#order + 1] = MECHANISMS[mechanism.Name] end
  return order
end

-- The proved address that a reset code goes to | nil
local function find_address(order, user)
  for _, attribute in ipairs(order) do
    local proved = user.attributes[attribute .. "_verified"] == "true"
    if proved and user.attributes[attribute] then return attribute end
  end
end

local function is_reachable(pool, user)
  return find_address(recovery_order(pool), user) ~= nil
end

local function recovery_attribute(order, user)
  return find_address(order, user) or failure("InvalidParameterException",
    "Cannot reset password for the user as there is no registered/verified email or phone_number")
end

function forgot.check_state(user)
  if not user.enabled then failure("NotAuthorizedException", "User is disabled.") end
  if NOT_YET[user.status] then
    failure("NotAuthorizedException", "User password cannot be reset in the current state.")
  end
end

function forgot.send_code(pool, user)
  local order = recovery_order(pool)
  local attribute = recovery_attribute(order[1] and order or USUAL, user)
  codes.count_attempt(user, "forgot")
  return delivery.send_code.forgot(pool, user, attribute, codes.issue(user, "forgot", attribute))
end

function forgot.ForgotPassword(input)
  local client, pool, user = callers.identify(input)
  if not recovery_order(pool)[1] then
    failure("NotAuthorizedException", "Contact administrator to reset password.")
  end
  if callers.hides_users(client) and not (user and user.enabled and is_reachable(pool, user)) then
    return { CodeDeliveryDetails = sign_up.simulated(input.Username) }
  end
  if not user then callers.not_found() end
  forgot.check_state(user)
  return { CodeDeliveryDetails = forgot.send_code(pool, user) }
end

function forgot.ConfirmForgotPassword(input)
  local client, pool, user = callers.identify(input)
  passwords.check_policy(pool, input.Password)
  if callers.hides_users(client) and not (user and user.enabled) then codes.mismatch() end
  if not user then callers.not_found() end
  if not user.enabled then failure("NotAuthorizedException", "User is disabled.") end
  codes.count_attempt(user, "confirm_forgot")
  codes.check(user, "forgot", input.ConfirmationCode)
  passwords.set(user, input.Password)
  user.status = "CONFIRMED"
  users.save(pool, user)
  codes.spend(user, "forgot")
  triggers.run(pool, "PostConfirmation_ConfirmForgotPassword", user,
    { client = client, metadata = input.ClientMetadata })
  return {}
end

return forgot
