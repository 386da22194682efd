-- SPDX-License-Identifier: MIT
-- What stands between a name and the tokens: PASSWORD_VERIFIER (SRP), NEW_PASSWORD_REQUIRED and the second factors. A
-- challenge is a session (sessions.lua); auth.lua opens it, runs its answer and closes it.
local crypto = require "crypto"
local json = require "json"
local attributes = require "sandbox.cognito.attributes"
local factors = require "sandbox.cognito.factors"
local passwords = require "sandbox.cognito.passwords"
local sessions = require "sandbox.cognito.sessions"
local srp = require "sandbox.cognito.srp"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"

local challenges = {}

local function refuse(message) failure("NotAuthorizedException", message) end
local function bad(message) failure("InvalidParameterException", message) end

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
    Session = sessions.keep(client, user, "NEW_PASSWORD_REQUIRED", {}),
    ChallengeParameters = {
      USER_ID_FOR_SRP = user.username,
      requiredAttributes = json.encode(required_attributes(pool, user)),
      userAttributes = json.encode(shown, { sorted = true }),
    },
  }
end

function challenges.password_verifier(client, user, public)
  if not user.verifier then refuse("Incorrect username or password.") end
  local exchange = srp.begin(crypto.unhex(user.verifier), public)
  if not exchange then bad("Invalid SRP_A.") end
  return {
    ChallengeName = "PASSWORD_VERIFIER",
    ChallengeParameters = {
      USERNAME = user.username,
      USER_ID_FOR_SRP = user.username,
      SALT = user.salt,
      SRP_B = exchange.server,
      SECRET_BLOCK = sessions.keep(client, user, "PASSWORD_VERIFIER", exchange),
    },
  }
end

-- The same for somebody who is not there: always the same salt and id for the same name, and never the right answer.
function challenges.for_nobody(pool, client, name, public)
  local seed = crypto.sha256(pool.id .. "/" .. name)
  return challenges.password_verifier(client, { id = sessions.NOBODY, username = crypto.uuid5("url", crypto.hex(seed)),
    salt = crypto.hex("\1" .. seed:sub(1, 15)), verifier = crypto.hex(seed) }, public)
end

-- challenge name -> function(pool, user, responses, challenge, client) that raises, or returns when it is met; what it
-- gives back is a challenge that comes instead of tokens
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

challenges.NOBODY = { id = sessions.NOBODY, verifier = "", attributes = {} }

function challenges.choice(pool, client, user)
  local choices = factors.first(pool, user)
  if choices[1] == "PASSWORD" then table.insert(choices, 1, "PASSWORD_SRP") end
  return { ChallengeName = "SELECT_CHALLENGE", Session = sessions.keep(client, user, "SELECT_CHALLENGE", {}),
    AvailableChallenges = choices, ChallengeParameters = {} }
end

function answers.SELECT_CHALLENGE(pool, user, responses, _, client)
  local choice = required(responses, "ANSWER")
  if choice == "PASSWORD" then return passwords.verify(user, required(responses, "PASSWORD")) end
  if choice == "PASSWORD_SRP" then
    return challenges.password_verifier(client, user, required(responses, "SRP_A"))
  end
  if factors.is_first(pool, user, choice) then return challenges.factor(pool, client, user, choice) end
  bad("Invalid ANSWER " .. choice)
end

-- The factors beside the password; where the factor is a code, it is sent.
function challenges.factor(pool, client, user, name)
  local parameters = factors.send_code(pool, user, name) or {}
  parameters.USER_ID_FOR_SRP = user.username
  if name == "MFA_SETUP" then parameters.MFAS_CAN_SETUP = '["SOFTWARE_TOKEN_MFA"]' end
  return { ChallengeName = name, Session = sessions.keep(client, user, name, {}), ChallengeParameters = parameters }
end

function answers.SOFTWARE_TOKEN_MFA(_, user, responses)
  factors.check_app(user, required(responses, "SOFTWARE_TOKEN_MFA_CODE"))
end

for _, name in ipairs { "SMS_MFA", "SMS_OTP", "EMAIL_OTP" } do
  answers[name] = function(_, user, responses)
    factors.check_code(user, name, required(responses, name .. "_CODE"))
  end
end

-- The app was set up by other operations, which handed this session on.
function answers.MFA_SETUP(_, _, _, challenge)
  if not challenge.data.verified then refuse("Invalid session for the user.") end
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
  local found = sessions.open(session, input.ChallengeName)
  if found.user == sessions.NOBODY then refuse("Incorrect username or password.") end
  local user = found.client == client.id and users.by_id(found.user)
  if not user or not is_named(pool, user, responses.USERNAME) then refuse("Invalid session for the user.") end
  return user, { answer = answer, data = found.data, id = found.id }
end

challenges.close = sessions.close

return challenges
