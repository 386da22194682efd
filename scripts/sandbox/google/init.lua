-- SPDX-License-Identifier: MIT
-- Sandbox, Google as an OpenID provider: discovery, consent, token, userinfo, certs. Its names are Google's own, its
-- addresses this listener's. Called by the sandbox's door with a request of listener "google".
local json = require "json"
local addresses = require "sandbox.addresses"
local clients = require "sandbox.google.clients"
local consent = require "sandbox.google.consent"
local tokens = require "sandbox.google.tokens"
local web = require "sandbox.web"

local function discovery()
  local url = addresses.here "google" or tokens.ISSUER
  return { status = 200, headers = { ["Cache-Control"] = "public, max-age=3600" }, json = {
    issuer = tokens.ISSUER,
    authorization_endpoint = url .. "/o/oauth2/v2/auth",
    token_endpoint = url .. "/token",
    userinfo_endpoint = url .. "/v1/userinfo",
    revocation_endpoint = url .. "/revoke",
    jwks_uri = url .. "/oauth2/v3/certs",
    response_types_supported = json.array { "code" },
    subject_types_supported = json.array { "public" },
    id_token_signing_alg_values_supported = json.array { "RS256" },
    scopes_supported = json.array { "openid", "email", "profile" },
    token_endpoint_auth_methods_supported = json.array { "client_secret_post", "client_secret_basic" },
    claims_supported = json.array { "aud", "email", "email_verified", "exp", "family_name", "given_name", "iat",
      "iss", "name", "picture", "sub" },
    code_challenge_methods_supported = json.array { "plain", "S256" },
    grant_types_supported = json.array { "authorization_code", "refresh_token" },
  } }
end

local function refuse(status, code, description)
  return { status = status, headers = { ["Cache-Control"] = "no-store" },
    json = { error = code, error_description = description } }
end

local function missing(name)
  return refuse(400, "invalid_request", "Missing required parameter: " .. name)
end

local grants = {}

function grants.authorization_code(fields, id)
  if not fields.code then return missing "code" end
  if not fields.redirect_uri then return missing "redirect_uri" end
  local data = tokens.spend_code(fields.code)
  if not data or not tokens.is_for(data, id) then return refuse(400, "invalid_grant", "Bad Request") end
  if data.redirect_uri ~= fields.redirect_uri then
    return refuse(400, "redirect_uri_mismatch", "Bad Request")
  end
  if not web.pkce_fits(data.challenge, data.method, fields.code_verifier) then
    return refuse(400, "invalid_grant", data.challenge and not fields.code_verifier and "Missing code verifier."
      or "Invalid code verifier.")
  end
  return { status = 200, headers = { ["Cache-Control"] = "no-store" }, json = tokens.issue(data) }
end

function grants.refresh_token(fields)
  if not fields.refresh_token then return missing "refresh_token" end
  local answer = tokens.refresh(fields.refresh_token)
  if not answer then return refuse(400, "invalid_grant", "Bad Request") end
  return { status = 200, headers = { ["Cache-Control"] = "no-store" }, json = answer }
end

local function token(req)
  local fields = web.form(req)
  local id, secret = web.client_credentials(req, fields)
  if not id then return refuse(400, "invalid_request", "Could not determine client ID from request.") end
  if not clients.is_known(id) then return refuse(401, "invalid_client", "The OAuth client was not found.") end
  if not secret then return refuse(400, "invalid_request", "client_secret is missing.") end
  if not clients.proves(id, secret) then return refuse(401, "invalid_client", "Unauthorized") end
  local grant = grants[fields.grant_type]
  if not grant then
    return refuse(400, "unsupported_grant_type", "Invalid grant_type: " .. (fields.grant_type or ""))
  end
  return grant(fields, id)
end

local function userinfo(req)
  local bearer = web.bearer(req)
  local claims = bearer and tokens.userinfo(bearer)
  if claims then return { status = 200, json = claims } end
  local reply = refuse(401, "invalid_request", "Invalid Credentials")
  reply.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
  return reply
end

local function revoke(req)
  local given = web.form(req).token or req.query.token
  if given and tokens.revoke(given) then return { status = 200, json = {} } end
  return refuse(400, "invalid_token", "Token expired or revoked")
end

local routes = {
  ["GET /.well-known/openid-configuration"] = discovery,
  ["GET /o/oauth2/v2/auth"] = consent.ask,
  ["POST /o/oauth2/v2/auth"] = consent.answer,
  ["POST /token"] = token,
  ["POST /oauth2/v4/token"] = token,
  ["GET /v1/userinfo"] = userinfo,
  ["POST /v1/userinfo"] = userinfo,
  ["POST /revoke"] = revoke,
  ["GET /oauth2/v3/certs"] = function()
    return { status = 200, headers = { ["Cache-Control"] = "public, max-age=21600, must-revalidate, no-transform" },
      json = tokens.jwks() }
  end,
}

return function(req)
  local route = routes[req.method .. " " .. req.path]
  if route then return route(req) end
  return web.problem(404, "Error 404 (Not Found)", "The requested URL was not found on this server.")
end
