-- SPDX-License-Identifier: MIT
-- Who may sign for the sandbox's AWS services: the fixed keys of settings.lua, and the temporary ones that sts.lua and
-- metadata.lua hand out. The latter are kept with everything else, so that a sandbox with a data folder knows them
-- after it has started again. They go by the real clock, as signatures do.
local clock, crypto = require "clock", require "crypto"
local db = require "sandbox.store"
local settings = require "sandbox.settings"

local keys = {}

local ALPHABET <const> = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
local DAY <const> = 86400

db:exec [[
  CREATE TABLE IF NOT EXISTS aws_keys (
    access_key_id TEXT PRIMARY KEY,
    secret_access_key TEXT NOT NULL,
    session_token TEXT NOT NULL,
    expires INTEGER NOT NULL,
    arn TEXT NOT NULL,
    user_id TEXT NOT NULL
  );
]]

-- What the services take for the time: the switch clock_skew sets their clock wrong.
function keys.now()
  return clock.now() + settings.switches.clock_skew
end

-- -> {secret_access_key=, session_token=, expires=, arn=, user_id=} | nil
function keys.find(access_key_id)
  local fixed = settings.keys[access_key_id]
  if fixed then return fixed end
  return db:row("SELECT * FROM aws_keys WHERE access_key_id = ?", access_key_id)
end

-- For whom: {arn=, user_id=} -> the keys, good for `seconds`, or as long as the switch credentials_lifetime says.
function keys.issue_to(who, seconds)
  local chosen = settings.switches.credentials_lifetime
  local now = math.floor(keys.now())
  local key = {
    access_key_id = "ASIA" .. crypto.random_string(16, ALPHABET),
    secret_access_key = crypto.base64(crypto.random(30)),
    session_token = "IQoJb3JpZ2luX2Vj" .. crypto.base64(crypto.random(180)),
    expires = now + math.floor(chosen > 0 and chosen or seconds),
    arn = who.arn, user_id = who.user_id,
  }
  db:run("DELETE FROM aws_keys WHERE expires < ?", now - DAY)
  db:run([[INSERT INTO aws_keys (access_key_id, secret_access_key, session_token, expires, arn, user_id)
    VALUES (?, ?, ?, ?, ?, ?)]], key.access_key_id, key.secret_access_key, key.session_token, key.expires, key.arn,
    key.user_id)
  return key
end

-- A role's session: its ARN and the name of the session -> the same.
function keys.issue(role_arn, session, seconds)
  return keys.issue_to({
    arn = ("arn:aws:sts::%s:assumed-role/%s/%s"):format(settings.account_id, role_arn:match "([^/]+)$", session),
    user_id = "AROA" .. crypto.hex(crypto.sha256(role_arn)):upper():sub(1, 17) .. ":" .. session,
  }, seconds)
end

-- All that were handed out have ended.
function keys.expire()
  db:run("UPDATE aws_keys SET expires = ?", math.floor(keys.now()) - 1)
end

return keys
