-- SPDX-License-Identifier: MIT
-- What an app client may be set to, at CreateUserPoolClient and UpdateUserPoolClient.
local providers = require "sandbox.cognito.providers"
local resource_servers = require "sandbox.cognito.resource_servers"
local failure = require "sandbox.failure"
local set_of = require "sandbox.set_of"

local client_rules = {}

local STANDARD_SCOPES = { openid = true, email = true, profile = true, phone = true,
  ["aws.cognito.signin.user.admin"] = true }

local function bad(words, ...) failure("InvalidParameterException", words:format(...)) end
local function bad_flow(words, ...) failure("InvalidOAuthFlowException", words:format(...)) end

-- Old and new names of the flows do not mix.
local function check_auth_flows(flows)
  local old, new = false, false
  for _, flow in ipairs(flows or {}) do
    if flow:find("^ALLOW_") then new = true else old = true end
  end
  if old and new then bad "ExplicitAuthFlows cannot mix values with and without the ALLOW_ prefix." end
end

local function check_oauth(input, secret)
  local flows, scopes = set_of(input.AllowedOAuthFlows), input.AllowedOAuthScopes or {}
  if input.AllowedOAuthFlowsUserPoolClient and not (next(flows) and scopes[1]) then
    bad "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."
  end
  local by_person = flows.code or flows.implicit
  if flows.client_credentials and by_person then
    bad_flow "client_credentials flow can not be selected along with code flow or implicit flow."
  elseif flows.client_credentials and not secret then
    bad_flow "client_credentials flow can not be selected if client does not have a client secret."
  elseif by_person and not (input.CallbackURLs or {})[1] then
    bad_flow "CallbackUrls can not be empty when code flow or implicit flow is selected"
  end
  for _, scope in ipairs(scopes) do
    if STANDARD_SCOPES[scope] and flows.client_credentials then
      bad_flow("%s is not supported with client_credentials flow", scope)
    end
  end
end

local function check_scopes(pool, scopes)
  local known = resource_servers.scopes(pool)
  for _, scope in ipairs(scopes or {}) do
    if not STANDARD_SCOPES[scope] and not known[scope] then
      failure("ScopeDoesNotExistException", "Invalid scope requested: " .. scope)
    end
  end
end

local function check_providers(pool, names)
  for _, name in ipairs(names or {}) do
    if name ~= "COGNITO" and not providers.find(pool, name) then
      bad("The provider %s does not exist for User Pool %s", name, pool.id)
    end
  end
end

-- What the pool requires of everybody stays writable.
local function may_write(pool, names)
  local set = set_of(names)
  for _, entry in ipairs(pool.schema_list) do
    if entry.Required and entry.Name ~= "sub" and not set[entry.Name] then return false end
  end
  return true
end

local function check_attributes(pool, input, doing)
  for _, kind in ipairs { "Read", "Write" } do
    local names = input[kind .. "Attributes"]
    local fine = not names or kind == "Read" or may_write(pool, names)
    for _, name in ipairs(names or {}) do fine = fine and pool.schema[name] ~= nil end
    if not fine then bad("Invalid %s attributes specified while %s a client", kind:lower(), doing) end
  end
end

-- doing: "creating" or "updating"; secret: whether the client has one.
function client_rules.check(pool, input, secret, doing)
  check_auth_flows(input.ExplicitAuthFlows)
  check_attributes(pool, input, doing)
  check_providers(pool, input.SupportedIdentityProviders)
  check_scopes(pool, input.AllowedOAuthScopes)
  check_oauth(input, secret)
end

return client_rules
