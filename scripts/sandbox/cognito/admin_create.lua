-- SPDX-License-Identifier: MIT
-- AdminCreateUser: an administrator invites somebody, who must change the temporary password at the first
-- sign-in.
local attributes = require "sandbox.cognito.attributes"
local delivery = require "sandbox.cognito.delivery"
local naming = require "sandbox.cognito.naming"
local passwords = require "sandbox.cognito.passwords"
local pools = require "sandbox.cognito.pools"
local triggers = require "sandbox.cognito.triggers"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"
local set_of = require "sandbox.set_of"
local time = require "sandbox.time"

local admin_create = {}

local DAY = 86400

local function invite(pool, user, password, input)
  if input.MessageAction == "SUPPRESS" then return end
  local mediums = set_of(input.DesiredDeliveryMediums or { "SMS" })
  if mediums.EMAIL and user.attributes.email then
    delivery.send_invitation(pool, user, "email", password)
  elseif mediums.SMS and user.attributes.phone_number then
    delivery.send_invitation(pool, user, "phone_number", password)
  end
end

local function set_temporary(pool, user, given)
  local password = given or passwords.generate(pool)
  passwords.check_policy(pool, password)
  local days = pool.password_policy.TemporaryPasswordValidityDays
  passwords.set(user, password, time.now() + days * DAY)
  return password
end

local function resend(pool, input)
  local user = users.get(pool, input.Username)
  if user.status ~= "FORCE_CHANGE_PASSWORD" then
    failure("UnsupportedUserStateException",
      ("Resend not possible. %s status is not FORCE_CHANGE_PASSWORD"):format(input.Username))
  end
  local password = set_temporary(pool, user, input.TemporaryPassword)
  users.save(pool, user)
  invite(pool, user, password, input)
  return { User = users.describe(user) }
end

-- Proved addresses are aliases at once: taken ones are refused, or moved when the caller insists.
local function claim_aliases(pool, user, force)
  for attribute in pairs(pool.alias_attributes) do
    if user.attributes[attribute .. "_verified"] == "true" then users.verify(pool, user, attribute, force) end
  end
end

function admin_create.AdminCreateUser(input)
  local pool = pools.get(input.UserPoolId)
  if input.MessageAction == "RESEND" then return resend(pool, input) end
  local values = attributes.from_list(input.UserAttributes)
  if values.sub then failure("InvalidParameterException", "user.sub: Attribute cannot be updated.") end
  local user = naming.new_user(pool, input.Username, values)
  attributes.check_schema(pool, user.attributes, true)
  attributes.check_formats(user.attributes)
  naming.check_new(pool, user, input.Username, "User account already exists")
  local password = set_temporary(pool, user, input.TemporaryPassword)

  triggers.run(pool, "PreSignUp_AdminCreateUser", user,
    { metadata = input.ClientMetadata, validation = input.ValidationData })
  naming.check_new(pool, user, input.Username, "User account already exists")
  claim_aliases(pool, user, input.ForceAliasCreation)
  user.status = "FORCE_CHANGE_PASSWORD"
  user = users.insert(pool, user)
  invite(pool, user, password, input)
  return { User = users.describe(user) }
end

return admin_create
