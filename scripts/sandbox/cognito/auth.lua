-- SPDX-License-Identifier: MIT
-- Signing in: InitiateAuth and RespondToAuthChallenge, their Admin forms, RevokeToken. The order of the
-- checks is the service's: client, secret hash, flow, user, disabled, unconfirmed, password, reset,
-- forced change.
local callers = require "sandbox.cognito.callers"
local challenges = require "sandbox.cognito.challenges"
local factors = require "sandbox.cognito.factors"
local passwords = require "sandbox.cognito.passwords"
local pools = require "sandbox.cognito.pools"
local sessions = require "sandbox.cognito.sessions"
local tokens = require "sandbox.cognito.tokens"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"
local set_of = require "sandbox.set_of"
local settings = require "sandbox.settings"
local time = require "sandbox.time"

local auth = {}

local function refuse(message) failure("NotAuthorizedException", message) end
local function bad(message) failure("InvalidParameterException", message) end

local function required(params, name)
  local value = params[name]
  if not value or value == "" then bad("Missing required parameter " .. name) end
  return value
end

-- flow -> what enables it (either name) and what is said when nothing does
local FLOWS = {
  USER_PASSWORD_AUTH = { "USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH",
    "USER_PASSWORD_AUTH flow not enabled for this client" },
  ADMIN_USER_PASSWORD_AUTH = { "ADMIN_NO_SRP_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "Auth flow not enabled for this client" },
  USER_SRP_AUTH = { nil, "ALLOW_USER_SRP_AUTH", "USER_SRP_AUTH is not enabled for the client." },
  USER_AUTH = { false, "ALLOW_USER_AUTH", "USER_AUTH is not enabled for the client." },
  REFRESH_TOKEN_AUTH = { nil, "ALLOW_REFRESH_TOKEN_AUTH", "Auth flow not enabled for this client" },
}
FLOWS.ADMIN_NO_SRP_AUTH = FLOWS.ADMIN_USER_PASSWORD_AUTH

local function check_flow(client, name)
  local flow, enabled = FLOWS[name], set_of(client.settings.ExplicitAuthFlows)
  -- Clients of the old kind (no ALLOW_ names) always had SRP and refresh.
  local old = true
  for listed in pairs(enabled) do
    if listed:find("^ALLOW_") then old = false end
  end
  if enabled[flow[1]] or enabled[flow[2]] or (old and flow[1] == nil) then return end
  bad(flow[3])
end

-- After these nothing more is asked.
local LAST = { SOFTWARE_TOKEN_MFA = true, SMS_MFA = true, MFA_SETUP = true, SMS_OTP = true, EMAIL_OTP = true }

local function check_may_sign_in(user)
  if not user.enabled then refuse("User is disabled.") end
  if user.status == "UNCONFIRMED" then failure("UserNotConfirmedException", "User is not confirmed.") end
end

local function unknown_user(client)
  if callers.hides_users(client) then refuse("Incorrect username or password.") end
  failure("UserNotFoundException", "User does not exist.")
end

-- After the password proved right: tokens, or what must happen first. passed: the challenge that was just met.
function auth.admit(pool, client, user, passed)
  if user.status == "RESET_REQUIRED" then
    failure("PasswordResetRequiredException", "Password reset required for the user")
  end
  if user.status == "FORCE_CHANGE_PASSWORD" then
    if user.password_expires_at and user.password_expires_at <= time.now() then
      refuse("Temporary password has expired and must be reset by an administrator.")
    end
    return challenges.new_password(pool, client, user)
  end
  local factor = not LAST[passed] and factors.needed(pool, user)
  if factor then return challenges.factor(pool, client, user, factor) end
  return { AuthenticationResult = tokens.issue(pool, client, user), ChallengeParameters = {} }
end

local function sign_in_with_password(pool, client, params)
  local name, password = required(params, "USERNAME"), required(params, "PASSWORD")
  local user = users.find(pool, name) or unknown_user(client)
  if settings.switches.unconfirmed_before_password then
    check_may_sign_in(user)
    passwords.verify(user, password)
  else
    passwords.verify(user, password)
    check_may_sign_in(user)
  end
  return auth.admit(pool, client, user)
end

local function sign_in_with_srp(pool, client, params)
  local name, public = required(params, "USERNAME"), required(params, "SRP_A")
  local user = users.find(pool, name)
  if not user and callers.hides_users(client) then return challenges.for_nobody(pool, client, name, public) end
  user = user or unknown_user(client)
  check_may_sign_in(user)
  return challenges.password_verifier(client, user, public)
end

-- The user chooses how to prove who they are, now or in the next step. Who has just confirmed a sign-up, and goes on
-- in its session, has proved it.
local function sign_in_by_choice(pool, client, params, session)
  local user = users.find(pool, required(params, "USERNAME"))
  local wish, hidden = params.PREFERRED_CHALLENGE, not user and callers.hides_users(client)
  if not user and not hidden then unknown_user(client) end
  if session and user then
    sessions.close(sessions.of(session, sessions.CONFIRMED, client, user))
    check_may_sign_in(user)
    return auth.admit(pool, client, user)
  end
  if wish == "PASSWORD" and params.PASSWORD then return sign_in_with_password(pool, client, params) end
  if wish == "PASSWORD_SRP" and params.SRP_A then return sign_in_with_srp(pool, client, params) end
  if user then check_may_sign_in(user) end
  if user and wish ~= "PASSWORD" and factors.is_first(pool, user, wish) then
    return challenges.factor(pool, client, user, wish)
  end
  return challenges.choice(pool, client, user or challenges.NOBODY)
end

-- proved: the client has shown its secret.
local function refresh(pool, client, params, proved)
  local sign_in = tokens.sign_in_of(client, required(params, "REFRESH_TOKEN"))
  local user = users.by_id(sign_in.user) or refuse("Invalid Refresh Token")
  if not proved then callers.check_secret(client, pool, user.username, params.SECRET_HASH) end
  if not user.enabled then refuse("User is disabled.") end
  return { AuthenticationResult = tokens.refresh(pool, client, user, sign_in), ChallengeParameters = {} }
end

local function no_custom_auth() bad "Custom auth lambda trigger is not configured for the user pool." end

local BOTH = { USER_SRP_AUTH = sign_in_with_srp, USER_AUTH = sign_in_by_choice, CUSTOM_AUTH = no_custom_auth,
  REFRESH_TOKEN_AUTH = refresh, REFRESH_TOKEN = refresh }
local PUBLIC = setmetatable({ USER_PASSWORD_AUTH = sign_in_with_password }, { __index = BOTH })
local ADMIN = setmetatable({ ADMIN_USER_PASSWORD_AUTH = sign_in_with_password,
  ADMIN_NO_SRP_AUTH = sign_in_with_password }, { __index = BOTH })

local function initiate(flows, pool, client, input)
  local params, name = input.AuthParameters or {}, input.AuthFlow
  local run = flows[name] or bad("Initiate Auth method not supported.")
  if run ~= refresh then
    callers.check_secret(client, pool, required(params, "USERNAME"), params.SECRET_HASH)
  end
  if run ~= no_custom_auth then check_flow(client, name == "REFRESH_TOKEN" and "REFRESH_TOKEN_AUTH" or name) end
  if run == sign_in_by_choice then return run(pool, client, params, input.Session) end
  return run(pool, client, params)
end

function auth.InitiateAuth(input)
  local client, pool = pools.client(input.ClientId)
  return initiate(PUBLIC, pool, client, input)
end

function auth.AdminInitiateAuth(input)
  local pool = pools.get(input.UserPoolId)
  return initiate(ADMIN, pool, pools.client_in(pool, input.ClientId), input)
end

local function respond(pool, client, input)
  local responses = input.ChallengeResponses or {}
  local name = required(responses, "USERNAME")
  callers.check_secret(client, pool, name, responses.SECRET_HASH)
  local user, challenge = challenges.open(pool, client, input, responses)
  check_may_sign_in(user)
  local next_challenge = challenge.answer(pool, user, responses, challenge, client)
  challenges.close(challenge)
  if next_challenge then return next_challenge end
  return auth.admit(pool, client, user, input.ChallengeName)
end

function auth.RespondToAuthChallenge(input)
  local client, pool = pools.client(input.ClientId)
  return respond(pool, client, input)
end

function auth.AdminRespondToAuthChallenge(input)
  local pool = pools.get(input.UserPoolId)
  return respond(pool, pools.client_in(pool, input.ClientId), input)
end

function auth.RevokeToken(input)
  local client = pools.client(input.ClientId)
  if client.settings.EnableTokenRevocation == false then
    failure("UnsupportedOperationException", "Token revocation is not enabled for this client.")
  end
  if client.secret and input.ClientSecret ~= client.secret then
    failure("UnauthorizedException", "Invalid client secret.")
  end
  if tokens.is_signed(input.Token) then
    failure("UnsupportedTokenTypeException", "Only refresh tokens can be revoked.")
  end
  local ok, sign_in = pcall(tokens.sign_in_of, client, input.Token)
  if ok then tokens.revoke(sign_in) end
  return {}
end

-- The newer way to refresh: with the client's secret itself.
function auth.GetTokensFromRefreshToken(input)
  local client, pool = pools.client(input.ClientId)
  if client.secret and input.ClientSecret ~= client.secret then refuse("Client secret does not match.") end
  local params = { REFRESH_TOKEN = input.RefreshToken }
  return { AuthenticationResult = refresh(pool, client, params, true).AuthenticationResult }
end

return auth
