-- SPDX-License-Identifier: MIT
-- Six digits sent to somebody's address: made, compared, spent; and how often a user may try within an
-- hour.
local crypto = require "crypto"
local db = require "sandbox.cognito.tables"
local failure = require "sandbox.failure"
local time = require "sandbox.time"

local codes = {}

local HOUR = 3600
local LIFETIMES = { sign_up = 24 * HOUR, forgot = HOUR, verify_email = 24 * HOUR, verify_phone_number = 24 * HOUR,
  SMS_MFA = HOUR / 20, SMS_OTP = HOUR / 20, EMAIL_OTP = HOUR / 20 }
-- What one user may do in an hour.
local HOURLY = { confirm = 15, resend = 5, forgot = 5, confirm_forgot = 15, change_password = 5, verify = 15 }

local function row_of(user, purpose)
  return db:row("SELECT * FROM cognito_codes WHERE user = ? AND purpose = ?", user.id, purpose)
end

-- A new code; the previous one of the same purpose is superseded.
function codes.issue(user, purpose, attribute)
  local previous = row_of(user, purpose)
  local superseded = previous and previous.superseded .. " " .. previous.code or ""
  local code
  repeat
    code = crypto.random_string(6, "0123456789")
  until not superseded:find(code, 1, true)
  db:run([[INSERT OR REPLACE INTO cognito_codes (user, purpose, attribute, code, superseded, expires_at)
    VALUES (?, ?, ?, ?, ?, ?)]],
    user.id, purpose, attribute, code, superseded, time.now() + LIFETIMES[purpose])
  return code
end

function codes.expired()
  failure("ExpiredCodeException", "Invalid code provided, please request a code again.")
end

function codes.mismatch()
  failure("CodeMismatchException", "Invalid verification code provided, please try again.")
end

function codes.is_current(user, purpose, given)
  local row = row_of(user, purpose)
  return row ~= nil and row.expires_at > time.now() and crypto.equal(row.code, given)
end

-- Raises unless `given` is the current code; returns the attribute it was sent to.
function codes.check(user, purpose, given)
  local row = row_of(user, purpose)
  if not row or row.expires_at <= time.now() then codes.expired() end
  if crypto.equal(row.code, given) then return row.attribute end
  if #given == 6 and row.superseded:find(given, 1, true) then codes.expired() end
  codes.mismatch()
end

function codes.spend(user, purpose)
  db:run("DELETE FROM cognito_codes WHERE user = ? AND purpose = ?", user.id, purpose)
end

-- Counts one try of this kind; raises when the hour's are used up.
function codes.count_attempt(user, kind)
  local now = time.now()
  db:run("DELETE FROM cognito_attempts WHERE user = ? AND kind = ? AND at <= ?", user.id, kind, now - HOUR)
  local row = db:row("SELECT count(*) AS n FROM cognito_attempts WHERE user = ? AND kind = ?", user.id, kind)
  if row.n >= HOURLY[kind] then
    failure("LimitExceededException", "Attempt limit exceeded, please try after some time.")
  end
  db:run("INSERT INTO cognito_attempts (user, kind, at) VALUES (?, ?, ?)", user.id, kind, now)
end

return codes
