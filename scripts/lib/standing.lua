-- SPDX-License-Identifier: MIT
-- What a dossier says of the person, worked out once for all rules of diagnosis.lua and for repair.lua: who
-- the user is, which records are theirs, how far the sign-up came. Pure: no I/O.
local lease = require "lib.lease"

local standing = {}

local FINISHED <const> = { DONE = true, FAILED = true }


local function pick_users(facts)
  local native, external
  for _, user in ipairs(facts.users) do
    if user.status == "EXTERNAL_PROVIDER" then
      external = external or user
    else
      native = native or user
    end
  end
  return native, external
end


-- Accounts that the user owns or is a member of, in a fixed order.
local function own_accounts(facts, user)
  local list = {}
  for _, account in pairs(facts.accounts) do
    local owner = account.details and account.details.owner
    if owner == user.sub or account.mine[user.username] or account.members[user.username] then
      list[#list + 1] = account
    end
  end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end


-- The first step that has left no trace.
function standing.stopped_at(facts)
  local intent = facts.intent
  if intent.supersedes then return "supersede" end
  if not intent.sub then return "cognito" end
  if not facts.rows[intent.sub] then return "user" end
  if not intent.stripe_id then return "stripe" end
  if intent.plan.attach == "at_signup" and not intent.card_attached then return "card" end
  return "account"
end


-- Ids of customers that some account, or a sign-up that is not over, counts on.
local function wanted_customers(facts)
  local wanted, intent = {}, facts.intent
  for _, account in pairs(facts.accounts) do
    if account.details and account.details.stripe_id then wanted[account.details.stripe_id] = true end
  end
  if intent and not FINISHED[intent.step] and intent.stripe_id then wanted[intent.stripe_id] = true end
  return wanted
end


-- Customers that a sign-up made and nothing counts on. One of a sign-up under way may be its own.
function standing.orphans(facts)
  local list, wanted, intent = {}, wanted_customers(facts), facts.intent
  for id, customer in pairs(facts.customers) do
    local made_by = customer.metadata and customer.metadata.signup_id
    local under_way = intent and not FINISHED[intent.step] and intent.signup_id == made_by
    local is_old = customer.created <= facts.now - facts.orphan_after
    if made_by and is_old and not wanted[id] and not under_way then
      list[#list + 1] = customer
    end
  end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end


-- -> { user, native, external, row, accounts, account, intent, confirmed, unfinished, leased, own_intent }
function standing.of(facts)
  local native, external = pick_users(facts)
  local user, intent = native or external, facts.intent
  local is = { native = native, external = external, user = user, intent = intent, accounts = {} }
  if user then
    is.confirmed = user.status ~= "UNCONFIRMED"
    is.verified = user.attributes.email_verified == "true"
    is.row = facts.rows[user.sub]
    is.accounts = own_accounts(facts, user)
    for _, account in ipairs(is.accounts) do
      if account.details then is.account = is.account or account end
    end
  end
  if intent then
    is.leased = lease.holds(intent.lease_until, facts.now) and not facts.ignore_lease
    is.unfinished = not FINISHED[intent.step]
    is.own_intent = user ~= nil and intent.sub == user.sub
  end
  return is
end


return standing
