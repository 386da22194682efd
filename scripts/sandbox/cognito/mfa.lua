-- SPDX-License-Identifier: MIT
-- Setting second factors up: a user's app and preference, and what the pool takes.
local account = require "sandbox.cognito.account"
local factors = require "sandbox.cognito.factors"
local pools = require "sandbox.cognito.pools"
local sessions = require "sandbox.cognito.sessions"
local totp = require "sandbox.cognito.totp"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"
local time = require "sandbox.time"

local mfa = { operations = {} }
local operations = mfa.operations

-- Who is setting up: by access token, or in the middle of a sign-in. -> user, pool, what gives the next session
local function who(input)
  if input.AccessToken then
    local user, pool = account.holder(input)
    return user, pool, function() end
  end
  if not input.Session then failure("InvalidParameterException", "Either AccessToken or Session is required.") end
  local session = sessions.open(input.Session, "MFA_SETUP")
  local client, pool = pools.client(session.client)
  local user = users.by_id(session.user) or failure("UserNotFoundException", "User does not exist.")
  return user, pool, function(data)
    sessions.close(session)
    return sessions.keep(client, user, "MFA_SETUP", data)
  end
end

function operations.AssociateSoftwareToken(input)
  local user, pool, next_session = who(input)
  if not factors.takes_apps(pool) then
    failure("SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled by the userPool.")
  end
  local row = factors.of(user)
  row.pending = totp.new_secret()
  factors.save(row)
  return { SecretCode = row.pending, Session = next_session {} }
end

-- In a pool that wants a second factor of everybody, the app is it from now on.
function operations.VerifySoftwareToken(input)
  local user, pool, next_session = who(input)
  local row = factors.of(user)
  local step = row.pending and totp.step_of(row.pending, input.UserCode, time.now())
  if not step then failure("EnableSoftwareTokenMFAException", "Code mismatch") end
  row.secret, row.pending, row.last_step = row.pending, nil, step
  if pool.settings.MfaConfiguration == "ON" then row.app, row.preferred = 1, row.preferred or factors.APP end
  factors.save(row)
  return { Status = "SUCCESS", Session = next_session { verified = true } }
end

local function prefer(row, name, member, wish)
  if not wish then return end
  row[member] = wish.Enabled and 1 or 0
  if wish.Enabled and wish.PreferredMfa then row.preferred = name
  elseif row.preferred == name then row.preferred = nil end
end

local function set_preference(user, input)
  local row, app, sms = factors.of(user), input.SoftwareTokenMfaSettings, input.SMSMfaSettings
  if app and app.Enabled and not row.secret then
    failure("InvalidParameterException", "User has not verified software token mfa")
  end
  if sms and sms.Enabled and not user.attributes.phone_number then
    failure("InvalidParameterException", "User does not have delivery config set to turn on SMS_MFA")
  end
  prefer(row, factors.APP, "app", app)
  prefer(row, factors.SMS, "sms", sms)
  factors.save(row)
  return {}
end

function operations.SetUserMFAPreference(input)
  return set_preference(account.holder(input), input)
end

function operations.AdminSetUserMFAPreference(input)
  return set_preference(users.get(pools.get(input.UserPoolId), input.Username), input)
end

-- --- the pool's ---

local CONFIGURATIONS = { "SmsMfaConfiguration", "SoftwareTokenMfaConfiguration", "EmailMfaConfiguration",
  "WebAuthnConfiguration" }

local function shown(pool)
  local result = { MfaConfiguration = pool.settings.MfaConfiguration or "OFF" }
  for _, name in ipairs(CONFIGURATIONS) do result[name] = pool.settings[name] end
  return result
end

function operations.GetUserPoolMfaConfig(input)
  return shown(pools.get(input.UserPoolId))
end

function operations.SetUserPoolMfaConfig(input)
  local pool = pools.get(input.UserPoolId)
  local mode = input.MfaConfiguration or "OFF"
  if mode ~= "OFF" and not (input.SmsMfaConfiguration or input.SoftwareTokenMfaConfiguration
    or input.EmailMfaConfiguration) then
    failure("InvalidParameterException",
      "At least one of [SmsMfaConfiguration] or [SoftwareTokenMfaConfiguration] must be provided.")
  end
  if input.SmsMfaConfiguration and not input.SmsMfaConfiguration.SmsConfiguration then
    failure("InvalidParameterException",
      "[SmsConfiguration] is a required member of [SoftwareTokenMfaConfiguration].") -- the service's own slip
  end
  pool.settings.MfaConfiguration = mode
  for _, name in ipairs(CONFIGURATIONS) do pool.settings[name] = input[name] end
  return shown(pools.save(pool))
end

return mfa
