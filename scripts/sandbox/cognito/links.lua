-- SPDX-License-Identifier: MIT
-- Which identity of a provider is which user of a pool: a user of the provider's own (primary), or a native user it
-- was linked to. The user's attribute `identities` says the same, as the service writes it.
local json = require "json"
local db = require "sandbox.cognito.tables"
local users = require "sandbox.cognito.users"
local time = require "sandbox.time"

local links = {}

links.MOST = 5

db:exec [[
  CREATE TABLE IF NOT EXISTS cognito_links (
    pool TEXT NOT NULL,
    provider TEXT NOT NULL,
    subject TEXT NOT NULL,
    user INTEGER NOT NULL,
    is_primary INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (pool, provider, subject)
  );
  CREATE INDEX IF NOT EXISTS cognito_links_by_user ON cognito_links (user);
]]

local FORMAT = '{"userId":%s,"providerName":%s,"providerType":%s,"issuer":null,"primary":%s,"dateCreated":%d}'

local function write_attribute(pool, user)
  local parts = {}
  for i, row in ipairs(links.of(user)) do
    parts[i] = FORMAT:format(json.encode(row.subject), json.encode(row.provider), json.encode(row.provider),
      row.is_primary ~= 0, row.created_ms)
  end
  user.attributes.identities = parts[1] and "[" .. table.concat(parts, ",") .. "]" or nil
  users.save(pool, user)
end

-- The rows of a user, oldest first.
function links.of(user)
  return db:rows("SELECT * FROM cognito_links WHERE user = ? ORDER BY created_ms, rowid", user.id)
end

-- The user that this identity signs in, and the row | nil
function links.holder(pool, provider, subject)
  local row = db:row("SELECT * FROM cognito_links WHERE pool = ? AND provider = ? AND subject = ?", pool.id, provider,
    subject)
  return row and users.by_id(row.user), row
end

function links.add(pool, user, provider, subject, is_primary)
  db:run([[INSERT INTO cognito_links (pool, provider, subject, user, is_primary, created_ms)
    VALUES (?, ?, ?, ?, ?, ?)]], pool.id, provider, subject, user.id, is_primary and 1 or 0,
    math.floor(time.now() * 1000))
  write_attribute(pool, user)
end

function links.remove(pool, user, provider, subject)
  db:run("DELETE FROM cognito_links WHERE pool = ? AND provider = ? AND subject = ?", pool.id, provider, subject)
  write_attribute(pool, user)
end

-- The claim: the attribute's list, where the last two members are texts.
function links.claim(text)
  local list = json.decode(text)
  for _, entry in ipairs(list) do
    entry.primary, entry.dateCreated = tostring(entry.primary), ("%d"):format(entry.dateCreated)
  end
  return list
end

return links
