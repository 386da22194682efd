-- SPDX-License-Identifier: MIT
-- /oauth2/userInfo: the user's attributes, for an access token of the hosted UI with the scope openid.
local failure = require "sandbox.failure"
local tokens = require "sandbox.cognito.tokens"
local pools = require "sandbox.cognito.pools"
local readable = require "sandbox.cognito.readable"
local users = require "sandbox.cognito.users"
local web = require "sandbox.web"

local ENDED = "Access token is expired, disabled, or deleted, or the user has globally signed out."

local function refuse(status, code, description)
  return { status = status, headers = {
    ["WWW-Authenticate"] = ('error="%s", error_description="%s"'):format(code, description),
    ["Cache-Control"] = "no-store", ["Access-Control-Allow-Origin"] = "*",
  }, json = { error = code, error_description = description } }
end

return function(req)
  local bearer = web.bearer(req)
  if not bearer then return refuse(400, "invalid_request", "Bad OAuth2 request at UserInfo Endpoint") end
  local ok, claims = pcall(tokens.check_access, bearer)
  if not ok and not failure.is(claims) then error(claims, 0) end
  if not ok then return refuse(401, "invalid_token", ENDED) end
  if not tokens.allows(claims, "openid") then
    return refuse(401, "invalid_token", "Access token does not contain openid scope")
  end
  local pool = pools.get(claims.pool_id)
  local user = users.find(pool, claims.sub)
  if not user or not user.enabled then return refuse(401, "invalid_token", ENDED) end
  local shown = readable.of(pools.client_in(pool, claims.client_id), claims.scope, user.attributes)
  shown.username = user.username
  return { status = 200, headers = { ["Cache-Control"] = "no-store", ["Access-Control-Allow-Origin"] = "*" },
    json = shown }
end
