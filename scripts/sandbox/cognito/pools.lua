-- SPDX-License-Identifier: MIT
-- User pools and their app clients as stored, and the defaults that the service fills in. The pool and
-- client of sandbox/settings.lua always exist. Everybody below asks here for a pool or client; unknown
-- ones are refused here.
local crypto = require "crypto"
local json = require "json"
local db = require "sandbox.cognito.tables"
local addresses = require "sandbox.addresses"
local attributes = require "sandbox.cognito.attributes"
local failure = require "sandbox.failure"
local set_of = require "sandbox.set_of"
local settings = require "sandbox.settings"
local time = require "sandbox.time"
local triggers = require "sandbox.cognito.triggers"

local pools = {}

local ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
local LOWER = "abcdefghijklmnopqrstuvwxyz0123456789"
local DEFAULT_FLOWS = { "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH" }

local function password_policy(given)
  if not given then
    return { MinimumLength = 8, RequireUppercase = true, RequireLowercase = true, RequireNumbers = true,
      RequireSymbols = true, TemporaryPasswordValidityDays = 7 }
  end
  return {
    MinimumLength = given.MinimumLength or 8,
    RequireUppercase = given.RequireUppercase or false,
    RequireLowercase = given.RequireLowercase or false,
    RequireNumbers = given.RequireNumbers or false,
    RequireSymbols = given.RequireSymbols or false,
    TemporaryPasswordValidityDays = given.TemporaryPasswordValidityDays or 7,
    PasswordHistorySize = given.PasswordHistorySize,
  }
end

local function pool_of(row)
  local given = json.decode(row.settings)
  local pool = {
    id = row.id, name = row.name, settings = given,
    created_at = row.created_at, modified_at = row.modified_at,
    username_attributes = set_of(given.UsernameAttributes),
    alias_attributes = set_of(given.AliasAttributes),
    auto_verified = set_of(given.AutoVerifiedAttributes),
    case_sensitive = (given.UsernameConfiguration or {}).CaseSensitive == true,
    password_policy = password_policy((given.Policies or {}).PasswordPolicy),
  }
  pool.schema_list, pool.schema = attributes.schema(given.Schema)
  return pool
end

local function client_of(row)
  return {
    id = row.id, pool = row.pool, name = row.name, secret = row.secret, settings = json.decode(row.settings),
    created_at = row.created_at, modified_at = row.modified_at,
  }
end

function pools.find(id)
  local row = db:row("SELECT * FROM cognito_pools WHERE id = ?", id)
  return row and pool_of(row)
end

function pools.get(id)
  return pools.find(id) or failure("ResourceNotFoundException", ("User pool %s does not exist."):format(id))
end

-- The client that an unsigned call names, and its pool.
function pools.client(id)
  local row = db:row("SELECT * FROM cognito_clients WHERE id = ?", id)
  if not row then failure("ResourceNotFoundException", ("User pool client %s does not exist."):format(id)) end
  return client_of(row), pools.get(row.pool)
end

function pools.client_in(pool, id)
  local row = db:row("SELECT * FROM cognito_clients WHERE id = ? AND pool = ?", id, pool.id)
  if not row then failure("ResourceNotFoundException", ("User pool client %s does not exist."):format(id)) end
  return client_of(row)
end

