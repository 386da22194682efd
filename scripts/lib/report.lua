-- SPDX-License-Identifier: MIT
-- What inspect shows: a dossier and its findings as one table for programs (report.view), and that as a page
-- for people (report.page), 100 columns wide. Only fields that are named here are shown: no secret, hash,
-- seed or token is. Pure.
local clock, json = require "clock", require "json"
local keys, lease, standing = require "lib.keys", require "lib.lease", require "lib.standing"

local report = {}


local function time(seconds)
  return seconds and clock.iso8601(seconds) or nil
end


local function pick(source, names)
  local result = {}
  for _, name in ipairs(names) do result[name] = source[name] end
  return result
end


local function user_view(user)
  return { username = user.username, sub = user.sub, status = user.status, enabled = user.enabled,
    email = user.attributes.email, name = user.attributes.name,
    email_verified = user.attributes.email_verified == "true",
    created_at = time(user.created_at), updated_at = time(user.updated_at) }
end


local INTENT <const> = { "signup_id", "step", "sub", "username", "visible_account_id", "stripe_id",
  "payment_method", "card_n", "keys_spent", "card_declined", "card_attached", "code_sent", "code_accepted",
  "revealed", "sign_ups", "created_at" }

local function intent_view(facts)
  local item = facts.intent
  if not item then return json.null end
  local view = pick(item, INTENT)
  view.lease_until = item.lease_until > 0 and time(item.lease_until) or nil
  view.is_leased = lease.holds(item.lease_until, facts.now)
  view.expires_at = time(item.expires_at)
  view.leftovers = item.supersedes and #item.supersedes or 0
  view.stopped_at = item.step ~= "DONE" and item.step ~= "FAILED" and standing.stopped_at(facts) or nil
  return view
end


local ROW <const> = { "email", "name", "organization", "country", "email_verified", "signup_method", "utm",
  "created_at", "updated_at" }
local DETAILS <const> = { "system_account_id", "stripe_id", "cell_id", "limits", "organization", "country",
  "owner", "created_at", "signup_id" }

local function sorted_names(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return json.array(names)
end


local function account_view(account)
  local view = { id = account.id, details = account.details and pick(account.details, DETAILS) or json.null,
    users_with_membership = sorted_names(account.mine), members = sorted_names(account.members),
    api_keys = json.array {} }
  for i, key in ipairs(account.keys) do
    view.api_keys[i] = pick(key, { "name", "prefix", "status", "created_at" })
    view.api_keys[i].id = keys.api_key_in(key.sk)
  end
  return view
end


local function known(value)
  if value ~= json.null then return value end
end


local function customer_view(customer)
  local metadata, settings = customer.metadata or {}, known(customer.invoice_settings) or {}
  return { id = customer.id, email = known(customer.email), name = known(customer.name),
    country = (known(customer.address) or {}).country, created_at = time(customer.created),
    default_payment_method = known(settings.default_payment_method),
    signup_id = metadata.signup_id, sub = metadata.sub, account = metadata.account }
end


local function message_view(message)
  return { kind = message.kind, state = message.state, attempts = message.attempts,
    error_code = message.error_code, created_at = message.created_at,
    next_try = message.state == "PENDING" and time(message.next_try) or nil }
end


local function map(list, fn)
  local result = {}
  for i, entry in ipairs(list) do result[i] = fn(entry) end
  return json.array(result)
end


-- The values of a set, in the order of their names.
local function values(set)
  local list = {}
  for i, name in ipairs(sorted_names(set)) do list[i] = set[name] end
  return list
end


local function rows_view(facts)
  local list = {}
  for i, name in ipairs(sorted_names(facts.rows)) do
    list[i] = pick(facts.rows[name], ROW)
    list[i].sub = name
  end
  return json.array(list)
end


-- Everything that has a time, oldest first.
local function timeline(view)
  local list = {}
  local function add(at, what) if at then list[#list + 1] = { at = at, what = what } end end
  if view.dynamodb.intent ~= json.null then
    local intent = view.dynamodb.intent
    add(intent.created_at, "sign-up " .. intent.signup_id .. " opened; its step is " .. intent.step)
    add(intent.lease_until, intent.is_leased and "its lease ends" or "its lease ran out")
    add(intent.expires_at, "the sign-up is forgotten")
  end
  for _, user in ipairs(view.cognito.users) do
    add(user.created_at, "Cognito user " .. user.username .. " created")
    if user.updated_at ~= user.created_at then
      add(user.updated_at, "Cognito user last changed: " .. user.status)
    end
  end
  for _, row in ipairs(view.dynamodb.users) do
    add(row.created_at, "user record " .. row.sub)
    if row.updated_at ~= row.created_at then add(row.updated_at, "user record last changed") end
  end
  for _, account in ipairs(view.dynamodb.accounts) do
    add(account.details ~= json.null and account.details.created_at, "account " .. account.id)
  end
  for _, customer in ipairs(view.stripe.customers) do
    add(customer.created_at, "Stripe customer " .. customer.id)
  end
  for _, message in ipairs(view.dynamodb.outbox) do
    add(message.created_at, "message kept for later: " .. message.kind)
  end
  for i, entry in ipairs(list) do entry.order = i end
  table.sort(list, function(a, b) return a.at < b.at or a.at == b.at and a.order < b.order end)
  for _, entry in ipairs(list) do entry.order = nil end
  return json.array(list)
end


local FINDING <const> = { "kind", "level", "symptom", "stores", "says", "command", "subject" }

function report.findings(findings)
  return map(findings, function(found) return pick(found, FINDING) end)
end


-- healthy: as diagnosis.is_healthy says.
function report.view(facts, findings, healthy)
  local view = {
    asked = facts.asked, email = facts.email, healthy = healthy, findings = report.findings(findings),
    cognito = { users = map(facts.users, user_view) },
    dynamodb = { intent = intent_view(facts), users = rows_view(facts),
      accounts = map(values(facts.accounts), account_view), outbox = map(facts.outbox, message_view) },
    stripe = { customers = map(values(facts.customers), customer_view), deleted = sorted_names(facts.gone) },
  }
  view.timeline = timeline(view)
  return view
end


return report
