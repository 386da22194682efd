-- SPDX-License-Identifier: MIT
-- A pool's identity providers (Google and other OpenID providers), and the operations on them. The default pool has
-- Google; its addresses are Google's own, and the sandbox's Google answers for them.
local json = require "json"
local addresses = require "sandbox.addresses"
local db = require "sandbox.cognito.tables"
local pools = require "sandbox.cognito.pools"
local failure = require "sandbox.failure"
local settings = require "sandbox.settings"
local time = require "sandbox.time"

local providers = { operations = {} }
local operations = providers.operations

db:exec [[
  CREATE TABLE IF NOT EXISTS cognito_providers (
    pool TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at REAL NOT NULL,
    modified_at REAL NOT NULL,
    PRIMARY KEY (pool, name)
  );
]]

local GOOGLE = {
  attributes_url = "https://people.googleapis.com/v1/people/me?personFields=",
  attributes_url_add_attributes = "true",
  authorize_url = "https://accounts.google.com/o/oauth2/v2/auth",
  oidc_issuer = "https://accounts.google.com",
  token_request_method = "POST",
  token_url = "https://www.googleapis.com/oauth2/v4/token",
}
local HOSTS = { "https://accounts.google.com", "https://www.googleapis.com", "https://oauth2.googleapis.com" }

-- An address of Google's becomes one of the sandbox's Google.
function providers.reach(url)
  local here = addresses.here "google"
  for _, host in ipairs(HOSTS) do
    if here and url:sub(1, #host + 1) == host .. "/" then return here .. url:sub(#host + 1) end
  end
  return url
end

local function described(row)
  local given = json.decode(row.settings)
  return {
    UserPoolId = row.pool, ProviderName = row.name, ProviderType = row.type,
    ProviderDetails = given.ProviderDetails, AttributeMapping = given.AttributeMapping,
    IdpIdentifiers = given.IdpIdentifiers, CreationDate = row.created_at, LastModifiedDate = row.modified_at,
  }
end

-- As DescribeIdentityProvider shows it | nil
function providers.find(pool, name)
  local row = db:row("SELECT * FROM cognito_providers WHERE pool = ? AND name = ?", pool.id, name)
  return row and described(row)
end

-- The name of the provider that has this identifier | nil
function providers.by_identifier(pool, identifier)
  for _, row in ipairs(db:rows("SELECT name, settings FROM cognito_providers WHERE pool = ?", pool.id)) do
    for _, known in ipairs(json.decode(row.settings).IdpIdentifiers or {}) do
      if known == identifier then return row.name end
    end
  end
end

local function get(pool, name)
  return providers.find(pool, name)
    or failure("ResourceNotFoundException", ("Identity provider %s does not exist."):format(name))
end

local PAGE <const> = 60
local NEEDED = { Google = { "client_id", "client_secret", "authorize_scopes" },
  OIDC = { "client_id", "oidc_issuer", "authorize_scopes" } }

local function details_of(kind, given)
  local details = {}
  for name, value in pairs(kind == "Google" and GOOGLE or {}) do details[name] = value end
  for name, value in pairs(given or {}) do details[name] = value end
  for _, name in ipairs(NEEDED[kind] or {}) do
    if not details[name] then
      failure("InvalidParameterException", ("Missing required provider detail: %s"):format(name))
    end
  end
  return details
end

local function mapping_of(given)
  local mapping = { username = "sub" }
  for name, value in pairs(given or {}) do mapping[name] = value end
  return mapping
end

function operations.CreateIdentityProvider(input)
  local pool, now = pools.get(input.UserPoolId), time.stamp()
  if input.ProviderType == "Google" and input.ProviderName ~= "Google" then
    failure("InvalidParameterException", ("Provider %s cannot be of type Google."):format(input.ProviderName))
  end
  if providers.find(pool, input.ProviderName) then
    failure("DuplicateProviderException",
      ("A provider with the name %s already exists."):format(input.ProviderName))
  end
  db:run([[INSERT INTO cognito_providers (pool, name, type, settings, created_at, modified_at)
    VALUES (?, ?, ?, ?, ?, ?)]], pool.id, input.ProviderName, input.ProviderType, json.encode {
      ProviderDetails = details_of(input.ProviderType, input.ProviderDetails),
      AttributeMapping = mapping_of(input.AttributeMapping), IdpIdentifiers = input.IdpIdentifiers or json.array {},
    }, now, now)
  return { IdentityProvider = get(pool, input.ProviderName) }
end

function operations.UpdateIdentityProvider(input)
  local pool = pools.get(input.UserPoolId)
  local old = get(pool, input.ProviderName)
  db:run("UPDATE cognito_providers SET settings = ?, modified_at = ? WHERE pool = ? AND name = ?", json.encode {
    ProviderDetails = details_of(old.ProviderType, input.ProviderDetails or old.ProviderDetails),
    AttributeMapping = mapping_of(input.AttributeMapping or old.AttributeMapping),
    IdpIdentifiers = input.IdpIdentifiers or old.IdpIdentifiers,
  }, time.stamp(), pool.id, input.ProviderName)
  return { IdentityProvider = get(pool, input.ProviderName) }
end

function operations.DescribeIdentityProvider(input)
  return { IdentityProvider = get(pools.get(input.UserPoolId), input.ProviderName) }
end

function operations.GetIdentityProviderByIdentifier(input)
  local pool = pools.get(input.UserPoolId)
  return { IdentityProvider = get(pool, providers.by_identifier(pool, input.IdpIdentifier) or input.IdpIdentifier) }
end

function operations.DeleteIdentityProvider(input)
  local pool = pools.get(input.UserPoolId)
  get(pool, input.ProviderName)
  db:run("DELETE FROM cognito_providers WHERE pool = ? AND name = ?", pool.id, input.ProviderName)
end

function operations.ListIdentityProviders(input)
  local pool, limit = pools.get(input.UserPoolId), (input.MaxResults or 0) > 0 and input.MaxResults or PAGE
  local shown, next_token = pools.page(function(row)
    return { ProviderName = row.name, ProviderType = row.type, CreationDate = row.created_at,
      LastModifiedDate = row.modified_at }
  end, "SELECT rowid, * FROM cognito_providers WHERE pool = ? AND rowid > ? ORDER BY rowid LIMIT ?", limit,
    input.NextToken, pool.id)
  return { Providers = shown, NextToken = next_token }
end

function providers.ensure_default()
  local pool = pools.get(settings.user_pool_id)
  if providers.find(pool, "Google") then return end
  operations.CreateIdentityProvider {
    UserPoolId = pool.id, ProviderName = "Google", ProviderType = "Google",
    ProviderDetails = { client_id = settings.google_client_id, client_secret = settings.google_client_secret,
      authorize_scopes = "email profile openid" },
    AttributeMapping = { username = "sub", email = "email", email_verified = "email_verified", name = "name",
      given_name = "given_name", family_name = "family_name", picture = "picture" },
  }
end

return providers
