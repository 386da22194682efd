-- SPDX-License-Identifier: MIT
-- What the tokens of a sign-in say of its user: tokens.lua signs it.
local json = require "json"
local groups = require "sandbox.cognito.groups"
local links = require "sandbox.cognito.links"
local readable = require "sandbox.cognito.readable"

local claims = {}

local BOOLEANS = { email_verified = true, phone_number_verified = true }

-- Users of a provider are in a group of its name too.
local function group_claims(pool, user)
  local names, roles, preferred = groups.of(user)
  if user.status == "EXTERNAL_PROVIDER" then
    for _, link in ipairs(links.of(user)) do names[#names + 1] = pool.id .. "_" .. link.provider end
  end
  return { ["cognito:groups"] = names[1] and json.array(names) or nil,
    ["cognito:roles"] = roles[1] and json.array(roles) or nil, ["cognito:preferred_role"] = preferred }
end

function claims.id(pool, client, user, scope)
  local result = group_claims(pool, user)
  result.aud, result.token_use, result["cognito:username"] = client.id, "id", user.username
  for name, value in pairs(readable.of(client, scope, user.attributes)) do
    if BOOLEANS[name] then value = value == "true" end
    if name ~= "sub" and name ~= "identities" then result[name] = value end
  end
  if user.attributes.identities then result.identities = links.claim(user.attributes.identities) end
  return result
end

function claims.access(pool, client, user)
  return { client_id = client.id, token_use = "access", username = user.username, version = 2,
    ["cognito:groups"] = group_claims(pool, user)["cognito:groups"] }
end

-- A client by itself, without a user.
function claims.machine(client)
  return { sub = client.id, client_id = client.id, token_use = "access", version = 2 }
end

return claims
