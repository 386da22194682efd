-- SPDX-License-Identifier: MIT
-- What stands between a right password and the tokens: NEW_PASSWORD_REQUIRED. A challenge is a stored
-- session that is good once and for some minutes; auth.lua opens it, runs its answer and closes it.
local crypto = require "crypto"
local json = require "json"
local attributes = require "sandbox.cognito.attributes"
local db = require "sandbox.cognito.tables"
local passwords = require "sandbox.cognito.passwords"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"
local time = require "sandbox.time"

local challenges = {}

local function refuse(message) failure("NotAuthorizedException", message) end
local function bad(message) failure("InvalidParameterException", message) end

local function keep(client, user, name, data)
  local id = "AYABe" .. crypto.base64url(crypto.random(128))
  local minutes = client.settings.AuthSessionValidity or 3
  db:run("DELETE FROM cognito_sessions WHERE expires_at <= ?", time.now() - 3600)
  db:run([[INSERT INTO cognito_sessions (id, client, user, challenge, data, expires_at)
    VALUES (?, ?, ?, ?, ?, ?)]], id, client.id, user.id, name, json.encode(data), time.now() + 60 * minutes)
  return id
end

local function required_attributes(pool, user)
  local missing = json.array {}
  for _, entry in ipairs(pool.schema_list) do
    if entry.Required and (user.attributes[entry.Name] or "") == "" then
      missing[#missing + 1] = "userAttributes." .. entry.Name
    end
  end
  return missing
end

function challenges.new_password(pool, client, user)
  local shown = {}
  for name, value in pairs(user.attributes) do
    if name ~= "sub" then shown[name] = value end
  end
  return {
    ChallengeName = "NEW_PASSWORD_REQUIRED",
    Session = keep(client, user, "NEW_PASSWORD_REQUIRED", {}),
    ChallengeParameters = {
      USER_ID_FOR_SRP = user.username,
      requiredAttributes = json.encode(required_attributes(pool, user)),
      userAttributes = json.encode(shown, { sorted = true }),
    },
  }
end

local answers = {}

function answers.NEW_PASSWORD_REQUIRED(pool, user, responses)
  local password = responses.NEW_PASSWORD
  if not password or password == "" then bad("Missing required parameter NEW_PASSWORD") end
  passwords.check_policy(pool, password)
  local values = {}
  for name, value in pairs(responses) do
    local attribute = name:match("^userAttributes%.(.+)$")
    if attribute then values[attribute] = value end
  end
  attributes.check_update(pool, values)
  users.apply(user, values)
  for _, name in ipairs(required_attributes(pool, user)) do
    bad(("Invalid attributes given, %s is missing"):format(name:match("%.(.+)$")))
  end
  passwords.set(user, password)
  user.status = "CONFIRMED"
  users.save(pool, user)
  return "done"
end

local function is_named(pool, user, name)
  local found = users.find(pool, name)
  return found and found.id == user.id
end

-- The user and the stored challenge {answer, data}; the session is used up.
function challenges.open(pool, client, challenge, session, name)
  if not answers[challenge] then bad("Challenge not supported.") end
  if not session or session == "" then bad("Missing required parameter Session") end
  local row = db:row("SELECT * FROM cognito_sessions WHERE id = ?", session)
  if not row or row.client ~= client.id or row.challenge ~= challenge then
    refuse("Invalid session for the user.")
  end
  if row.used ~= 0 then refuse("Invalid session for the user, session can only be used once.") end
  if row.expires_at <= time.now() then refuse("Invalid session for the user, session is expired.") end
  local user = users.by_id(row.user)
  if not user or not is_named(pool, user, name) then refuse("Invalid session for the user.") end
  return user, { answer = answers[challenge], data = json.decode(row.data), id = row.id }
end

function challenges.close(challenge)
  db:run("UPDATE cognito_sessions SET used = 1 WHERE id = ?", challenge.id)
end

return challenges
