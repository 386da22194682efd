-- SPDX-License-Identifier: MIT
-- Making, showing and removing user pools and app clients.
local json = require "json"
local db = require "sandbox.cognito.tables"
local pools = require "sandbox.cognito.pools"
local failure = require "sandbox.failure"
local settings = require "sandbox.settings"

local pool_admin = {}

-- The settings that come back as they were sent.
local ECHOED = { "AutoVerifiedAttributes", "AliasAttributes", "UsernameAttributes", "UsernameConfiguration",
  "EmailVerificationMessage", "EmailVerificationSubject", "SmsVerificationMessage",
  "SmsAuthenticationMessage", "SmsConfiguration", "DeviceConfiguration", "UserPoolTags", "UserPoolAddOns",
  "UserAttributeUpdateSettings", "AccountRecoverySetting" }

local function describe_pool(pool)
  local given = pool.settings
  local shown = {
    Id = pool.id,
    Name = pool.name,
    Arn = ("arn:aws:cognito-idp:%s:%s:userpool/%s"):format(settings.region, settings.account_id, pool.id),
    Policies = { PasswordPolicy = pool.password_policy },
    LambdaConfig = given.LambdaConfig or {},
    SchemaAttributes = pool.schema_list,
    VerificationMessageTemplate = given.VerificationMessageTemplate
      or { DefaultEmailOption = "CONFIRM_WITH_CODE" },
    EmailConfiguration = given.EmailConfiguration or { EmailSendingAccount = "COGNITO_DEFAULT" },
    AdminCreateUserConfig = given.AdminCreateUserConfig
      or { AllowAdminCreateUserOnly = false, UnusedAccountValidityDays = 7 },
    MfaConfiguration = given.MfaConfiguration or "OFF",
    DeletionProtection = given.DeletionProtection or "INACTIVE",
    EstimatedNumberOfUsers = db:row("SELECT count(*) AS n FROM cognito_users WHERE pool = ?", pool.id).n,
    CreationDate = pool.created_at,
    LastModifiedDate = pool.modified_at,
  }
  for _, name in ipairs(ECHOED) do shown[name] = given[name] end
  return shown
end

function pool_admin.CreateUserPool(input)
  if input.UsernameAttributes and input.AliasAttributes then
    failure("InvalidParameterException", "Only one of AliasAttributes and UsernameAttributes can be set.")
  end
  local name = input.PoolName
  input.PoolName = nil
  return { UserPool = describe_pool(pools.create(name, input)) }
end

local FIXED = { "Schema", "UsernameAttributes", "AliasAttributes", "UsernameConfiguration" }

-- What is not sent again falls back to its default, except what can never change.
function pool_admin.UpdateUserPool(input)
  local pool = pools.get(input.UserPoolId)
  pool.name = input.PoolName or pool.name
  input.UserPoolId, input.PoolName = nil, nil
  for _, name in ipairs(FIXED) do input[name] = pool.settings[name] end
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
  pools.delete(pool)
end

function pool_admin.ListUserPools(input)
  local list, next_token = pools.list(input.MaxResults, input.NextToken)
  local shown = json.array {}
  for i, pool in ipairs(list) do
    shown[i] = { Id = pool.id, Name = pool.name, LambdaConfig = pool.settings.LambdaConfig or {},
      CreationDate = pool.created_at, LastModifiedDate = pool.modified_at }
  end
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

-- Old and new names of the flows do not mix.
local function check_flows(flows)
  local old, new = false, false
  for _, flow in ipairs(flows or {}) do
    if flow:find("^ALLOW_") then new = true else old = true end
  end
  if old and new then
    failure("InvalidParameterException",
      "ExplicitAuthFlows cannot mix values with and without the ALLOW_ prefix.")
  end
end

function pool_admin.CreateUserPoolClient(input)
  local pool = pools.get(input.UserPoolId)
  check_flows(input.ExplicitAuthFlows)
  local name, secret = input.ClientName, input.GenerateSecret and pools.new_secret() or nil
  input.ClientName, input.UserPoolId, input.GenerateSecret = nil, nil, nil
  return describe_client(pools.create_client(pool, name, input, secret))
end

local function find_client(input)
  return pools.client_in(pools.get(input.UserPoolId), input.ClientId)
end

function pool_admin.UpdateUserPoolClient(input)
  local client = find_client(input)
  check_flows(input.ExplicitAuthFlows)
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
  local list, next_token = pools.list_clients(pool, input.MaxResults or 60, input.NextToken)
  local shown = json.array {}
  for i, client in ipairs(list) do
    shown[i] = { ClientId = client.id, ClientName = client.name, UserPoolId = client.pool }
  end
  return { UserPoolClients = shown, NextToken = next_token }
end

return pool_admin
