-- SPDX-License-Identifier: MIT
-- Making, showing and removing user pools and app clients.
local json = require "json"
local client_rules = require "sandbox.cognito.client_rules"
local db = require "sandbox.cognito.tables"
local declared = require "sandbox.cognito.declared"
local domains = require "sandbox.cognito.domains"
local pools = require "sandbox.cognito.pools"
local failure = require "sandbox.failure"
local settings = require "sandbox.settings"

local pool_admin = {}

-- The settings that come back as they were sent.
local ECHOED = { "AutoVerifiedAttributes", "AliasAttributes", "UsernameAttributes", "UsernameConfiguration",
  "SmsAuthenticationMessage", "SmsConfiguration", "DeviceConfiguration", "UserPoolTags", "UserPoolAddOns",
  "UserAttributeUpdateSettings", "AccountRecoverySetting" }

-- The same message has two places, and is shown in both.
local MESSAGES = { EmailMessage = "EmailVerificationMessage", EmailSubject = "EmailVerificationSubject",
  SmsMessage = "SmsVerificationMessage" }

local function show_messages(shown, given)
  local template = { DefaultEmailOption = "CONFIRM_WITH_CODE" }
  for name, value in pairs(given.VerificationMessageTemplate or {}) do template[name] = value end
  for inner, outer in pairs(MESSAGES) do
    local text = template[inner] or given[outer]
    template[inner], shown[outer] = text, text
  end
  shown.VerificationMessageTemplate = template
end

local function describe_pool(pool)
  local given = pool.settings
  local invitations = given.AdminCreateUserConfig or {}
  local shown = {
    Id = pool.id,
    Name = pool.name,
    Arn = ("arn:aws:cognito-idp:%s:%s:userpool/%s"):format(settings.region, settings.account_id, pool.id),
    Policies = { PasswordPolicy = pool.password_policy, SignInPolicy = (given.Policies or {}).SignInPolicy
      or { AllowedFirstAuthFactors = json.array { "PASSWORD" } } },
    LambdaConfig = given.LambdaConfig or {},
    SchemaAttributes = pool.schema_list,
    EmailConfiguration = given.EmailConfiguration or { EmailSendingAccount = "COGNITO_DEFAULT" },
    AdminCreateUserConfig = { AllowAdminCreateUserOnly = invitations.AllowAdminCreateUserOnly or false,
      UnusedAccountValidityDays = invitations.UnusedAccountValidityDays or 7,
      InviteMessageTemplate = invitations.InviteMessageTemplate },
    MfaConfiguration = given.MfaConfiguration or "OFF",
    DeletionProtection = given.DeletionProtection or "INACTIVE",
    UserPoolTier = given.UserPoolTier or "ESSENTIALS",
    Domain = domains.of(pool),
    EstimatedNumberOfUsers = db:row("SELECT count(*) AS n FROM cognito_users WHERE pool = ?", pool.id).n,
    CreationDate = pool.created_at,
    LastModifiedDate = pool.modified_at,
  }
  for _, name in ipairs(ECHOED) do shown[name] = given[name] end
  show_messages(shown, given)
  return shown
end

function pool_admin.CreateUserPool(input)
  if input.UsernameAttributes and input.AliasAttributes then
    failure("InvalidParameterException", "Only one of AliasAttributes and UsernameAttributes can be set.")
  end
  declared.check(input.Schema)
  local name = input.PoolName
  input.PoolName = nil
  return { UserPool = describe_pool(pools.create(name, input)) }
end

