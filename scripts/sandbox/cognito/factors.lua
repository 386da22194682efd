-- SPDX-License-Identifier: MIT
-- Second factors of users, as stored: an authenticator app, or text messages. auth.lua asks whether a sign-in needs
-- one, challenges.lua takes the answer, mfa.lua sets them up.
local json = require "json"
local codes = require "sandbox.cognito.codes"
local db = require "sandbox.cognito.tables"
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

function factors.check_sms(user, code)
  codes.check(user, "mfa", code)
  codes.spend(user, "mfa")
end

return factors
