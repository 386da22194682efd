-- SPDX-License-Identifier: MIT
-- Signing in: InitiateAuth and RespondToAuthChallenge, their Admin forms, RevokeToken. The order of the
-- checks is the service's: client, secret hash, flow, user, disabled, unconfirmed, password, reset,
-- forced change.
local callers = require "sandbox.cognito.callers"
local passwords = require "sandbox.cognito.passwords"
local pools = require "sandbox.cognito.pools"
local challenges = require "sandbox.cognito.challenges"
local tokens = require "sandbox.cognito.tokens"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"
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

local function enabled_flows(client)
  local set = {}
  for _, flow in ipairs(client.settings.ExplicitAuthFlows or {}) do set[flow] = true end
  return set
end

-- flow -> what enables it (either name) and what is said when nothing does
local FLOWS = {
  USER_PASSWORD_AUTH = { "USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH",
    "USER_PASSWORD_AUTH flow not enabled for this client" },
  ADMIN_USER_PASSWORD_AUTH = { "ADMIN_NO_SRP_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "Auth flow not enabled for this client" },
  USER_SRP_AUTH = { nil, "ALLOW_USER_SRP_AUTH", "USER_SRP_AUTH is not enabled for the client." },
  REFRESH_TOKEN_AUTH = { nil, "ALLOW_REFRESH_TOKEN_AUTH", "Auth flow not enabled for this client" },
}
FLOWS.ADMIN_NO_SRP_AUTH = FLOWS.ADMIN_USER_PASSWORD_AUTH

local function check_flow(client, name)
  local flow, enabled = FLOWS[name], enabled_flows(client)
  -- Clients of the old kind (no ALLOW_ names) always had SRP and refresh.
  local old = true
  for listed in pairs(enabled) do
    if listed:find("^ALLOW_") then old = false end
  end
  if enabled[flow[1]] or enabled[flow[2]] or (old and flow[1] == nil) then return end
  bad(flow[3])
end

local function check_may_sign_in(user)
  if not user.enabled then refuse("User is disabled.") end
  if user.status == "UNCONFIRMED" then failure("UserNotConfirmedException", "User is not confirmed.") end
end

local function unknown_user(client)
  if callers.hides_users(client) then refuse("Incorrect username or password.") end
  failure("UserNotFoundException", "User does not exist.")
end

-- After the password proved right: tokens, or what must happen first.
function auth.admit(pool, client, user)
  if user.status == "RESET_REQUIRED" then
    failure("PasswordResetRequiredException", "Password reset required for the user")
  end
  if user.status == "FORCE_CHANGE_PASSWORD" then
    if user.password_expires_at and user.password_expires_at <= time.now() then
      refuse("Temporary password has expired and must be reset by an administrator.")
    end
    return challenges.new_password(pool, client, user)
  end
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
  local user = users.find(pool, name) or unknown_user(client)
  check_may_sign_in(user)
  return challenges.password_verifier(client, user, public)
end

local function refresh(pool, client, params)
  local sign_in = tokens.sign_in_of(client, required(params, "REFRESH_TOKEN"))
  local user = users.by_id(sign_in.user) or refuse("Invalid Refresh Token")
  callers.check_secret(client, pool, user.username, params.SECRET_HASH)
  if not user.enabled then refuse("User is disabled.") end
  return { AuthenticationResult = tokens.refresh(pool, client, user, sign_in), ChallengeParameters = {} }
end

local PUBLIC = { USER_PASSWORD_AUTH = sign_in_with_password, USER_SRP_AUTH = sign_in_with_srp,
  REFRESH_TOKEN_AUTH = refresh, REFRESH_TOKEN = refresh }
local ADMIN = { ADMIN_USER_PASSWORD_AUTH = sign_in_with_password, ADMIN_NO_SRP_AUTH = sign_in_with_password,
  USER_SRP_AUTH = sign_in_with_srp, REFRESH_TOKEN_AUTH = refresh, REFRESH_TOKEN = refresh }

local function initiate(flows, pool, client, input)
  local params, name = input.AuthParameters or {}, input.AuthFlow
  local run = flows[name] or bad("Initiate Auth method not supported.")
  if run ~= refresh then
    callers.check_secret(client, pool, required(params, "USERNAME"), params.SECRET_HASH)
  end
  check_flow(client, name == "REFRESH_TOKEN" and "REFRESH_TOKEN_AUTH" or name)
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
  challenge.answer(pool, user, responses, challenge)
  challenges.close(challenge)
  return auth.admit(pool, client, user)
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
  if client.secret and input.ClientSecret ~= client.secret then
    failure("UnauthorizedException", "Invalid client secret.")
  end
  local ok, sign_in = pcall(tokens.sign_in_of, client, input.Token)
  if ok then tokens.revoke(sign_in) end
  return {}
end

return auth
