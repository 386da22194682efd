-- SPDX-License-Identifier: MIT
-- Sandbox, Google: codes, tokens and the keys that sign them. What is handed out is kept in the sandbox's database
-- by its hash.
local crypto = require "crypto"
local json = require "json"
local jwt = require "jwt"
local db = require "sandbox.store"
local settings = require "sandbox.settings"
local time = require "sandbox.time"
local web = require "sandbox.web"

local tokens = {}

tokens.ISSUER = "https://accounts.google.com"
local CODE_LIFETIME, TOKEN_LIFETIME = 600, 3599
local KEYS = 2

db:exec [[
  CREATE TABLE IF NOT EXISTS google_keys (kid TEXT PRIMARY KEY, pem TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS google_grants (
    hash TEXT PRIMARY KEY, kind TEXT NOT NULL, data TEXT NOT NULL, expires_at REAL NOT NULL);
]]

local keys

local function all_keys()
  if keys then return keys end
  keys = {}
  for i, row in ipairs(db:rows "SELECT kid, pem FROM google_keys ORDER BY rowid") do
    keys[i] = { kid = row.kid, key = jwt.import_key(row.pem) }
  end
  while #keys < KEYS do
    local entry = { kid = crypto.hex(crypto.random(20)), key = jwt.generate_key() }
    db:run("INSERT INTO google_keys (kid, pem) VALUES (?, ?)", entry.kid, entry.key:pem())
    keys[#keys + 1] = entry
  end
  return keys
end

function tokens.jwks()
  local list = {}
  for i, entry in ipairs(all_keys()) do
    local jwk = entry.key:jwk()
    list[i] = { kid = entry.kid, kty = "RSA", alg = "RS256", use = "sig", n = jwk.n, e = jwk.e }
  end
  return { keys = list }
end

local function keep(kind, secret, data, lifetime)
  db:run("DELETE FROM google_grants WHERE expires_at <= ?", time.now())
  db:run("INSERT INTO google_grants (hash, kind, data, expires_at) VALUES (?, ?, ?, ?)",
    crypto.hex(crypto.sha256(secret)), kind, json.encode(data), time.now() + lifetime)
  return secret
end

local function find(kind, secret)
  local row = db:row("SELECT * FROM google_grants WHERE hash = ? AND kind = ? AND expires_at > ?",
    crypto.hex(crypto.sha256(secret)), kind, time.now())
  return row and json.decode(row.data)
end

local function forget(secret)
  return db:run("DELETE FROM google_grants WHERE hash = ?", crypto.hex(crypto.sha256(secret))) > 0
end

-- data: {identity, client_id, redirect_uri, scope, nonce, challenge, method, offline}
function tokens.new_code(data)
  return keep("code", "4/0A" .. crypto.base64url(crypto.random(50)), data, CODE_LIFETIME)
end

-- What the code stands for, once.
function tokens.spend_code(code)
  local data = find("code", code)
  return data and forget(code) and data or nil
end

local SCOPES = { email = "https://www.googleapis.com/auth/userinfo.email",
  profile = "https://www.googleapis.com/auth/userinfo.profile" }

-- "openid email" -> Google's names; set tells what was asked for
function tokens.scopes(text)
  local list, set = {}, {}
  for scope in text:gmatch("%S+") do
    local name = SCOPES[scope] or scope
    list[#list + 1], set[scope] = name, true
    for short, long in pairs(SCOPES) do
      if scope == long then set[short] = true end
    end
  end
  return table.concat(list, " "), set
end

local function profile(person, set, claims)
  claims.sub = person.sub
  if set.email then claims.email, claims.email_verified = person.email, person.email_verified end
  if set.profile then
    claims.name = person.name
    claims.given_name, claims.family_name = person.name:match("^(%S+)%s+(.+)$")
    claims.given_name = claims.given_name or person.name
    claims.picture = "https://lh3.googleusercontent.com/a/sandbox=s96-c"
  end
  local domain = person.email:match("@(.+)$")
  if set.email and domain ~= "gmail.com" and person.email_verified then claims.hd = domain end
  return claims
end

local function id_token(data, set, access)
  local now = math.floor(time.now())
  local signer = all_keys()[1]
  return jwt.sign(profile(data.identity, set, {
    iss = tokens.ISSUER, azp = data.client_id, aud = data.client_id, iat = now, exp = now + 3600,
    at_hash = web.at_hash(access), nonce = data.nonce,
  }), signer.key, signer.kid)
end

-- The body of /token's answer.
function tokens.issue(data)
  local scope, set = tokens.scopes(data.scope)
  local access = keep("access", "ya29." .. crypto.base64url(crypto.random(120)), data, TOKEN_LIFETIME)
  local answer = { access_token = access, expires_in = TOKEN_LIFETIME, scope = scope, token_type = "Bearer" }
  if set.openid then answer.id_token = id_token(data, set, access) end
  if data.offline then
    local again = {}
    for name, value in pairs(data) do again[name] = value end
    again.offline, again.nonce = nil, nil
    answer.refresh_token = keep("refresh", "1//0" .. crypto.base64url(crypto.random(60)), again, 86400 * 180)
  end
  return answer
end

function tokens.refresh(token)
  local data = find("refresh", token)
  return data and tokens.issue(data)
end

-- -> the claims of userinfo | nil
function tokens.userinfo(access)
  local data = find("access", access)
  if not data then return nil end
  local _, set = tokens.scopes(data.scope)
  return profile(data.identity, set, {})
end

tokens.revoke = forget

function tokens.is_for(data, client_id)
  return data.client_id == client_id and client_id == settings.google_client_id
end

return tokens
