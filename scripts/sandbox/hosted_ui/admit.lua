-- SPDX-License-Identifier: MIT
-- Somebody has signed in: back to the client with a code (or tokens in the fragment, for the implicit grant), and a
-- cookie by which this domain knows them for an hour.
local crypto = require "crypto"
local store = require "sandbox.hosted_ui.store"
local time = require "sandbox.time"
local tokens = require "sandbox.cognito.tokens"
local users = require "sandbox.cognito.users"
local web = require "sandbox.web"

local admit = {}

-- Not Secure, as the service's is: the sandbox speaks plain HTTP on loopback.
local COOKIE, ATTRIBUTES = "cognito", "; Path=/; HttpOnly; SameSite=Lax"

local function grant_of(request, user, auth_time)
  return { client = request.client.id, user = user.id, redirect_uri = request.redirect_uri, scope = request.scope,
    nonce = request.nonce, challenge = request.challenge, auth_time = auth_time }
end

local function implicit(request, user, auth_time, headers)
  local grant = grant_of(request, user, auth_time)
  local issued = tokens.issue(request.pool, request.client, user, grant)
  return web.redirect(web.with(request.redirect_uri, {
    { "id_token", issued.IdToken }, { "access_token", issued.AccessToken }, { "expires_in", issued.ExpiresIn },
    { "token_type", "Bearer" }, { "state", request.state },
  }, "#"), headers)
end

local function answer(request, user, auth_time, headers)
  if request.response_type == "token" then return implicit(request, user, auth_time, headers) end
  local code = store.keep("code", crypto.uuid(), grant_of(request, user, auth_time))
  return web.redirect(web.with(request.redirect_uri, { { "code", code }, { "state", request.state } }), headers)
end

-- A fresh sign-in.
function admit.enter(request, user)
  local now = math.floor(time.now())
  local session = store.keep("session", crypto.base64url(crypto.random(32)),
    { user = user.id, pool = request.pool.id, auth_time = now })
  return answer(request, user, now, { ["Set-Cookie"] = COOKIE .. "=" .. session .. ATTRIBUTES .. "; Max-Age=3600" })
end

-- Who is signed in here already goes on without being asked. -> reply | nil
function admit.again(request, req)
  local session = store.find("session", req:cookie(COOKIE))
  local user = session and session.pool == request.pool.id and users.by_id(session.user)
  return user and user.enabled and answer(request, user, session.auth_time) or nil
end

-- The headers that end the session.
function admit.leave(req)
  local session = req:cookie(COOKIE)
  if session then store.forget(session) end
  return { ["Set-Cookie"] = COOKIE .. "=" .. ATTRIBUTES .. "; Max-Age=0" }
end

return admit
