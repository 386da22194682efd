-- SPDX-License-Identifier: MIT
-- What signed-in users do to themselves, known by their access token.
local attributes = require "sandbox.cognito.attributes"
local changes = require "sandbox.cognito.changes"
local codes = require "sandbox.cognito.codes"
local factors = require "sandbox.cognito.factors"
local passwords = require "sandbox.cognito.passwords"
local pools = require "sandbox.cognito.pools"
local readable = require "sandbox.cognito.readable"
local tokens = require "sandbox.cognito.tokens"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"

local account = {}

-- The token's user, pool and client.
function account.holder(input)
  local claims = tokens.check_access(input.AccessToken)
  if not tokens.allows(claims, tokens.API_SCOPE) then
    failure("NotAuthorizedException", "Access Token does not have required scopes")
  end
  local pool = pools.get(claims.pool_id)
  local user = users.get(pool, claims.sub)
  if not user.enabled then failure("NotAuthorizedException", "User is disabled.") end
  return user, pool, claims
end

function account.GetUser(input)
  local user, pool, claims = account.holder(input)
  local shown = readable.of(pools.client_in(pool, claims.client_id), nil, user.attributes)
  return factors.show(user, { Username = user.username, UserAttributes = attributes.to_list(shown) })
end

function account.GetUserAuthFactors(input)
  local user, pool = account.holder(input)
  return factors.show(user, { Username = user.username, ConfiguredUserAuthFactors = factors.first(pool, user) })
end

function account.DeleteUser(input)
  users.delete((account.holder(input)))
end

function account.GlobalSignOut(input)
  tokens.revoke_all((account.holder(input)))
  return {}
end

function account.ChangePassword(input)
  local user, pool = account.holder(input)
  if user.status == "RESET_REQUIRED" then
    failure("PasswordResetRequiredException", "Password reset required for the user")
  end
  codes.count_attempt(user, "change_password")
  passwords.verify(user, input.PreviousPassword)
  passwords.check_policy(pool, input.ProposedPassword)
  passwords.set(user, input.ProposedPassword)
  users.save(pool, user)
  return {}
end

function account.UpdateUserAttributes(input)
  local user, pool, claims = account.holder(input)
  local values = attributes.from_list(input.UserAttributes)
  attributes.check_client_may_write(pools.client_in(pool, claims.client_id), values)
  attributes.check_update(pool, values)
  return { CodeDeliveryDetailsList = changes.apply(pool, user, values) }
end

function account.DeleteUserAttributes(input)
  local user, pool, claims = account.holder(input)
  local values = attributes.check_removal(pool, input.UserAttributeNames)
  attributes.check_client_may_write(pools.client_in(pool, claims.client_id), values)
  users.apply(user, values)
  users.save(pool, user)
  return {}
end

function account.GetUserAttributeVerificationCode(input)
  local user, pool = account.holder(input)
  local attribute = input.AttributeName
  if (attribute ~= "email" and attribute ~= "phone_number") or not user.attributes[attribute] then
    failure("InvalidParameterException", "Invalid attribute name: " .. attribute)
  end
  codes.count_attempt(user, "resend")
  return { CodeDeliveryDetails = changes.send_code(pool, user, attribute, user.attributes[attribute]) }
end

function account.VerifyUserAttribute(input)
  local user, pool = account.holder(input)
  codes.count_attempt(user, "verify")
  changes.prove(pool, user, input.AttributeName, input.Code)
  return {}
end

return account
