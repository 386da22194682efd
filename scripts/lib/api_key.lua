-- SPDX-License-Identifier: MIT
-- The account's default API key: a record without a secret at sign-up, a secret that is shown once at
-- confirmation and kept as SHA-256. <prefix>_<env>_<24 base62, 142 bits>_<checksum of all before it, 6
-- base62>.
-- The secret is made of a random seed and signup.key. The seed is in the record from the minting until an answer has
-- left, so that a process that dies in between takes no secret with it: the same request again shows the same one.
local config, crypto, dynamodb = require "config", require "crypto", require "dynamodb"
local log, marks, metrics, task = require "log", require "marks", require "metrics", require "task"
local fingerprint, keys, trouble = require "lib.fingerprint", require "lib.keys", require "lib.trouble"

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


-- Bytes that are evenly spread -> letters that are, too.
local function letters_of(bytes)
  local letters = {}
  for i = 1, #bytes do
    local byte = bytes:byte(i)
    if byte < 4 * 62 then letters[#letters + 1] = BASE62:sub(byte % 62 + 1, byte % 62 + 1) end
  end
  return table.concat(letters)
end


-- start: the record's prefix. The same seed gives the same secret.
function api_key.secret(start, seed)
  local letters, n = "", 0
  while #letters < SECRET_LENGTH do
    n = n + 1
    letters = letters .. letters_of(fingerprint.secret("api_key", seed .. n))
  end
  local text = start .. "_" .. letters:sub(1, SECRET_LENGTH)
  return text .. "_" .. checksum(text)
end


-- -> secret, the seed to keep until it has been shown
function api_key.new_secret(start)
  local seed = crypto.hex(crypto.random(32))
  return api_key.secret(start or prefix(), seed), seed
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


local function mark_of(key)
  return "shown " .. key.sk
end


-- When the answer has left: the seed goes, and with it the way to the secret.
local function forget(key, seed)
  local ok, err = dynamodb.update { key = key, remove = { "seed" }, condition = "seed = :seed",
    values = { seed = seed } }
  marks.remove(mark_of(key))
  if ok or err.code == "ConditionalCheckFailedException" then return end
  log.warn("api_key_seed_kept", { error_code = err.code, status = err.status, upstream_request_id = err.request_id })
end


-- What the visitor gets to see now; when that is on its way, it was the last time.
local function show(signup, key, secret, seed)
  signup:when_answered(function()
    marks.add(mark_of(key))
    task.spawn(forget, key, seed)
  end)
  return { id = keys.api_key_in(key.sk), secret = secret }
end


-- A secret was minted before. -> { id =, secret = } when no answer has left with it, { id = } when one has
local function show_again(signup, key, record)
  local seed = record and record.seed
  if seed and marks.count(mark_of(key)) == 0 then
    local secret = api_key.secret(record.prefix, seed)
    if crypto.equal(api_key.hash(secret), record.secret_hash) then return show(signup, key, secret, seed) end
  end
  return { id = keys.api_key_in(key.sk) }
end


-- Mints the secret, once for each key. -> { id =, secret = } | { id = } when it was shown before.
-- The intent remembers in the same transaction; it lets go of the intent's lease too.
function api_key.reveal(signup)
  local intent = signup.intent
  local key = keys.api_key(intent.visible_account_id, intent.key_id)
  if intent.revealed then return show_again(signup, key, dynamodb.get { key = key, consistent = true }) end

  local secret, seed = api_key.new_secret()
  local hash = api_key.hash(secret)
  local ok, err = dynamodb.transact_write { items = {
    { update = { key = key, set = { secret_hash = hash, seed = seed, prefix = prefix(), status = "ACTIVE" },
      condition = "status = :pending", values = { pending = "PENDING_REVEAL" } } },
    { update = signup:closing { revealed = true } },
  } }
  if ok or is_stored(key, hash) then
    signup:closed { revealed = true }
    return show(signup, key, secret, seed)
  end
  trouble.note(signup, "api_key", err)
  return { id = intent.key_id }
end


local function default_key(signup, visible_account_id)
  local list, err = dynamodb.query(keys.range(keys.api_key(visible_account_id, "")))
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
  local key = keys.of(record)
  if record.status ~= "PENDING_REVEAL" then return show_again(signup, key, record) end

  local secret, seed = api_key.new_secret()
  local hash = api_key.hash(secret)
  local ok, err = dynamodb.update {
    key = key, set = { secret_hash = hash, seed = seed, prefix = prefix(), status = "ACTIVE" },
    condition = "status = :pending", values = { pending = "PENDING_REVEAL" },
  }
  if ok or is_stored(key, hash) then
    metrics.count("API_KEY_SUCCESS", 1, { method = signup.method, step = "done" })
    return show(signup, key, secret, seed)
  end
  if err.code == "ConditionalCheckFailedException" then return { id = keys.api_key_in(key.sk) } end
  trouble.stop(signup, "api_key", err)
end


return api_key