function pool_admin.AddCustomAttributes(input)
  local pool = pools.get(input.UserPoolId)
  declared.check_added(pool, input.CustomAttributes)
  local schema = json.array(pool.settings.Schema or {})
  for _, entry in ipairs(input.CustomAttributes) do schema[#schema + 1] = entry end
  pool.settings.Schema = schema
  pools.save(pool)
  return {}
end

local FIXED = { "Schema", "UsernameAttributes", "AliasAttributes", "UsernameConfiguration", "SmsMfaConfiguration",
  "SoftwareTokenMfaConfiguration", "EmailMfaConfiguration", "WebAuthnConfiguration" }

-- What is not sent again falls back to its default, except what other operations set, or nothing can change.
function pool_admin.UpdateUserPool(input)
  local pool = pools.get(input.UserPoolId)
  pool.name = input.PoolName or pool.name
  input.UserPoolId, input.PoolName = nil, nil
  for _, name in ipairs(FIXED) do input[name] = pool.settings[name] end
  input.UserPoolTags = input.UserPoolTags or pool.settings.UserPoolTags
  pool.settings = input
  pools.save(pool)
  return {}
end

function pool_admin.DescribeUserPool(input)
  return { UserPool = describe_pool(pools.get(input.UserPoolId)) }
end

function pool_admin.DeleteUserPool(input)
  local pool = pools.get(input.UserPoolId)
  if pool.settings.DeletionProtection == "ACTIVE" then
    failure("InvalidParameterException",
      "The user pool cannot be deleted because deletion protection is activated. "
      .. "Deletion protection must be inactivated first.")
  end
  if domains.of(pool) then
    failure("InvalidParameterException",
      "User pool cannot be deleted. It has a domain configured that should be deleted first.")
  end
  pools.delete(pool)
end

function pool_admin.ListUserPools(input)
  local shown, next_token = pools.page(function(row)
    return { Id = row.id, Name = row.name, LambdaConfig = json.decode(row.settings).LambdaConfig or {},
      CreationDate = row.created_at, LastModifiedDate = row.modified_at }
  end, "SELECT rowid, * FROM cognito_pools WHERE rowid > ? ORDER BY rowid LIMIT ?", input.MaxResults, input.NextToken)
  return { UserPools = shown, NextToken = next_token }
end

local function describe_client(client)
  local shown = {}
  for name, value in pairs(client.settings) do shown[name] = value end
  shown.UserPoolId = client.pool
  shown.ClientId = client.id
  shown.ClientName = client.name
  shown.ClientSecret = client.secret
  shown.CreationDate = client.created_at
  shown.LastModifiedDate = client.modified_at
  shown.EnableTokenRevocation = shown.EnableTokenRevocation ~= false
  shown.AllowedOAuthFlowsUserPoolClient = shown.AllowedOAuthFlowsUserPoolClient or false
  shown.EnablePropagateAdditionalUserContextData = shown.EnablePropagateAdditionalUserContextData or false
  shown.AuthSessionValidity = shown.AuthSessionValidity or 3
  return { UserPoolClient = shown }
end

function pool_admin.CreateUserPoolClient(input)
  local pool = pools.get(input.UserPoolId)
  local secret = input.ClientSecret or input.GenerateSecret and pools.new_secret() or nil
  client_rules.check(pool, input, secret, "creating")
  local name = input.ClientName
  input.ClientName, input.UserPoolId, input.GenerateSecret, input.ClientSecret = nil, nil, nil, nil
  return describe_client(pools.create_client(pool, name, input, secret))
end

local function find_client(input)
  return pools.client_in(pools.get(input.UserPoolId), input.ClientId)
end

function pool_admin.UpdateUserPoolClient(input)
  local client = find_client(input)
  client_rules.check(pools.get(client.pool), input, client.secret, "updating")
  client.name = input.ClientName or client.name
  input.ExplicitAuthFlows = input.ExplicitAuthFlows or client.settings.ExplicitAuthFlows
  input.RefreshTokenValidity = input.RefreshTokenValidity or client.settings.RefreshTokenValidity
  input.ClientName, input.UserPoolId, input.ClientId = nil, nil, nil
  client.settings = input
  pools.save_client(client)
  return describe_client(find_client { UserPoolId = client.pool, ClientId = client.id })
end

function pool_admin.DescribeUserPoolClient(input)
  return describe_client(find_client(input))
end

function pool_admin.DeleteUserPoolClient(input)
  pools.delete_client(find_client(input))
end

function pool_admin.ListUserPoolClients(input)
  local pool = pools.get(input.UserPoolId)
  local shown, next_token = pools.page(function(row)
    return { ClientId = row.id, ClientName = row.name, UserPoolId = row.pool }
  end, "SELECT rowid, * FROM cognito_clients WHERE pool = ? AND rowid > ? ORDER BY rowid LIMIT ?",
    input.MaxResults or 60, input.NextToken, pool.id)
  return { UserPoolClients = shown, NextToken = next_token }
end

return pool_admin
