-- SPDX-License-Identifier: MIT
-- The user pools' tables in the sandbox's database; every file that stores something requires this one
-- for the handle.
local db = require "sandbox.store"

db:exec [[
  CREATE TABLE IF NOT EXISTS cognito_pools (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at REAL NOT NULL,
    modified_at REAL NOT NULL
  );
  CREATE TABLE IF NOT EXISTS cognito_clients (
    id TEXT PRIMARY KEY,
    pool TEXT NOT NULL,
    name TEXT NOT NULL,
    secret TEXT,
    settings TEXT NOT NULL,
    created_at REAL NOT NULL,
    modified_at REAL NOT NULL
  );
  CREATE TABLE IF NOT EXISTS cognito_keys (
    pool TEXT NOT NULL,
    kid TEXT NOT NULL,
    pem TEXT NOT NULL,
    PRIMARY KEY (pool, kid)
  );
  CREATE TABLE IF NOT EXISTS cognito_users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pool TEXT NOT NULL,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL,
    sub TEXT NOT NULL,
    status TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1,
    attributes TEXT NOT NULL,
    email_key TEXT,
    phone_key TEXT,
    preferred_key TEXT,
    salt TEXT,
    verifier TEXT,
    password_expires_at REAL,
    bad_passwords INTEGER NOT NULL DEFAULT 0,
    bad_password_at REAL NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    modified_at REAL NOT NULL,
    UNIQUE (pool, username_key),
    UNIQUE (pool, sub)
  );
  CREATE INDEX IF NOT EXISTS cognito_users_by_email ON cognito_users (pool, email_key);
  CREATE INDEX IF NOT EXISTS cognito_users_by_phone ON cognito_users (pool, phone_key);
  CREATE TABLE IF NOT EXISTS cognito_codes (
    user INTEGER NOT NULL REFERENCES cognito_users (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    attribute TEXT NOT NULL,
    code TEXT NOT NULL,
    superseded TEXT NOT NULL DEFAULT '',
    expires_at REAL NOT NULL,
    PRIMARY KEY (user, purpose)
  );
  CREATE TABLE IF NOT EXISTS cognito_attempts (
    user INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at REAL NOT NULL
  );
  CREATE INDEX IF NOT EXISTS cognito_attempts_by_user ON cognito_attempts (user, kind, at);
  CREATE TABLE IF NOT EXISTS cognito_sessions (
    id TEXT PRIMARY KEY,
    client TEXT NOT NULL,
    user INTEGER NOT NULL,
    challenge TEXT NOT NULL,
    data TEXT NOT NULL,
    used INTEGER NOT NULL DEFAULT 0,
    expires_at REAL NOT NULL
  );
  CREATE TABLE IF NOT EXISTS cognito_sign_ins (
    origin_jti TEXT PRIMARY KEY,
    refresh_hash TEXT NOT NULL UNIQUE,
    client TEXT NOT NULL,
    user INTEGER NOT NULL,
    auth_time INTEGER NOT NULL,
    expires_at REAL NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX IF NOT EXISTS cognito_sign_ins_by_user ON cognito_sign_ins (user);
]]

return db
