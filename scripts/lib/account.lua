-- SPDX-License-Identifier: MIT
-- What DynamoDB holds of a customer: the user record, and account, both memberships and the default API key,
-- which appear together or not at all. Everything comes from the intent, so that each repetition is the same
-- bytes.
local clock, dynamodb = require "clock", require "dynamodb"
local api_key, billing = require "lib.api_key", require "lib.billing"
local keys, trouble = require "lib.keys", require "lib.trouble"

local account = {}

local ROLE <const>, STATUS <const> = "OWNER", "ACTIVE"


local function profile(intent)
  local form = intent.form
  return { email = form.email, name = form.name, organization = form.organization, country = form.country,
    utm = form.utm, profile_complete = intent.profile_complete }
end


-- Step: the user record, made or brought up to date; what is known better by now is left alone.
function account.put_user(signup)
  local intent = signup.intent
  local set = profile(intent)
  set.updated_at = intent.created_at
  local ok, err = dynamodb.update {
    key = keys.user(intent.sub), set = set,
    set_once = { signup_method = signup.method, created_at = intent.created_at,
      email_verified = intent.confirmed == true and not intent.unverified },
  }
  if not ok then trouble.stop(signup, "user", err, "USER") end
end


-- The user record learns that the address is confirmed; one that is missing is made. -> true | nil, err
function account.set_verified(intent, method)
  local once = profile(intent)
  once.signup_method, once.created_at = method, intent.created_at
  return dynamodb.update {
    key = keys.user(intent.sub), set_once = once,
    set = { email_verified = true, updated_at = clock.iso8601() },
  }
end


-- Step: the same.
function account.mark_verified(signup)
  local ok, err = account.set_verified(signup.intent, signup.method)
  if not ok then trouble.stop(signup, "user", err, "USER") end
end


-- All records that begin as the key does, or the first of them.
local function rows(signup, step, key, limit)
  local request = keys.range(key)
  request.limit = limit
  local list, err = dynamodb.query(request)
  if not list then trouble.stop(signup, step, err) end
  return list
end


-- Does this user belong to any account?
function account.exists(signup, username)
  return #rows(signup, "cognito", keys.membership(username, ""), 1) > 0
end


-- The account that this user owns; the first of several. -> visible_account_id | nil
function account.owned_by(signup, username)
  signup.at = "account"
  for _, membership in ipairs(rows(signup, "account", keys.membership(username, ""))) do
    local owns = membership.role == ROLE and membership.status == STATUS
    if owns then return keys.account_in(membership.sk) end
  end
end


-- Is nothing left of this account, the memberships of its users aside?
function account.is_gone(signup, visible_account_id)
  return #rows(signup, "account", { pk = keys.account(visible_account_id).pk }, 1) == 0
end


-- All that an account is, as records. -> list: account, membership, the other way, API key
function account.records(signup)
  local intent = signup.intent
  local id, plan = intent.visible_account_id, intent.plan
  return {
    keys.record(keys.account(id), {
      system_account_id = intent.system_account_id, stripe_id = intent.stripe_id, cell_id = plan.cell_id,
      limits = plan.limits, organization = intent.form.organization, country = intent.form.country,
      owner = intent.sub, created_at = intent.created_at, signup_id = intent.signup_id,
      profile_complete = intent.profile_complete,
    }),
    keys.record(keys.membership(intent.username, id), {
      role = ROLE, status = STATUS, system_account_id = intent.system_account_id,
      cloud_provider = plan.cloud_provider,
    }),
    keys.record(keys.member(id, intent.username), {
      role = ROLE, status = STATUS, email = intent.form.email, signup_method = signup.method,
    }),
    api_key.record(intent),
  }
end


local function is_done_already(signup)
  local now = dynamodb.get { key = keys.of(signup.intent), consistent = true }
  return now ~= nil and now.signup_id == signup.intent.signup_id and now.step == "DONE"
end


-- Step: the closing transaction. It also makes the intent DONE, so that both are true or neither.
-- there: function(record) -> is it there already, when an account that lost records is made whole | nil
function account.open(signup, there)
  local items, intent = {}, signup.intent
  local done = { step = "DONE", card_attached = billing.has_card(intent) }
  -- A Google user's address is taken as long as the user is there, and Cognito may not say so: the intent stays.
  local over = intent.method == "google" and { "card", "expires_at" } or { "card" }
  for _, record in ipairs(account.records(signup)) do
    if not (there and there(record)) then
      items[#items + 1] = { put = { item = record, condition = "attribute_not_exists(pk)" } }
    end
  end
  items[#items + 1] = { update = signup:closing(done, over) }

  local ok, err = dynamodb.transact_write { items = items, token = signup.intent.transaction_token }
  if not ok and not is_done_already(signup) then
    signup.metric_in_doubt = "SIGNUP_SUCCESS"
    trouble.stop(signup, "account", err, "ACCOUNT")
  end
  signup:closed(done)
  -- A condition that fails although all is done says that it was done, and counted, before.
  if ok or err.code ~= "TransactionCanceledException" then signup:count("SIGNUP_SUCCESS") end
end


return account
