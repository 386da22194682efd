-- SPDX-License-Identifier: MIT
-- One user of a pool as stored, and the ways to find them: by username, sub, or an address that signs in.
-- A user here is a table {id, pool, username, sub, status, enabled, attributes, …}; save() writes it back
-- whole.
local json = require "json"
local db = require "sandbox.cognito.tables"
local attributes = require "sandbox.cognito.attributes"
local pools = require "sandbox.cognito.pools"
local failure = require "sandbox.failure"
local settings = require "sandbox.settings"
local time = require "sandbox.time"

local users = {}

-- attribute -> the column that finds its holder
local KEYS = { email = "email_key", phone_number = "phone_key", preferred_username = "preferred_key" }
local VERIFIED_BY = { email = "email_verified", phone_number = "phone_number_verified" }
local UNIQUE_NAMES = { email = "email", phone_number = "phone_number" }

function users.fold(pool, value)
  return pool.case_sensitive and value or value:lower()
end

local function user_of(row)
  row.attributes = json.decode(row.attributes)
  row.enabled = row.enabled ~= 0
  return row
end

local function is_verified(user, attribute)
  local flag = VERIFIED_BY[attribute]
  return not flag or user.attributes[flag] == "true"
end

-- Whoever signs in with this value of this attribute: in a pool of addresses the holder, verified or not;
-- in a pool of aliases only the one who proved it.
function users.holder(pool, attribute, value)
  local any = pool.username_attributes[attribute]
  if value == "" or not (any or pool.alias_attributes[attribute]) then return nil end
  local sql = ("SELECT * FROM cognito_users WHERE pool = ? AND %s = ? ORDER BY status = 'EXTERNAL_PROVIDER', id")
    :format(KEYS[attribute])
  for _, row in ipairs(db:rows(sql, pool.id, users.fold(pool, value))) do
    local user = user_of(row)
    local counts = user.status ~= "EXTERNAL_PROVIDER" or settings.switches.external_holds_email
    if counts and (any or is_verified(user, attribute)) then return user end
  end
end

function users.find(pool, name)
  local key = users.fold(pool, name)
  local row = db:row("SELECT * FROM cognito_users WHERE pool = ? AND username_key = ?", pool.id, key)
    or db:row("SELECT * FROM cognito_users WHERE pool = ? AND sub = ?", pool.id, name:lower())
  if row then return user_of(row) end
  return users.holder(pool, "email", name) or users.holder(pool, "phone_number", name)
    or users.holder(pool, "preferred_username", name)
end

function users.by_id(id)
  local row = db:row("SELECT * FROM cognito_users WHERE id = ?", id)
  return row and user_of(row)
end

-- For the Admin operations.
function users.get(pool, name)
  return users.find(pool, name) or failure("UserNotFoundException", "User does not exist.")
end

-- An address has one holder: in a pool of addresses whoever has it, in a pool of aliases whoever proved it.
-- `user` is about to get these values.
function users.check_free(pool, values, user)
  for attribute, name in pairs(UNIQUE_NAMES) do
    local value = values[attribute]
    if values[VERIFIED_BY[attribute]] == "true" then
      value = value or user.attributes[attribute]
    elseif pool.alias_attributes[attribute] then
      value = nil
    end
    local holder = value and users.holder(pool, attribute, value)
    if holder and holder.id ~= user.id then
      failure("AliasExistsException", ("An account with the given %s already exists."):format(name))
    end
  end
end

local function key(pool, user, attribute)
  local value = user.attributes[attribute]
  return value and value ~= "" and users.fold(pool, value) or nil
end

function users.insert(pool, user)
  local now = time.stamp()
  user.attributes.sub = user.sub
  db:run([[INSERT INTO cognito_users (pool, username, username_key, sub, status, enabled, attributes,
      email_key, phone_key, preferred_key, salt, verifier, password_expires_at, created_at, modified_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)]],
    pool.id, user.username, users.fold(pool, user.username), user.sub, user.status, 1,
    json.encode(user.attributes), key(pool, user, "email"),
    key(pool, user, "phone_number"), key(pool, user, "preferred_username"),
    user.salt, user.verifier, user.password_expires_at, now, now)
  return users.find(pool, user.sub)
end

function users.save(pool, user)
  user.modified_at = time.stamp()
  db:run([[UPDATE cognito_users SET status = ?, enabled = ?, attributes = ?, email_key = ?, phone_key = ?,
      preferred_key = ?, salt = ?, verifier = ?, password_expires_at = ?, modified_at = ? WHERE id = ?]],
    user.status, user.enabled and 1 or 0, json.encode(user.attributes), key(pool, user, "email"),
    key(pool, user, "phone_number"), key(pool, user, "preferred_username"), user.salt, user.verifier,
    user.password_expires_at, user.modified_at, user.id)
end

function users.delete(user)
  db:transaction(function()
    pools.delete_of_users("?", user.id)
    db:run("DELETE FROM cognito_users WHERE id = ?", user.id)
  end)
end

-- A changed address is unproved until it is said to be proved in the same breath. "" removes an attribute.
function users.apply(user, values)
  local current = user.attributes
  for attribute, flag in pairs(VERIFIED_BY) do
    local changed = values[attribute] and values[attribute] ~= current[attribute]
    if changed and not values[flag] and values[attribute] ~= "" then current[flag] = "false" end
    if values[attribute] == "" then current[flag] = nil end
  end
  for name, value in pairs(values) do current[name] = value ~= "" and value or nil end
end

-- A code reached the address, so it is proved; a pool of aliases lets `force` take it from an earlier
-- holder.
function users.verify(pool, user, attribute, force)
  local holder = pool.alias_attributes[attribute]
    and users.holder(pool, attribute, user.attributes[attribute] or "")
  if holder and holder.id ~= user.id then
    if not force then
      failure("AliasExistsException",
        ("An account with the %s already exists."):format(UNIQUE_NAMES[attribute]))
    end
    holder.attributes[VERIFIED_BY[attribute]] = "false"
    users.save(pool, holder)
  end
  user.attributes[VERIFIED_BY[attribute]] = "true"
end

-- As ListUsers and AdminCreateUser show a user.
function users.describe(user, wanted)
  return {
    Username = user.username,
    Attributes = attributes.to_list(user.attributes, wanted),
    UserCreateDate = user.created_at,
    UserLastModifiedDate = user.modified_at,
    Enabled = user.enabled,
    UserStatus = user.status,
  }
end

return users
