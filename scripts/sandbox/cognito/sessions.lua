-- SPDX-License-Identifier: MIT
-- The Session of a challenge: an opaque name for a half-finished sign-in, good once and for some minutes.
local crypto = require "crypto"
local json = require "json"
local db = require "sandbox.cognito.tables"
local failure = require "sandbox.failure"
local time = require "sandbox.time"

-- Two are no challenges: a sign-up waits for its code, or has had it.
local sessions = { SIGNED_UP = "SIGNED_UP", CONFIRMED = "CONFIRMED", NOBODY = 0 }

local function refuse(message) failure("NotAuthorizedException", message) end

function sessions.keep(client, user, challenge, data)
  local id = crypto.base64("\1\x80\1\x78" .. crypto.random(125))
  local minutes = client.settings.AuthSessionValidity or 3
  db:run("DELETE FROM cognito_sessions WHERE expires_at <= ?", time.now() - 3600)
  db:run([[INSERT INTO cognito_sessions (id, client, user, challenge, data, expires_at)
    VALUES (?, ?, ?, ?, ?, ?)]], id, client.id, user.id, challenge, json.encode(data), time.now() + 60 * minutes)
  return id
end

-- The session of this challenge that still counts: {id, client, user (their ids), data}
function sessions.open(id, challenge)
  local row = db:row("SELECT * FROM cognito_sessions WHERE id = ?", id)
  if not row or row.challenge ~= challenge then refuse("Invalid session for the user.") end
  if row.used ~= 0 then refuse("Invalid session for the user, session can only be used once.") end
  if row.expires_at <= time.now() then refuse("Invalid session for the user, session is expired.") end
  row.data = json.decode(row.data)
  return row
end

-- The same, of one client and user.
function sessions.of(id, challenge, client, user)
  local row = sessions.open(id, challenge)
  if row.client ~= client.id or row.user ~= user.id then refuse("Invalid session for the user.") end
  return row
end

function sessions.close(session)
  db:run("UPDATE cognito_sessions SET used = 1 WHERE id = ?", session.id)
end

return sessions
