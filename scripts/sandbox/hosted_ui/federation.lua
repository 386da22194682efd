-- SPDX-License-Identifier: MIT
-- Signing in with a provider: off to it, back at /oauth2/idpresponse with its code, and the identity it vouches for
-- becomes a user of the pool. A new one runs the pool's PreSignUp and PostConfirmation triggers.
local crypto = require "crypto"
local http = require "http"
local json = require "json"
local jwt = require "jwt"
local addresses = require "sandbox.addresses"
local admit = require "sandbox.hosted_ui.admit"
local attributes = require "sandbox.cognito.attributes"
local failure = require "sandbox.failure"
local links = require "sandbox.cognito.links"
local providers = require "sandbox.cognito.providers"
local requests = require "sandbox.hosted_ui.requests"
local settings = require "sandbox.settings"
local store = require "sandbox.hosted_ui.store"
local triggers = require "sandbox.cognito.triggers"
local users = require "sandbox.cognito.users"
local web = require "sandbox.web"

local federation = {}

-- --- there ---

function federation.leave(request)
  local provider = providers.find(request.pool, request.provider)
  if not provider then return requests.problem "Login option is not available. Please try another one" end
  local details = provider.ProviderDetails
  local state = store.keep("state", crypto.base64url(crypto.random(32)), request.params)
  return web.redirect(web.with(providers.reach(details.authorize_url), {
    { "client_id", details.client_id }, { "redirect_uri", addresses.idpresponse() },
    { "scope", details.authorize_scopes }, { "response_type", "code" }, { "state", state },
  }))
end

-- --- and back ---

local TROUBLE = { timeout = "Timeout occurred in calling IdP token endpoint", reset = "Connection reset" }

-- What is said of a provider that did not answer, or answered with an error.
local function describe(provider, answer, err)
  if not answer then return TROUBLE[err.kind] or "Connection reset" end
  local said = json.decode(answer.body)
  if provider.ProviderName ~= "Google" or type(said) ~= "table" or type(said.error) ~= "string" then
    return ("%s Error - %d error getting token"):format(provider.ProviderName, answer.status)
  end
  return ("Google Error - %d %s"):format(answer.status, said.error)
end

-- -> claims | nil, what the provider did wrong | nil: its token is none
local function exchange(provider, code)
  local details = provider.ProviderDetails
  local answer, err = http.fetch {
    method = details.token_request_method or "POST", url = providers.reach(details.token_url), timeout = 30,
    headers = { ["Content-Type"] = "application/x-www-form-urlencoded" },
    body = web.query { { "grant_type", "authorization_code" }, { "code", code },
      { "redirect_uri", addresses.idpresponse() }, { "client_id", details.client_id },
      { "client_secret", details.client_secret } },
  }
  if not answer or answer.status ~= 200 then return nil, describe(provider, answer, err) end
  local body = json.decode(answer.body)
  local claims = type(body) == "table" and type(body.id_token) == "string" and jwt.decode(body.id_token)
  return claims and claims.aud == details.client_id and claims.sub and claims or nil
end

-- The provider's claims as attributes of the pool; true is "true".
local function mapped(provider, claims)
  local values = {}
  for attribute, claim in pairs(provider.AttributeMapping or {}) do
    local value = claims[claim]
    if attribute ~= "username" and value ~= nil then values[attribute] = tostring(value) end
  end
  return values
end

local function federated_username(provider, subject)
  local name = provider.ProviderName
  return (settings.switches.federated_username_lower and name:lower() or name) .. "_" .. subject
end

-- What the ExternalProvider event says of somebody who is not stored yet.
local function candidate(pool, username, values)
  local shown = {}
  for name, value in pairs(values) do shown[name] = value end
  if settings.switches.external_trigger_aliases then
    shown["cognito:email_alias"], shown["cognito:phone_number_alias"] = "", ""
  end
  return { pool = pool.id, username = username, attributes = shown }
end

local function check_signs_in(user)
  if not user.enabled then failure("NotAuthorizedException", "User is not enabled") end
end

local function refresh_attributes(pool, user, values)
  check_signs_in(user)
  users.apply(user, values)
  users.save(pool, user)
  return user
end

local function insert(pool, username, values, response)
  if response.autoVerifyEmail and (values.email or "") ~= "" then values.email_verified = "true" end
  attributes.check_schema(pool, values)
  return users.insert(pool, { pool = pool.id, username = username, sub = crypto.uuid(), attributes = values,
    status = "EXTERNAL_PROVIDER" })
end

-- A first sign-in. Triggers take time: who was there before is looked for again after them.
local function sign_up(request, provider, subject, values)
  local pool, username = request.pool, federated_username(provider, subject)
  local detail = { client = request.client, validation = {}, external = true }
  local response = triggers.run(pool, "PreSignUp_ExternalProvider", candidate(pool, username, values), detail)
  local linked = links.holder(pool, provider.ProviderName, subject)
  if linked and settings.switches.already_found_on_first_link then
    failure("InvalidParameterException", "Already found an entry for username " .. username)
  end
  if linked then return refresh_attributes(pool, linked, values) end
  local user = insert(pool, username, values, response)
  links.add(pool, user, provider.ProviderName, subject, true)
  triggers.run(pool, "PostConfirmation_ConfirmSignUp", user, detail)
  return user
end

local function sign_in(request, provider, claims)
  local subject, values = tostring(claims.sub), mapped(provider, claims)
  local user = links.holder(request.pool, provider.ProviderName, subject)
  user = user and refresh_attributes(request.pool, user, values) or sign_up(request, provider, subject, values)
  check_signs_in(user)
  return admit.enter(request, user)
end

-- GET /oauth2/idpresponse
function federation.back(req)
  local params = store.spend("state", req.query.state)
  if not params then return requests.problem "Invalid state" end
  local request, refused = requests.read(params)
  if refused then return refused end
  if req.query.error then
    return requests.refuse(request, "access_denied", req.query.error_description or req.query.error)
  end
  local provider = providers.find(request.pool, request.provider)
  local claims, fault
  if provider and req.query.code then claims, fault = exchange(provider, req.query.code) end
  if fault then return requests.refuse(request, "invalid_request", fault) end
  if not claims then return requests.refuse(request, "server_error", "Exception processing authorization code") end
  return requests.guard(request, sign_in, provider, claims)
end

return federation
