-- SPDX-License-Identifier: MIT
-- What stands between a name and the tokens: PASSWORD_VERIFIER (SRP) and NEW_PASSWORD_REQUIRED. A
-- challenge is a stored session that is good once and for some minutes; auth.lua opens it, runs its
-- answer and closes it.
local crypto = require "crypto"
local json = require "json"
local attributes = require "sandbox.cognito.attributes"
local db = require "sandbox.cognito.tables"
local passwords = require "sandbox.cognito.passwords"
local srp = require "sandbox.cognito.srp"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"
local time = require "sandbox.time"

local challenges = {}

local function refuse(message) failure("NotAuthorizedException", message) end
local function bad(message) failure("InvalidParameterException", message) end

local function keep(client, user, name, data)
  local id = crypto.base64("\1\x80\1\x78" .. crypto.random(125))
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

function challenges.password_verifier(client, user, public)
  local exchange = user.verifier and srp.begin(crypto.unhex(user.verifier), public)
  if not exchange then bad("Invalid SRP_A.") end
  return {
    ChallengeName = "PASSWORD_VERIFIER",
    ChallengeParameters = {
      USERNAME = user.username,
      USER_ID_FOR_SRP = user.username,
      SALT = user.salt,
      SRP_B = exchange.server,
      SECRET_BLOCK = keep(client, user, "PASSWORD_VERIFIER", exchange),
    },
  }
end

-- challenge name -> function(pool, user, responses, challenge) that raises, or returns when it is met
local answers = {}

local function required(responses, name)
  local value = responses[name]
  if not value or value == "" then bad("Missing required parameter " .. name) end
  return value
end

function answers.PASSWORD_VERIFIER(_, user, responses, challenge)
  local signature = required(responses, "PASSWORD_CLAIM_SIGNATURE")
  local timestamp = required(responses, "TIMESTAMP")
  passwords.guard(user, function()
    local block = crypto.unbase64(challenge.id)
    local expected = srp.signature(user, crypto.unhex(user.verifier), challenge.data, block, timestamp)
    return crypto.equal(expected, signature)
  end)
end

function answers.NEW_PASSWORD_REQUIRED(pool, user, responses)
  local password = required(responses, "NEW_PASSWORD")
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
end

local function is_named(pool, user, name)
  local found = users.find(pool, name)
  return found and found.id == user.id
end

-- The user and the stored challenge {answer, id, data}. SRP carries its session inside the answer.
function challenges.open(pool, client, input, responses)
  local answer = answers[input.ChallengeName] or bad("Challenge not supported.")
  local session = input.Session
  if input.ChallengeName == "PASSWORD_VERIFIER" then
    session = required(responses, "PASSWORD_CLAIM_SECRET_BLOCK")
  elseif not session then
    bad("Missing required parameter Session")
  end
  local row = db:row("SELECT * FROM cognito_sessions WHERE id = ?", session)
  if not row or row.client ~= client.id or row.challenge ~= input.ChallengeName then
    refuse("Invalid session for the user.")
  end
  if row.used ~= 0 then refuse("Invalid session for the user, session can only be used once.") end
  if row.expires_at <= time.now() then refuse("Invalid session for the user, session is expired.") end
  local user = users.by_id(row.user)
  if not user or not is_named(pool, user, responses.USERNAME) then refuse("Invalid session for the user.") end
  return user, { answer = answer, data = json.decode(row.data), id = row.id }
end

function challenges.close(challenge)
  db:run("UPDATE cognito_sessions SET used = 1 WHERE id = ?", challenge.id)
end

return challenges
