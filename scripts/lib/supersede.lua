-- SPDX-License-Identifier: MIT
-- An earlier sign-up of the same address that nobody confirmed gives way: its user, its rows and its Stripe
-- customer are removed, never handed over. What must go is kept in the new intent until it is gone, so that
-- a crash in the middle leaves nothing. Only users that Cognito calls UNCONFIRMED come here, and only under
-- the intent's lease.
local cognito, dynamodb, stripe = require "cognito", require "dynamodb", require "stripe"
local billing, keys, trouble = require "lib.billing", require "lib.keys", require "lib.trouble"

local supersede = {}


-- -> the list for the new intent: what the old one made, and what it had not removed yet itself.
-- user: what Cognito says now, or nil. Of an account that was once confirmed nothing is touched.
function supersede.left_by(old, user)
  local list = {}
  for i, entry in ipairs(old.supersedes or {}) do list[i] = entry end
  if user or not old.code_accepted then
    list[#list + 1] = {
      signup_id = old.signup_id, email = old.form.email, stripe_id = old.stripe_id,
      sub = user and user.sub or old.sub, username = user and user.username or old.username,
    }
  end
  return list
end


-- -> the entry for a user that no intent knows.
function supersede.stranger(user)
  return { email = user.attributes.email, sub = user.sub, username = user.username }
end


-- signup.cognito: options of its calls, where a trigger works for another pool than the settings name.
-- Who has been confirmed since the intent was read is nobody's to delete, nor is whom an operator has disabled.
local function delete_user(signup, entry)
  if not entry.username then return end
  local user, problem = cognito.admin_get_user(entry.username, signup.cognito)
  if not user then
    if problem.code == "UserNotFoundException" then return end
    trouble.stop(signup, "supersede", problem)
  end
  if user.status ~= "UNCONFIRMED" or user.enabled == false then
    signup.discard_intent = true
    trouble.refuse(signup, "supersede", 409, "account_exists")
  end
  local ok, err = cognito.admin_delete_user(entry.username, signup.cognito)
  if not ok and err.code ~= "UserNotFoundException" then trouble.stop(signup, "supersede", err) end
end


-- All records that begin as the key does.
local function query(signup, key)
  local list, err = dynamodb.query(keys.range(key))
  if not list then trouble.stop(signup, "supersede", err, "USER") end
  return list
end


-- The rows of the user and of the accounts that are theirs alone -> list of keys, set of Stripe ids.
local function collect_rows(signup, entry)
  local rows, customers = { keys.user(entry.sub) }, {}
  for _, membership in ipairs(query(signup, keys.membership(entry.username, ""))) do
    rows[#rows + 1] = keys.of(membership)
    for _, row in ipairs(membership.role == "OWNER" and query(signup, { pk = membership.sk }) or {}) do
      rows[#rows + 1] = keys.of(row)
      if row.stripe_id then customers[row.stripe_id] = true end
    end
  end
  return rows, customers
end


-- A customer whose id was lost on the way is found by the sign-up that it names.
local function add_lost_customers(signup, entry, customers)
  if entry.stripe_id then customers[entry.stripe_id] = true end
  if next(customers) or not entry.signup_id or not entry.sub then return end
  local id, err = billing.find_customer(entry.email, entry.signup_id)
  if err then trouble.stop(signup, "supersede", err, "ACCOUNT") end
  if id then customers[id] = true end
end


local function delete_customers(signup, customers)
  for id in pairs(customers) do
    local ok, err = stripe.delete_customer(id)
    if not ok and err.status ~= 404 then trouble.stop(signup, "supersede", err, "ACCOUNT") end
  end
end


-- Removes everything of one entry. The user goes first: from then on nobody can confirm it. The rows go
-- last: they say which customer is theirs.
function supersede.remove(signup, entry)
  delete_user(signup, entry)
  local rows, customers = {}, {}
  if entry.sub then rows, customers = collect_rows(signup, entry) end
  add_lost_customers(signup, entry, customers)
  delete_customers(signup, customers)
  if #rows == 0 then return end
  local ok, err = dynamodb.batch_write { delete = rows }
  if not ok then trouble.stop(signup, "supersede", err, "USER") end
end


-- Step: all that this intent has to remove.
function supersede.clean(signup)
  local list = signup.intent.supersedes
  if not list then return end
  for _, entry in ipairs(list) do supersede.remove(signup, entry) end
  return { superseded = #list }, { "supersedes" }
end


return supersede
