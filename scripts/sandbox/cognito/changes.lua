-- SPDX-License-Identifier: MIT
-- A user's attributes change, by the user or an administrator: what is so at once, which address gets a code, and what
-- waits for that code where the pool wants it first.
local codes = require "sandbox.cognito.codes"
local db = require "sandbox.cognito.tables"
local delivery = require "sandbox.cognito.delivery"
local users = require "sandbox.cognito.users"
local json = require "json"

local changes = {}

db:exec [[
  CREATE TABLE IF NOT EXISTS cognito_pending (
    user INTEGER NOT NULL,
    attribute TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (user, attribute)
  );
]]

-- Takes out of `values` the addresses that must be proved before they count -> table attribute -> value
local function take_waiting(pool, user, values)
  local waiting = {}
  for _, attribute in ipairs((pool.settings.UserAttributeUpdateSettings or {}).AttributesRequireVerificationBeforeUpdate
    or {}) do
    local value = values[attribute]
    local changed = value and value ~= "" and value ~= user.attributes[attribute]
    if changed and values[attribute .. "_verified"] ~= "true" then
      waiting[attribute], values[attribute] = value, nil
    end
  end
  return waiting
end

-- A code to prove `value` with, by which the user would have it.
function changes.send_code(pool, user, attribute, value)
  local code = codes.issue(user, "verify_" .. attribute, attribute)
  return delivery.send_code.verify(pool, { username = user.username, attributes = { [attribute] = value } }, attribute,
    code)
end

-- -> the CodeDeliveryDetails of the codes that were sent
function changes.apply(pool, user, values)
  users.check_free(pool, values, user)
  local before = { email = user.attributes.email, phone_number = user.attributes.phone_number }
  local to_prove = take_waiting(pool, user, values)
  for attribute, value in pairs(to_prove) do
    db:run("INSERT OR REPLACE INTO cognito_pending (user, attribute, value) VALUES (?, ?, ?)", user.id, attribute,
      value)
  end
  users.apply(user, values)
  users.save(pool, user)
  for attribute in pairs(pool.auto_verified) do
    local value = user.attributes[attribute]
    if value ~= before[attribute] and user.attributes[attribute .. "_verified"] ~= "true" then
      to_prove[attribute] = to_prove[attribute] or value
    end
  end
  local list = json.array {}
  for _, attribute in ipairs { "email", "phone_number" } do
    local value = to_prove[attribute]
    if value then list[#list + 1] = changes.send_code(pool, user, attribute, value) end
  end
  return list
end

-- Raises unless `code` is the one that went to the user's address of this kind.
function changes.prove(pool, user, attribute, code)
  codes.check(user, "verify_" .. attribute, code)
  local row = db:row("SELECT value FROM cognito_pending WHERE user = ? AND attribute = ?", user.id, attribute)
  if row then
    users.check_free(pool, { [attribute] = row.value }, user)
    users.apply(user, { [attribute] = row.value })
    db:run("DELETE FROM cognito_pending WHERE user = ? AND attribute = ?", user.id, attribute)
  end
  users.verify(pool, user, attribute)
  users.save(pool, user)
  codes.spend(user, "verify_" .. attribute)
end

return changes
