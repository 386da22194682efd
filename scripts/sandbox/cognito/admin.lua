-- SPDX-License-Identifier: MIT
-- What an administrator does to one existing user: every signed operation that takes UserPoolId and
-- Username.
local attributes = require "sandbox.cognito.attributes"
local changes = require "sandbox.cognito.changes"
local factors = require "sandbox.cognito.factors"
local forgot = require "sandbox.cognito.forgot"
local passwords = require "sandbox.cognito.passwords"
local pools = require "sandbox.cognito.pools"
local tokens = require "sandbox.cognito.tokens"
local triggers = require "sandbox.cognito.triggers"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"
local time = require "sandbox.time"

local admin = {}

local DAY = 86400

local function find(input)
  local pool = pools.get(input.UserPoolId)
  return users.get(pool, input.Username), pool
end

function admin.AdminGetUser(input)
  local user = find(input)
  return factors.show(user, {
    Username = user.username,
    UserAttributes = attributes.to_list(user.attributes),
    UserCreateDate = user.created_at,
    UserLastModifiedDate = user.modified_at,
    Enabled = user.enabled,
    UserStatus = user.status,
  })
end

function admin.AdminDeleteUser(input)
  users.delete((find(input)))
end

function admin.AdminConfirmSignUp(input)
  local user, pool = find(input)
  if user.status ~= "UNCONFIRMED" then
    failure("NotAuthorizedException", "User cannot be confirmed. Current status is " .. user.status)
  end
  user.status = "CONFIRMED"
  users.save(pool, user)
  triggers.run(pool, "PostConfirmation_ConfirmSignUp", user, { metadata = input.ClientMetadata })
  return {}
end

function admin.AdminUpdateUserAttributes(input)
  local user, pool = find(input)
  local values = attributes.from_list(input.UserAttributes)
  attributes.check_update(pool, values)
  changes.apply(pool, user, values)
  return {}
end

function admin.AdminDeleteUserAttributes(input)
  local user, pool = find(input)
  users.apply(user, attributes.check_removal(pool, input.UserAttributeNames))
  users.save(pool, user)
  return {}
end

function admin.AdminSetUserPassword(input)
  local user, pool = find(input)
  passwords.check_policy(pool, input.Password)
  local days = pool.password_policy.TemporaryPasswordValidityDays
  passwords.set(user, input.Password, not input.Permanent and time.now() + days * DAY or nil)
  user.status = input.Permanent and "CONFIRMED" or "FORCE_CHANGE_PASSWORD"
  users.save(pool, user)
  return {}
end

function admin.AdminResetUserPassword(input)
  local user, pool = find(input)
  if user.status == "UNCONFIRMED" then
    failure("NotAuthorizedException", "User password cannot be reset in the current state.")
  end
  forgot.check_state(user)
  forgot.send_code(pool, user)
  user.status = "RESET_REQUIRED"
  users.save(pool, user)
  return {}
end

local function set_enabled(enabled)
  return function(input)
    local user, pool = find(input)
    user.enabled = enabled
    users.save(pool, user)
    return {}
  end
end

admin.AdminEnableUser = set_enabled(true)

local disable = set_enabled(false)
function admin.AdminDisableUser(input)
  local output = disable(input)
  tokens.revoke_all((find(input)))
  return output
end

function admin.AdminUserGlobalSignOut(input)
  tokens.revoke_all((find(input)))
  return {}
end

return admin
