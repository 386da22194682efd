-- SPDX-License-Identifier: MIT
-- Who is calling an unsigned operation: the app client (with its secret hash), and the user it names;
-- with the pool's choice of saying or hiding that a user does not exist.
local crypto = require "crypto"
local pools = require "sandbox.cognito.pools"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"

local callers = {}

local function unverified(client)
  failure("NotAuthorizedException", "Unable to verify secret hash for client " .. client.id)
end

local function hash(client, name)
  return crypto.base64(crypto.hmac_sha256(client.secret, name .. client.id))
end

-- The hash covers the name in this request; the user's real username and sub are taken too.
function callers.check_secret(client, pool, name, given)
  if not client.secret then
    if given then unverified(client) end
    return
  end
  if not given then
    failure("NotAuthorizedException",
      ("Client %s is configured with secret but SECRET_HASH was not received"):format(client.id))
  end
  if crypto.equal(hash(client, name), given) then return end
  local user = users.find(pool, name)
  for _, known in ipairs(user and { user.username, user.sub } or {}) do
    if crypto.equal(hash(client, known), given) then return end
  end
  unverified(client)
end

-- The client, pool and (perhaps absent) user of SignUp's family.
function callers.identify(input)
  local client, pool = pools.client(input.ClientId)
  callers.check_secret(client, pool, input.Username, input.SecretHash)
  return client, pool, users.find(pool, input.Username)
end

function callers.hides_users(client)
  return client.settings.PreventUserExistenceErrors == "ENABLED"
end

function callers.not_found()
  failure("UserNotFoundException", "Username/client id combination not found.")
end

return callers
