-- SPDX-License-Identifier: MIT
-- Passwords of a pool's users: the policy, how they are kept (as salted SRP verifiers), what guessing
-- costs.
local crypto = require "crypto"
local db = require "sandbox.cognito.tables"
local srp = require "sandbox.cognito.srp"
local failure = require "sandbox.failure"
local time = require "sandbox.time"

local passwords = {}

local FREE_GUESSES = 5
local LONGEST_LOCK = 900
local SYMBOLS = "[%^%$%*%.%[%]{}%(%)%?\"!@#%%&/\\,><':;|_~`=+%-]"

local RULES = {
  { "RequireUppercase", "%u", "uppercase" },
  { "RequireLowercase", "%l", "lowercase" },
  { "RequireNumbers", "%d", "numeric" },
  { "RequireSymbols", SYMBOLS, "symbol" },
}

local function refuse(reason)
  failure("InvalidPasswordException", "Password did not conform with policy: " .. reason)
end

function passwords.check_policy(pool, password)
  local policy = pool.password_policy
  if (utf8.len(password) or #password) < policy.MinimumLength then refuse("Password not long enough") end
  for _, rule in ipairs(RULES) do
    if policy[rule[1]] and not password:find(rule[2]) then
      refuse(("Password must have %s characters"):format(rule[3]))
    end
  end
end

local function verifier_of(user, salt, password)
  return srp.verifier(user.pool, user.username, salt, password)
end

-- A temporary password ends at `expires_at`.
function passwords.set(user, password, expires_at)
  local salt = srp.salt()
  user.salt = crypto.hex(salt)
  user.verifier = crypto.hex(verifier_of(user, salt, password))
  user.password_expires_at = expires_at
end

local function matches(user, password)
  if not user.verifier then return false end
  local verifier = verifier_of(user, crypto.unhex(user.salt), password)
  return crypto.equal(user.verifier, crypto.hex(verifier))
end

local function forget_guesses(user)
  if user.bad_passwords == 0 then return end
  user.bad_passwords = 0
  db:run("UPDATE cognito_users SET bad_passwords = 0 WHERE id = ?", user.id)
end

-- Raises unless `proved()`. After five wrong guesses the door stays shut for 1, 2, 4 … seconds; knocking
-- meanwhile neither helps nor harms.
function passwords.guard(user, proved)
  local now = time.now()
  if now - user.bad_password_at > LONGEST_LOCK then forget_guesses(user) end
  if user.bad_passwords >= FREE_GUESSES then
    local lock = math.min(2 ^ (user.bad_passwords - FREE_GUESSES), LONGEST_LOCK)
    if now < user.bad_password_at + lock then
      failure("NotAuthorizedException", "Password attempts exceeded")
    end
  end
  if proved() then return forget_guesses(user) end
  user.bad_passwords = user.bad_passwords + 1
  user.bad_password_at = now
  db:run("UPDATE cognito_users SET bad_passwords = ?, bad_password_at = ? WHERE id = ?",
    user.bad_passwords, now, user.id)
  failure("NotAuthorizedException", "Incorrect username or password.")
end

function passwords.verify(user, password)
  passwords.guard(user, function() return matches(user, password) end)
end

-- A temporary password that any policy accepts.
function passwords.generate(pool)
  local length = math.max(pool.password_policy.MinimumLength - 4, 6)
  return "Aa1!" .. crypto.random_string(length, "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789")
end

return passwords
