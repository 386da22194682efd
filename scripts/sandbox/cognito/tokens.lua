-- SPDX-License-Identifier: MIT
-- What a sign-in hands out: id and access tokens (RS256), a refresh token, and whether each still counts.
-- The pool's keys are made when first needed and kept in the database.
local crypto = require "crypto"
local json = require "json"
local jwt = require "jwt"
local db = require "sandbox.cognito.tables"
local failure = require "sandbox.failure"
local links = require "sandbox.cognito.links"
local readable = require "sandbox.cognito.readable"
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
local BOOLEANS = { email_verified = true, phone_number_verified = true }

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

local function id_claims(client, user, claims, scope)
  claims.aud = client.id
  claims.token_use = "id"
  claims["cognito:username"] = user.username
  for name, value in pairs(readable.of(client, scope, user.attributes)) do
    if BOOLEANS[name] then value = value == "true" end
    if name ~= "sub" and name ~= "identities" then claims[name] = value end
  end
  if user.attributes.identities then claims.identities = links.claim(user.attributes.identities) end
  return claims
end

local function access_claims(client, user, claims)
  claims.client_id = client.id
  claims.token_use = "access"
  claims.username = user.username
  claims.version = 2
  return claims
end

-- Users of a provider are in a group of its name.
local function groups_of(pool, user)
  if user.status ~= "EXTERNAL_PROVIDER" then return nil end
  local list = json.array {}
  for i, link in ipairs(links.of(user)) do list[i] = pool.id .. "_" .. link.provider end
  return list
end

local function sign(pool, client, user, sign_in, name, add, own)
  local now = math.floor(time.now())
  local claims = {
    sub = user.sub, iss = tokens.issuer(pool.id), iat = now, exp = now + lifetime(client, name, HOUR),
    auth_time = sign_in.auth_time, jti = crypto.uuid(), origin_jti = sign_in.origin_jti,
    event_id = sign_in.event_id, ["cognito:groups"] = groups_of(pool, user),
  }
  for claim, value in pairs(own) do claims[claim] = value end
  local entry = keys_of(pool.id, 1)[1]
  return jwt.sign(add(client, user, claims, sign_in.scope), entry.key, entry.kid)
end

local function has_scope(scope, wanted)
  return (" " .. scope .. " "):find(" " .. wanted .. " ", 1, true) ~= nil
end

-- An id token of the hosted UI names the access token beside it, and comes for the scope openid only.
local function result(pool, client, user, sign_in)
  local scope = sign_in.scope or tokens.API_SCOPE
  local access = sign(pool, client, user, sign_in, "AccessToken", access_claims, { scope = scope })
  local own = { nonce = sign_in.nonce, at_hash = sign_in.scope and web.at_hash(access) }
  local wants_id = not sign_in.scope or has_scope(scope, "openid")
  return {
    AccessToken = access,
    IdToken = wants_id and sign(pool, client, user, sign_in, "IdToken", id_claims, own) or nil,
    ExpiresIn = math.tointeger(lifetime(client, "AccessToken", HOUR)),
    TokenType = "Bearer",
  }
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

function tokens.revoke(sign_in)
  db:run("UPDATE cognito_sign_ins SET revoked = 1 WHERE origin_jti = ?", sign_in.origin_jti)
end

function tokens.revoke_all(user)
  db:run("UPDATE cognito_sign_ins SET revoked = 1 WHERE user = ?", user.id)
end

function tokens.allows(claims, scope)
  return has_scope(claims.scope, scope)
end

local function pool_of_issuer(claims)
  local pool_id = type(claims.iss) == "string" and claims.iss:match("/([^/]+)$")
  if not pool_id or claims.iss ~= tokens.issuer(pool_id) then return nil end
  return db:row("SELECT id FROM cognito_pools WHERE id = ?", pool_id) and pool_id
end

-- The claims of an access token that still counts.
function tokens.check_access(token)
  local claims = jwt.decode(token)
  local pool_id = claims and pool_of_issuer(claims)
  if not pool_id or not jwt.verify(token, public_keys(keys_of(pool_id, 1))) or claims.token_use ~= "access" then
    refuse("Invalid Access Token")
  end
  if claims.exp <= time.now() then refuse("Access Token has expired") end
  local row = db:row("SELECT * FROM cognito_sign_ins WHERE origin_jti = ?", claims.origin_jti)
  if row and row.revoked ~= 0 then refuse("Access Token has been revoked") end
  claims.pool_id = pool_id
  return claims
end

return tokens
