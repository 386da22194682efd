-- SPDX-License-Identifier: MIT
-- What the hosted UI remembers between two requests: who is at a provider's (5 minutes), codes (5 minutes, one use),
-- and who is signed in at this domain (1 hour). Kept by the hash of the secret.
local crypto = require "crypto"
local json = require "json"
local db = require "sandbox.store"
local time = require "sandbox.time"

local store = {}

local LIFETIMES = { state = 300, code = 300, session = 3600 }

db:exec [[
  CREATE TABLE IF NOT EXISTS hosted_ui (
    hash TEXT PRIMARY KEY, kind TEXT NOT NULL, data TEXT NOT NULL, expires_at REAL NOT NULL);
]]

local function hash(secret) return crypto.hex(crypto.sha256(secret)) end

function store.keep(kind, secret, data)
  local now = time.now()
  db:run("DELETE FROM hosted_ui WHERE expires_at <= ?", now)
  db:run("INSERT INTO hosted_ui (hash, kind, data, expires_at) VALUES (?, ?, ?, ?)", hash(secret), kind,
    json.encode(data), now + LIFETIMES[kind])
  return secret
end

function store.find(kind, secret)
  local row = secret and db:row("SELECT * FROM hosted_ui WHERE hash = ? AND kind = ? AND expires_at > ?",
    hash(secret), kind, time.now())
  return row and json.decode(row.data)
end

function store.forget(secret)
  return db:run("DELETE FROM hosted_ui WHERE hash = ?", hash(secret)) > 0
end

-- What it stands for, once.
function store.spend(kind, secret)
  local data = store.find(kind, secret)
  return data and store.forget(secret) and data or nil
end

return store
