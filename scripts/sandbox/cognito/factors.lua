-- SPDX-License-Identifier: MIT
-- Second factors of users, as stored: an authenticator app, or text messages; and the first factors that users may
-- choose. auth.lua asks whether a sign-in needs one, challenges.lua takes the answer, mfa.lua sets them up.
local json = require "json"
local codes = require "sandbox.cognito.codes"
local db = require "sandbox.cognito.tables"
local delivery = require "sandbox.cognito.delivery"
local totp = require "sandbox.cognito.totp"
local failure = require "sandbox.failure"
local time = require "sandbox.time"

local factors = { APP = "SOFTWARE_TOKEN_MFA", SMS = "SMS_MFA" }

local APP <const>, SMS <const> = factors.APP, factors.SMS

db:exec [[
  CREATE TABLE IF NOT EXISTS cognito_mfa (
    user INTEGER PRIMARY KEY,
    pending TEXT,
    secret TEXT,
    last_step INTEGER NOT NULL DEFAULT 0,
    app INTEGER NOT NULL DEFAULT 0,
    sms INTEGER NOT NULL DEFAULT 0,
    preferred TEXT
  );
]]

function factors.of(user)
  return db:row("SELECT * FROM cognito_mfa WHERE user = ?", user.id)
    or { user = user.id, last_step = 0, app = 0, sms = 0 }
end

function factors.save(row)
  db:run([[INSERT OR REPLACE INTO cognito_mfa (user, pending, secret, last_step, app, sms, preferred)
    VALUES (?, ?, ?, ?, ?, ?, ?)]], row.user, row.pending, row.secret, row.last_step, row.app, row.sms, row.preferred)
end

-- -> the names of a user's factors | nil, the preferred one | nil
local function enabled(user)
  local row, list = factors.of(user), json.array {}
  if row.app ~= 0 then list[#list + 1] = APP end
  if row.sms ~= 0 then list[#list + 1] = SMS end
  return list[1] and list or nil, row.preferred
end

-- A description of the user, with the factors where there are some.
function factors.show(user, description)
  description.UserMFASettingList, description.PreferredMfaSetting = enabled(user)
  return description
end

function factors.takes_apps(pool)
  return (pool.settings.SoftwareTokenMfaConfiguration or {}).Enabled == true
end

-- What a sign-in must do beside its password: the name of a challenge | nil
function factors.needed(pool, user)
  local mode = pool.settings.MfaConfiguration or "OFF"
  if mode == "OFF" then return nil end
  local list, preferred = enabled(user)
  if list then return preferred or list[1] end
  if mode ~= "ON" then return nil end
  if pool.settings.SmsMfaConfiguration and user.attributes.phone_number then return SMS end
  if factors.takes_apps(pool) then return "MFA_SETUP" end
end

-- Raises unless `code` is of this moment and was not used before.
function factors.check_app(user, code)
  local row = factors.of(user)
  local step = row.secret and totp.step_of(row.secret, code, time.now())
  if not step then failure("CodeMismatchException", "Invalid code received for user") end
  if step <= row.last_step then
    failure("ExpiredCodeException", "Your software token has already been used once.")
  end
  row.last_step = step
  factors.save(row)
end

-- The factors that are codes sent to an attribute.
local SENT_TO <const> = { SMS_MFA = "phone_number", SMS_OTP = "phone_number", EMAIL_OTP = "email" }

-- -> where a new code went, as challenges say it | nil: nothing is sent for this factor
function factors.send_code(pool, user, name)
  local attribute = SENT_TO[name]
  if not attribute then return nil end
  local sent = delivery.send_code.sign_in(pool, user, attribute, codes.issue(user, name, attribute))
  return { CODE_DELIVERY_DELIVERY_MEDIUM = sent.DeliveryMedium, CODE_DELIVERY_DESTINATION = sent.Destination }
end

function factors.check_code(user, name, code)
  if not codes.is_current(user, name, code) then
    failure("CodeMismatchException", "Invalid code or auth state for the user.")
  end
  codes.spend(user, name)
end

-- What may come first where people choose. A code alone will not do for those who need a second factor.
function factors.first(pool, user)
  local list = json.array {}
  if user.verifier then list[1] = "PASSWORD" end
  if factors.needed(pool, user) then return list end
  for _, name in ipairs(((pool.settings.Policies or {}).SignInPolicy or {}).AllowedFirstAuthFactors or {}) do
    if SENT_TO[name] and user.attributes[SENT_TO[name]] then list[#list + 1] = name end
  end
  return list
end

function factors.is_first(pool, user, name)
  for _, known in ipairs(factors.first(pool, user)) do
    if known == name then return true end
  end
  return false
end

return factors
