-- SPDX-License-Identifier: MIT
-- What a sign-in hands out: id and access tokens (RS256), a refresh token, and whether each still counts.
-- The pool's keys are made when first needed and kept in the database.
local crypto = require "crypto"
local jwt = require "jwt"
local db = require "sandbox.cognito.tables"
local claims = require "sandbox.cognito.claims"
local failure = require "sandbox.failure"
local settings = require "sandbox.settings"
local time = require "sandbox.time"
local web = require "sandbox.web"

local tokens = {}

-- A sign-in through the hosted UI has scopes of its own.
db:exec [[
  CREATE TABLE IF NOT EXISTS cognito_scopes (origin_jti TEXT PRIMARY KEY, scope TEXT NOT NULL);
]]
tokens.API_SCOPE = "aws.cognito.signin.user.admin"

local HOUR, DAY = 3600, 86400
local UNITS = { seconds = 1, minutes = 60, hours = HOUR, days = DAY }
local KEYS_PER_POOL = 2

local function digest(refresh) return crypto.hex(crypto.sha256(refresh)) end

local keys = {} -- pool id -> list of {kid, key}

local function refuse(message) failure("NotAuthorizedException", message) end

-- At least `count` keys of the pool: the first signs, and a key takes a moment to make.
local function keys_of(pool_id, count)
  local list = keys[pool_id]
  if not list then
    list = {}
    for i, row in ipairs(db:rows("SELECT kid, pem FROM cognito_keys WHERE pool = ? ORDER BY rowid", pool_id)) do
      list[i] = { kid = row.kid, key = jwt.import_key(row.pem) }
    end
    keys[pool_id] = list
  end
  while #list < count do
    local entry = { kid = crypto.base64(crypto.random(32)), key = jwt.generate_key() }
    db:run("INSERT INTO cognito_keys (pool, kid, pem) VALUES (?, ?, ?)", pool_id, entry.kid, entry.key:pem())
    list[#list + 1] = entry
  end
  return list
end

-- From now on the pool signs with a new key, and shows none of those before.
function tokens.rotate(pool_id)
  db:run("DELETE FROM cognito_keys WHERE pool = ?", pool_id)
  keys[pool_id] = nil
end

function tokens.issuer(pool_id)
  return ("https://cognito-idp.%s.amazonaws.com/%s"):format(settings.region, pool_id)
end

local function public_keys(entries)
  local list = {}
  for i, entry in ipairs(entries) do
    local jwk = entry.key:jwk()
    list[i] = { kid = entry.kid, alg = "RS256", kty = jwk.kty, e = jwk.e, n = jwk.n, use = "sig" }
  end
  return { keys = list }
end

-- The public halves, as /.well-known/jwks.json shows them.
function tokens.jwks(pool_id)
  return public_keys(keys_of(pool_id, KEYS_PER_POOL))
end

local function lifetime(client, name, default)
  local value = client.settings[name .. "Validity"]
  if not value or value == 0 then return default end
  local usual = name == "RefreshToken" and "days" or "hours"
  local unit = (client.settings.TokenValidityUnits or {})[name] or usual
  return value * UNITS[unit]
end

-- kind: "AccessToken" or "IdToken"; what: the claims that are its own.
local function sign(pool, client, sign_in, kind, what)
  local now = math.floor(time.now())
  local all = {
    sub = sign_in.sub, iss = tokens.issuer(pool.id), iat = now, exp = now + lifetime(client, kind, HOUR),
    auth_time = sign_in.auth_time, jti = crypto.uuid(), origin_jti = sign_in.origin_jti, event_id = sign_in.event_id,
  }
  for claim, value in pairs(what) do all[claim] = value end
  local entry = keys_of(pool.id, 1)[1]
  return jwt.sign(all, entry.key, entry.kid)
end

local function has_scope(scope, wanted)
  return (" " .. scope .. " "):find(" " .. wanted .. " ", 1, true) ~= nil
end

-- An id token of the hosted UI names the access token beside it, and comes for the scope openid only.
local function result(pool, client, user, sign_in)
  local scope = sign_in.scope or tokens.API_SCOPE
  local what = claims.access(pool, client, user)
  what.scope, sign_in.sub = scope, user.sub
  local answer = { AccessToken = sign(pool, client, sign_in, "AccessToken", what), TokenType = "Bearer",
    ExpiresIn = math.tointeger(lifetime(client, "AccessToken", HOUR)) }
  if not sign_in.scope or has_scope(scope, "openid") then
    what = claims.id(pool, client, user, sign_in.scope)
    what.nonce, what.at_hash = sign_in.nonce, sign_in.scope and web.at_hash(answer.AccessToken)
    answer.IdToken = sign(pool, client, sign_in, "IdToken", what)
  end
  return answer
end

-- The access token of a client by itself: AuthenticationResult without a user's parts.
function tokens.issue_to_machine(pool, client, scope)
  local what = claims.machine(client)
  what.scope = scope
  return { AccessToken = sign(pool, client, { auth_time = math.floor(time.now()) }, "AccessToken", what),
    ExpiresIn = math.tointeger(lifetime(client, "AccessToken", HOUR)) }
end

-- Opaque, in the five parts of the service's own.
local function new_refresh_token()
  local parts = {}
  for i, size in ipairs { 48, 256, 12, 640, 16 } do parts[i] = crypto.base64url(crypto.random(size)) end
  return table.concat(parts, ".")
end

-- A fresh sign-in: AuthenticationResult with a refresh token. grant: {scope=, nonce=, auth_time=} of the hosted UI.
function tokens.issue(pool, client, user, grant)
  local now = math.floor(time.now())
  local refresh = new_refresh_token()
  grant = grant or {}
  local sign_in = { origin_jti = crypto.uuid(), event_id = crypto.uuid(), auth_time = grant.auth_time or now,
    scope = grant.scope, nonce = grant.nonce }
  if grant.scope then
    db:run("INSERT INTO cognito_scopes (origin_jti, scope) VALUES (?, ?)", sign_in.origin_jti, grant.scope)
  end
  db:run([[INSERT INTO cognito_sign_ins (origin_jti, refresh_hash, client, user, auth_time, expires_at)
    VALUES (?, ?, ?, ?, ?, ?)]], sign_in.origin_jti, digest(refresh), client.id, user.id,
    sign_in.auth_time, now + lifetime(client, "RefreshToken", 30 * DAY))
  local answer = result(pool, client, user, sign_in)
  answer.RefreshToken = refresh
  return answer
end

-- The sign-in that a refresh token stands for, as long as it counts.
function tokens.sign_in_of(client, refresh)
  local row = db:row("SELECT * FROM cognito_sign_ins WHERE refresh_hash = ?", digest(refresh))
  if not row or row.client ~= client.id then refuse("Invalid Refresh Token") end
  if row.revoked ~= 0 then refuse("Refresh Token has been revoked") end
  if row.expires_at <= time.now() then refuse("Refresh Token has expired") end
  return row
end

function tokens.refresh(pool, client, user, sign_in)
  sign_in.event_id = crypto.uuid()
  sign_in.scope = (db:row("SELECT scope FROM cognito_scopes WHERE origin_jti = ?", sign_in.origin_jti) or {}).scope
  return result(pool, client, user, sign_in)
end

-- Whether it is an id or access token, by its three parts.
function tokens.is_signed(token)
  return select(2, token:gsub("%.", "")) == 2
end

function tokens.revoke(sign_in)
  db:run("UPDATE cognito_sign_ins SET revoked = 1 WHERE origin_jti = ?", sign_in.origin_jti)
end

function tokens.revoke_all(user)
  db:run("UPDATE cognito_sign_ins SET revoked = 1 WHERE user = ?", user.id)
end

function tokens.allows(held, scope)
  return has_scope(held.scope, scope)
end

local function pool_of_issuer(held)
  local pool_id = type(held.iss) == "string" and held.iss:match("/([^/]+)$")
  if not pool_id or held.iss ~= tokens.issuer(pool_id) then return nil end
  return db:row("SELECT id FROM cognito_pools WHERE id = ?", pool_id) and pool_id
end

-- The claims of an access token that still counts.
function tokens.check_access(token)
  local held = jwt.decode(token)
  local pool_id = held and pool_of_issuer(held)
  if not pool_id or not jwt.verify(token, public_keys(keys_of(pool_id, 1))) or held.token_use ~= "access" then
    refuse("Invalid Access Token")
  end
  if held.exp <= time.now() then refuse("Access Token has expired") end
  local row = db:row("SELECT * FROM cognito_sign_ins WHERE origin_jti = ?", held.origin_jti)
  if row and row.revoked ~= 0 then refuse("Access Token has been revoked") end
  held.pool_id = pool_id
  return held
end

return tokens
