-- SPDX-License-Identifier: MIT
-- The account's default API key: a record without a secret at sign-up, a secret that is shown once at
-- confirmation and kept as SHA-256. <prefix>_<env>_<24 base62, 142 bits>_<checksum of all before it, 6
-- base62>.
local config, crypto, dynamodb = require "config", require "crypto", require "dynamodb"
local metrics = require "metrics"
local keys, trouble = require "lib.keys", require "lib.trouble"

local api_key = {}

local BASE62 <const> = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
local SECRET_LENGTH <const>, CHECKSUM_LENGTH <const> = 24, 6


local function checksum(text)
  local n, digits = crypto.crc32(text), {}
  for i = CHECKSUM_LENGTH, 1, -1 do
    local digit = n % 62
    digits[i], n = BASE62:sub(digit + 1, digit + 1), n // 62
  end
  return table.concat(digits)
end


local function prefix()
  return config.api_key.prefix .. "_" .. config.env
end


function api_key.new_id()
  return crypto.random_string(20, BASE62)
end


function api_key.new_secret()
  local text = prefix() .. "_" .. crypto.random_string(SECRET_LENGTH, BASE62)
  return text .. "_" .. checksum(text)
end


-- Is it a key that we once made? Says nothing about whose; saves a look-up for typing errors.
function api_key.is_well_formed(secret)
  local text, sum = secret:match("^(.+)_(%w+)$")
  return text ~= nil and sum == checksum(text)
end


function api_key.hash(secret)
  return crypto.hex(crypto.sha256(secret))
end


-- The record as it is before anybody has seen a secret.
function api_key.record(intent)
  return keys.record(keys.api_key(intent.visible_account_id, intent.key_id), {
    name = "default", prefix = prefix(), status = "PENDING_REVEAL", created_at = intent.created_at,
  })
end


local function is_stored(key, hash)
  local record = dynamodb.get { key = key, consistent = true }
  return record ~= nil and record.secret_hash ~= nil and crypto.equal(record.secret_hash, hash)
end


-- Mints the secret, once for each key. -> { id =, secret = } | { id = } when it was shown before.
-- The intent remembers in the same transaction; it lets go of the intent's lease too.
function api_key.reveal(signup)
  local intent = signup.intent
  if intent.revealed then return { id = intent.key_id } end

  local secret = api_key.new_secret()
  local key, hash = keys.api_key(intent.visible_account_id, intent.key_id), api_key.hash(secret)
  local ok, err = dynamodb.transact_write { items = {
    { update = { key = key, set = { secret_hash = hash, status = "ACTIVE" },
      condition = "status = :pending", values = { pending = "PENDING_REVEAL" } } },
    { update = signup:closing { revealed = true } },
  } }
  if ok or is_stored(key, hash) then
    signup:closed { revealed = true }
    return { id = intent.key_id, secret = secret }
  end
  trouble.note(signup, "api_key", err)
  return { id = intent.key_id }
end


-- The account that this user owns; the first of several. -> visible_account_id | nil
function api_key.account_of(signup, username)
  signup.at = "account"
  local list, err = dynamodb.query {
    key_condition = "pk = :pk AND begins_with(sk, :prefix)", consistent = true,
    values = { pk = keys.membership(username, "").pk, prefix = "ACCOUNT#" },
  }
  if not list then trouble.stop(signup, "account", err) end
  for _, membership in ipairs(list) do
    local owns = membership.role == "OWNER" and membership.status == "ACTIVE"
    if owns then return membership.sk:match("^ACCOUNT#(.*)$") end
  end
end


local function default_key(signup, visible_account_id)
  local list, err = dynamodb.query {
    key_condition = "pk = :pk AND begins_with(sk, :prefix)", consistent = true,
    values = { pk = keys.account(visible_account_id).pk, prefix = "API_KEY#" },
  }
  if not list then trouble.stop(signup, "api_key", err) end
  for _, record in ipairs(list) do
    if record.name == "default" then return record end
  end
  trouble.refuse(signup, "api_key", 404, "not_found")
end


-- The same for who shows a token instead of a code: without the intent. -> { id =, secret = } | { id = }
function api_key.reveal_default(signup, visible_account_id)
  signup.at = "api_key"
  local record = default_key(signup, visible_account_id)
  local id = record.sk:match("^API_KEY#(.*)$")
  if record.status ~= "PENDING_REVEAL" then return { id = id } end

  local secret, key = api_key.new_secret(), { pk = record.pk, sk = record.sk }
  local ok, err = dynamodb.update {
    key = key, set = { secret_hash = api_key.hash(secret), status = "ACTIVE" },
    condition = "status = :pending", values = { pending = "PENDING_REVEAL" },
  }
  if ok or is_stored(key, api_key.hash(secret)) then
    metrics.count("API_KEY_SUCCESS", 1, { method = signup.method, step = "done" })
    return { id = id, secret = secret }
  end
  if err.code == "ConditionalCheckFailedException" then return { id = id } end
  trouble.stop(signup, "api_key", err)
end


return api_key
