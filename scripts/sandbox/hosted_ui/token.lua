-- SPDX-License-Identifier: MIT
-- /oauth2/token and /oauth2/revoke: what a client gets for a code or a refresh token, and how it gives one back.
local crypto = require "crypto"
local failure = require "sandbox.failure"
local requests = require "sandbox.hosted_ui.requests"
local set_of = require "sandbox.set_of"
local store = require "sandbox.hosted_ui.store"
local tokens = require "sandbox.cognito.tokens"
local users = require "sandbox.cognito.users"
local web = require "sandbox.web"

local token = {}

local HEADERS = { ["Cache-Control"] = "no-store", Pragma = "no-cache", ["Access-Control-Allow-Origin"] = "*" }

local function refuse(code, status)
  return { status = status or 400, headers = HEADERS, json = { error = code } }
end

local function answer(issued)
  return { status = 200, headers = HEADERS, json = {
    id_token = issued.IdToken, access_token = issued.AccessToken, refresh_token = issued.RefreshToken,
    expires_in = issued.ExpiresIn, token_type = "Bearer",
  } }
end

local function may_use(client, grant)
  for _, flow in ipairs(client.settings.AllowedOAuthFlows or {}) do
    if flow == grant then return true end
  end
  return false
end

-- A code is spent by whoever brings it, right or wrong.
local function redeem(fields, client, pool)
  if not may_use(client, "code") then return refuse "unauthorized_client" end
  if not fields.code or not fields.redirect_uri then return refuse "invalid_request" end
  local grant = store.spend("code", fields.code)
  if not grant or grant.client ~= client.id or grant.redirect_uri ~= fields.redirect_uri
    or not web.pkce_fits(grant.challenge, "S256", fields.code_verifier) then
    return refuse "invalid_grant"
  end
  local user = users.by_id(grant.user)
  if not user or not user.enabled then return refuse "invalid_grant" end
  return answer(tokens.issue(pool, client, user, grant))
end

local function sign_in_of(client, refresh)
  local ok, sign_in = pcall(tokens.sign_in_of, client, refresh)
  if ok then return sign_in end
  if not failure.is(sign_in) then error(sign_in, 0) end
end

local function renew(fields, client, pool)
  if not fields.refresh_token then return refuse "invalid_request" end
  local sign_in = sign_in_of(client, fields.refresh_token)
  local user = sign_in and users.by_id(sign_in.user)
  if not user or not user.enabled then return refuse "invalid_grant" end
  return answer(tokens.refresh(pool, client, user, sign_in))
end

-- A client signs in by itself: to some of its scopes, or all.
local function sign_in_machine(fields, client, pool)
  if not may_use(client, "client_credentials") then return refuse "unauthorized_client" end
  if not client.settings.AllowedOAuthFlowsUserPoolClient then return refuse "invalid_grant" end
  local allowed = client.settings.AllowedOAuthScopes or {}
  local set = set_of(allowed)
  local scope = fields.scope or table.concat(allowed, " ")
  for wanted in scope:gmatch("%S+") do
    if not set[wanted] then return refuse "invalid_scope" end
  end
  return answer(tokens.issue_to_machine(pool, client, scope))
end

local GRANTS = { authorization_code = redeem, refresh_token = renew, client_credentials = sign_in_machine }

-- -> client, pool | nil, error code
local function authenticate(req, fields)
  local id, secret = web.client_credentials(req, fields)
  if not id or fields.client_id and fields.client_id ~= id then return nil, "invalid_request" end
  local client, pool = requests.client(id)
  if not client then return nil, "invalid_client" end
  if client.secret and not (secret and crypto.equal(client.secret, secret)) then return nil, "invalid_client" end
  return client, pool
end

function token.exchange(req)
  local fields, is_form = web.form(req)
  if not is_form or not fields.grant_type then return refuse "invalid_request" end
  local grant = GRANTS[fields.grant_type]
  if not grant then return refuse "unsupported_grant_type" end
  local client, pool = authenticate(req, fields)
  if not client then return refuse(pool) end
  return grant(fields, client, pool)
end

-- RFC 7009: a token that counts for nothing is as good as revoked; an access token cannot be.
function token.revoke(req)
  local fields = web.form(req)
  local client, problem = authenticate(req, fields)
  if not client then return refuse(problem, problem == "invalid_client" and 401 or nil) end
  if not fields.token or client.settings.EnableTokenRevocation == false then return refuse "invalid_request" end
  if tokens.is_signed(fields.token) then return refuse "unsupported_token_type" end
  local sign_in = sign_in_of(client, fields.token)
  if sign_in then tokens.revoke(sign_in) end
  return { status = 200, headers = HEADERS, body = "" }
end

return token
