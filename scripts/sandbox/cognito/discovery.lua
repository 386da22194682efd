-- SPDX-License-Identifier: MIT
-- GET /<pool>/.well-known/…: the keys that verify a pool's tokens, and where everything is.
local addresses = require "sandbox.addresses"
local pools = require "sandbox.cognito.pools"
local tokens = require "sandbox.cognito.tokens"
local json = require "json"

-- The issuer is the service's; where things are is this listener. Without one (a spec) it is the service's too.
local function openid_configuration(pool_id)
  local issuer, here, domain = tokens.issuer(pool_id), addresses.here "cognito", addresses.domain()
  return {
    issuer = issuer,
    jwks_uri = (here and here .. "/" .. pool_id or issuer) .. "/.well-known/jwks.json",
    authorization_endpoint = domain .. "/oauth2/authorize",
    token_endpoint = domain .. "/oauth2/token",
    userinfo_endpoint = domain .. "/oauth2/userInfo",
    revocation_endpoint = domain .. "/oauth2/revoke",
    end_session_endpoint = domain .. "/logout",
    response_types_supported = json.array { "code", "token" },
    subject_types_supported = json.array { "public" },
    id_token_signing_alg_values_supported = json.array { "RS256" },
    scopes_supported = json.array { "openid", "email", "phone", "profile" },
    token_endpoint_auth_methods_supported = json.array { "client_secret_basic", "client_secret_post" },
  }
end

local documents = { ["jwks.json"] = tokens.jwks, ["openid-configuration"] = openid_configuration }

-- The reply, or nil when the request is for something else.
return function(req)
  if req.method ~= "GET" and req.method ~= "HEAD" then return nil end
  local pool_id, name = req.path:match("^/([%w_%-]+)/%.well%-known/([%w%-%.]+)$")
  local document = documents[name]
  if not document then return nil end
  local pool = pools.find(pool_id)
  if not pool then
    return { status = 404, json = { message = ("User pool %s does not exist."):format(pool_id) } }
  end
  return {
    status = 200,
    headers = { ["Content-Type"] = "application/json", ["Cache-Control"] = "public, max-age=86400",
      ["Access-Control-Allow-Origin"] = "*" },
    body = json.encode(document(pool.id)),
  }
end
