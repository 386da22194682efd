-- SPDX-License-Identifier: MIT
-- AdminLinkProviderForUser and AdminDisableProviderForUser: a provider's identity signs in a user of the pool, or
-- no longer does.
local links = require "sandbox.cognito.links"
local pools = require "sandbox.cognito.pools"
local providers = require "sandbox.cognito.providers"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"

local linking = {}

local NATIVE, SUBJECT = "Cognito", "Cognito_Subject"

local function bad(message) failure("InvalidParameterException", message) end

local function value_of(identity, name)
  return identity.ProviderAttributeValue or bad(("%s ProviderAttributeValue is required"):format(name))
end

local function check_provider(pool, identity)
  local name = identity.ProviderName
  if not name or not providers.find(pool, name) then
    failure("ResourceNotFoundException", ("Identity provider %s does not exist."):format(tostring(name)))
  end
  if identity.ProviderAttributeName ~= SUBJECT then bad("Invalid ProviderAttributeName for " .. name) end
end

local function not_found()
  failure("UserNotFoundException", "User does not exist.")
end

local function destination_of(pool, identity)
  local value = value_of(identity, "DestinationUser")
  if identity.ProviderName == NATIVE then return users.get(pool, value) end
  check_provider(pool, identity)
  return links.holder(pool, identity.ProviderName, value) or not_found()
end

function linking.AdminLinkProviderForUser(input)
  local pool = pools.get(input.UserPoolId)
  local source = input.SourceUser
  if source.ProviderName == NATIVE then
    bad("Invalid SourceUser: Cognito users with a username/password may not be passed in as a SourceUser, only as "
      .. "a DestinationUser")
  end
  local subject = value_of(source, "SourceUser")
  check_provider(pool, source)
  local user = destination_of(pool, input.DestinationUser)
  local holder, row = links.holder(pool, source.ProviderName, subject)
  if holder and holder.id == user.id then bad("SourceUser is already linked to DestinationUser") end
  if holder and row.is_primary ~= 0 then
    bad("Merging is not currently supported, provide a SourceUser that has not been signed up in order to link")
  elseif holder then
    failure("AliasExistsException", "SourceUser is already linked to another user")
  end
  if #links.of(user) >= links.MOST then
    failure("LimitExceededException", "User has reached the limit of linked identities.")
  end
  links.add(pool, user, source.ProviderName, subject, false)
  return {}
end

-- A link goes away; a user who is nobody but this identity, or its own password, is shut out.
function linking.AdminDisableProviderForUser(input)
  local pool = pools.get(input.UserPoolId)
  local identity = input.User
  local value = value_of(identity, "User")
  if identity.ProviderName == NATIVE then
    local user = users.get(pool, value)
    user.verifier = nil
    users.save(pool, user)
    return {}
  end
  check_provider(pool, identity)
  local user, row = links.holder(pool, identity.ProviderName, value)
  if not user then not_found() end
  if row.is_primary ~= 0 then
    user.enabled = false
    users.save(pool, user)
  else
    links.remove(pool, user, identity.ProviderName, value)
  end
  return {}
end

return linking
