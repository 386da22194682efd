-- SPDX-License-Identifier: MIT
-- Reads and judges what a client asks of /oauth2/authorize or /login. Nobody is sent to an address that is not
-- registered, letter for letter: until that is known, what is wrong is said on a page of our own.
local db = require "sandbox.cognito.tables"
local failure = require "sandbox.failure"
local pools = require "sandbox.cognito.pools"
local providers = require "sandbox.cognito.providers"
local set_of = require "sandbox.set_of"
local web = require "sandbox.web"

local requests = {}

-- The query's names, in the order in which they are passed on.
local NAMES = { "client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge",
  "code_challenge_method", "identity_provider", "idp_identifier", "prompt", "lang" }

local function problem(text)
  return web.problem(400, "An error was encountered with the requested page.", text)
end

requests.problem = problem

function requests.client(id)
  if not id or not db:row("SELECT id FROM cognito_clients WHERE id = ?", id) then return nil end
  return pools.client(id)
end

-- The parameters again, for another page of the hosted UI.
function requests.query(params, without)
  local entries = {}
  for _, name in ipairs(NAMES) do
    if name ~= without then entries[#entries + 1] = { name, params[name] } end
  end
  return web.query(entries)
end

-- Whether the client's people may come by this provider; who says nothing has the pool's own.
function requests.offers(request, provider)
  local supported = request.client.settings.SupportedIdentityProviders
  if not supported then return provider == "COGNITO" end
  return set_of(supported)[provider] == true
end

-- Back to the client with an error.
function requests.refuse(request, code, description)
  return web.redirect(web.with(request.redirect_uri,
    { { "error_description", description }, { "state", request.state }, { "error", code } }))
end

local GRANTS = { code = "code", token = "implicit" }

-- -> error code | nil
local function fault_of(params, request, client)
  local grant = GRANTS[params.response_type or ""]
  if not grant then return "invalid_request" end
  if not (client.settings.AllowedOAuthFlowsUserPoolClient and set_of(client.settings.AllowedOAuthFlows)[grant]) then
    return "unauthorized_client"
  end
  local challenge, method = params.code_challenge, params.code_challenge_method
  if (challenge ~= nil or method ~= nil) and (method ~= "S256" or not challenge or #challenge ~= 43) then
    return "invalid_request"
  end
  local allowed = set_of(client.settings.AllowedOAuthScopes)
  for scope in request.scope:gmatch("%S+") do
    if not allowed[scope] then return "invalid_scope" end
  end
end

-- The provider that is asked for by name or identifier, or the only one that the client has.
local function provider_of(params, client, pool)
  local supported = client.settings.SupportedIdentityProviders or {}
  if params.identity_provider then return params.identity_provider end
  if params.idp_identifier then return providers.by_identifier(pool, params.idp_identifier) or params.idp_identifier end
  return #supported == 1 and supported[1] ~= "COGNITO" and supported[1] or nil
end

-- params: table name -> text. -> request | nil, reply
-- request: client, pool, params, redirect_uri, response_type, scope, state, nonce, challenge, provider (a name or nil)
function requests.read(params)
  local client, pool = requests.client(params.client_id)
  if not client then return nil, problem "Client does not exist." end
  local uri = params.redirect_uri
  if not uri or not set_of(client.settings.CallbackURLs)[uri] then return nil, problem "redirect_mismatch" end
  local scope = params.scope or table.concat(client.settings.AllowedOAuthScopes or {}, " ")
  local request = {
    client = client, pool = pool, params = params, redirect_uri = uri, response_type = params.response_type,
    scope = scope, state = params.state, nonce = params.nonce, challenge = params.code_challenge,
    provider = provider_of(params, client, pool),
  }
  local fault = fault_of(params, request, client)
  if fault then return nil, requests.refuse(request, fault) end
  if request.provider and not requests.offers(request, request.provider) then
    return nil, problem "Login option is not available. Please try another one"
  end
  return request
end

-- Runs fn; what the pool or a trigger of it refuses goes back to the client in its words; a trigger's with a space.
function requests.guard(request, fn, ...)
  local ok, result = pcall(fn, request, ...)
  if ok then return result end
  if not failure.is(result) then error(result, 0) end
  local space = result.code:find("Lambda", 1, true) and " " or ""
  return requests.refuse(request, "invalid_request", result.message .. space)
end

return requests