-- A page of rows as `shown` makes them, and the token of the next one | nil: cut by the row's own number, which is the
-- token, wrapped.
function pools.page(shown, sql, limit, token, ...)
  local after = 0
  if token then
    after = tonumber(crypto.unbase64(token) or "")
    if not after then failure("InvalidParameterException", "Invalid pagination token.") end
  end
  local args = table.pack(...)
  args[args.n + 1], args[args.n + 2] = math.tointeger(after), limit + 1
  local rows, next_token = db:rows(sql, table.unpack(args, 1, args.n + 2)), nil
  if #rows > limit then
    rows[#rows] = nil
    next_token = crypto.base64(tostring(rows[#rows].rowid))
  end
  local list = json.array {}
  for i, row in ipairs(rows) do list[i] = shown(row) end
  return list, next_token
end

function pools.create(name, given, id)
  local now = time.stamp()
  id = id or ("%s_%s"):format(settings.region, crypto.random_string(9, ALNUM))
  db:run("INSERT INTO cognito_pools (id, name, settings, created_at, modified_at) VALUES (?, ?, ?, ?, ?)",
    id, name, json.encode(given), now, now)
  return pools.get(id)
end

function pools.save(pool)
  db:run("UPDATE cognito_pools SET name = ?, settings = ?, modified_at = ? WHERE id = ?",
    pool.name, json.encode(pool.settings), time.stamp(), pool.id)
  return pools.get(pool.id)
end

-- What stands in tables of its own for users; ids: SQL that says whose, with one value.
function pools.delete_of_users(ids, value)
  for _, name in ipairs { "codes", "attempts", "sessions", "sign_ins", "links", "members", "mfa", "pending" } do
    db:run(("DELETE FROM cognito_%s WHERE user IN (%s)"):format(name, ids), value)
  end
end

function pools.delete(pool)
  db:transaction(function()
    pools.delete_of_users("SELECT id FROM cognito_users WHERE pool = ?", pool.id)
    for _, name in ipairs { "users", "clients", "keys", "providers", "groups", "resource_servers", "domains" } do
      db:run(("DELETE FROM cognito_%s WHERE pool = ?"):format(name), pool.id)
    end
    db:run("DELETE FROM cognito_pools WHERE id = ?", pool.id)
  end)
end

function pools.create_client(pool, name, given, secret, id)
  local now = time.stamp()
  id = id or crypto.random_string(26, LOWER)
  given.ExplicitAuthFlows = given.ExplicitAuthFlows or json.array(DEFAULT_FLOWS)
  given.RefreshTokenValidity = given.RefreshTokenValidity or 30
  db:run([[INSERT INTO cognito_clients (id, pool, name, secret, settings, created_at, modified_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)]], id, pool.id, name, secret, json.encode(given), now, now)
  return pools.client_in(pool, id)
end

function pools.new_secret()
  return crypto.random_string(51, LOWER)
end

function pools.save_client(client)
  db:run("UPDATE cognito_clients SET name = ?, settings = ?, modified_at = ? WHERE id = ?",
    client.name, json.encode(client.settings), time.stamp(), client.id)
end

function pools.delete_client(client)
  db:run("DELETE FROM cognito_clients WHERE id = ?", client.id)
end

-- Where `usher dev` is now, by both names of this machine.
local function urls(path)
  local usher = addresses.here "usher"
  if not usher then return {} end
  return { usher .. path, ((usher .. path):gsub("127%.0%.0%.1", "localhost", 1)) }
end

-- What stands there already stays.
local function set_callbacks(id, path)
  local client = pools.client_in(pools.get(settings.user_pool_id), id)
  local list, known = json.array(client.settings.CallbackURLs or {}), set_of(client.settings.CallbackURLs)
  for _, url in ipairs(urls(path)) do
    if not known[url] then list[#list + 1] = url end
  end
  local logout = addresses.here "usher"
  client.settings.CallbackURLs, client.settings.LogoutURLs = list, logout and json.array { logout, logout .. "/" }
  pools.save_client(client)
end

-- The client of a page in a browser: it can keep no secret.
local function create_page_client()
  pools.create_client(pools.get(settings.user_pool_id), settings.page_client_name, {
    EnableTokenRevocation = true, AllowedOAuthFlowsUserPoolClient = true,
    AllowedOAuthFlows = json.array { "code" }, AllowedOAuthScopes = json.array { "openid" },
    SupportedIdentityProviders = json.array { "COGNITO", "Google" },
  }, nil, settings.page_client_id)
end

local function create_default()
  local pool = pools.create(settings.user_pool_name, {
    UsernameAttributes = json.array { "email" },
    AutoVerifiedAttributes = json.array { "email" },
    UsernameConfiguration = { CaseSensitive = false },
    LambdaConfig = addresses.here "lambda" and triggers.default_config() or nil,
  }, settings.user_pool_id)
  pools.create_client(pool, settings.client_name, {
    ExplicitAuthFlows = json.array { "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH",
      "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH" },
    PreventUserExistenceErrors = "LEGACY",
    EnableTokenRevocation = true,
    AllowedOAuthFlowsUserPoolClient = true,
    AllowedOAuthFlows = json.array { "code" },
    AllowedOAuthScopes = json.array { "openid", "email", "profile", "phone", "aws.cognito.signin.user.admin" },
    SupportedIdentityProviders = json.array { "COGNITO", "Google" },
  }, settings.client_secret, settings.client_id)
end

-- Runs at each start: another start may have other addresses.
function pools.ensure_default()
  if not pools.find(settings.user_pool_id) then create_default() end
  if not db:row("SELECT id FROM cognito_clients WHERE id = ?", settings.page_client_id) then create_page_client() end
  set_callbacks(settings.client_id, "/api/account/sso/callback")
  set_callbacks(settings.page_client_id, "/signup")
end

return pools
