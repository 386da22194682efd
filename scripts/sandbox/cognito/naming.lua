-- SPDX-License-Identifier: MIT
-- How a pool names its users: by an address (the username is then a UUID), by a free username, or by that
-- and aliases. Used where users are made: SignUp and AdminCreateUser.
local crypto = require "crypto"
local attributes = require "sandbox.cognito.attributes"
local users = require "sandbox.cognito.users"
local failure = require "sandbox.failure"

local naming = {}

local function bad(message) failure("InvalidParameterException", message) end

-- Which address attribute a pool of addresses reads the name as.
local function address_kind(pool, name)
  local email, phone = pool.username_attributes.email, pool.username_attributes.phone_number
  if email and attributes.is_email(name) then return "email" end
  if phone and attributes.is_phone(name) then return "phone_number" end
  if email and phone then bad("Username should be either an email or a phone number.") end
  bad(email and "Username should be an email." or "Username should be a phone number.")
end

-- A user not yet stored, from the name and attributes of a request.
function naming.new_user(pool, name, values)
  local sub = crypto.uuid()
  if next(pool.username_attributes) then
    values[address_kind(pool, name)] = name
    return { pool = pool.id, username = sub, sub = sub, attributes = values }
  end
  if pool.alias_attributes.email and attributes.is_email(name) then
    bad("Username cannot be of email format, since user pool is configured for email alias.")
  elseif pool.alias_attributes.phone_number and attributes.is_phone(name) then
    bad("Username cannot be of phone number format, since user pool is configured for phone number alias.")
  end
  return { pool = pool.id, username = users.fold(pool, name), sub = sub, attributes = values }
end

local KINDS = { email = "email", phone_number = "phone number" }

-- Raises when the name is taken. `text` replaces the words.
function naming.check_new(pool, user, name, text)
  if not next(pool.username_attributes) then
    if users.find(pool, name) then failure("UsernameExistsException", text or "User already exists") end
    return
  end
  for attribute in pairs(pool.username_attributes) do
    local value = user.attributes[attribute]
    if value and users.holder(pool, attribute, value) then
      failure("UsernameExistsException", text
        or ("An account with the given %s already exists."):format(KINDS[attribute]))
    end
  end
end

-- The attribute a code can be sent to: of those that the pool verifies, the phone first.
function naming.verifiable(pool, values)
  for _, attribute in ipairs { "phone_number", "email" } do
    if pool.auto_verified[attribute] and (values[attribute] or "") ~= "" then return attribute end
  end
end

return naming
