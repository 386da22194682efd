-- SPDX-License-Identifier: MIT
-- The walks of `usher reconcile`: all users of the pool, all rows of the table, all customers, page by page.
-- A phase = { name, page(cursor) -> list, next cursor | nil, suspect(item, options) -> what to inspect | nil }.
-- A suspect is only that: the whole dossier decides. Cursors are plain values, so that a state file can keep
-- them. Functions yield and raise what dossier.lua raises.
local cognito, dynamodb, stripe = require "cognito", require "dynamodb", require "stripe"
local clock, diagnosis = require "clock", require "lib.diagnosis"
local dossier, keys, lease = require "lib.dossier", require "lib.keys", require "lib.lease"

local USERS <const>, ROWS <const>, CUSTOMERS <const> = 20, 50, 50


local function users(cursor)
  local page, err = cognito.list_users { limit = USERS, token = cursor }
  -- A token of a state file may be too old: this phase begins again.
  if not page and cursor and err.code == "InvalidParameterException" then return users(nil) end
  if not page then dossier.unread("Cognito", err) end
  return page, page.next
end


local function suspect_user(user, options)
  local facts = dossier.glance(user, options)
  return not diagnosis.is_healthy((diagnosis.of(facts))) and user.username or nil
end


local function rows(cursor)
  local page, err = dynamodb.scan { limit = ROWS, start = cursor }
  if not page then dossier.unread("DynamoDB", err) end
  return page, page.next
end


-- The rows of one user come one after the other: the last one is remembered.
local last = {}

local function has_user(name)
  if last.name == name then return last.known end
  local user, err = cognito.admin_get_user(name)
  if not user and err.code ~= "UserNotFoundException" then dossier.unread("Cognito", err) end
  last = { name = name, known = user ~= nil }
  return last.known
end


local function has_row(key)
  local row, err = dynamodb.get { key = key, consistent = true }
  if err then dossier.unread("DynamoDB", err) end
  return row ~= nil
end


local function suspect_intent(item)
  local is_over = item.step == "DONE" or item.step == "FAILED"
  if lease.holds(item.lease_until, clock.now()) or is_over and not item.supersedes then return nil end
  return item.form.email
end


-- Of users that Cognito knows, the first phase has seen everything that they lead to.
local function suspect_row(row)
  local owner, id = keys.user_in(row.pk), keys.account_in(row.pk)
  local member = keys.user_in(row.sk)
  if row.sk == "INTENT" then return suspect_intent(row) end
  if row.pk == keys.outbox("DEAD", "", "").pk then return row.about.username end
  if owner then return not has_user(owner) and owner or nil end -- the record, or a membership
  if id and row.sk == "DETAILS" then return not has_row(keys.member(id, row.owner or "")) and id or nil end
  if id and member then return not has_row(keys.membership(member, id)) and id or nil end
end


local function customers(cursor)
  local page, err = stripe.list_customers { limit = CUSTOMERS, starting_after = cursor }
  if not page then dossier.unread("Stripe", err) end
  return page.data, page.has_more and page.data[#page.data].id or nil
end


local function suspect_customer(customer, options)
  local metadata = customer.metadata or {}
  if not metadata.signup_id or customer.created > clock.now() - options.orphan_after then return nil end
  local account, err = dynamodb.get { key = keys.account(metadata.account or ""), consistent = true }
  if err then dossier.unread("DynamoDB", err) end
  return not (account and account.stripe_id == customer.id) and customer.id or nil
end


return {
  { name = "users", page = users, suspect = suspect_user },
  { name = "rows", page = rows, suspect = suspect_row },
  { name = "customers", page = customers, suspect = suspect_customer },
}
