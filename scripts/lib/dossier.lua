-- SPDX-License-Identifier: MIT
-- Everything that Cognito, DynamoDB and Stripe hold of one person, gathered for people on call (inspect,
-- repair, reconcile). Only reads. diagnosis.lua judges it; report.lua shows it. Functions yield and raise an
-- error that says which store cannot be read.
local clock, cognito, config = require "clock", require "cognito", require "config"
local dynamodb, json = require "dynamodb", require "json"
local stripe, task = require "stripe", require "task"
local billing, clean_email = require "lib.billing", require "lib.validate.email"()
local intent, keys, outbox = require "lib.intent", require "lib.keys", require "lib.outbox"

local dossier = {}

local Unread = { __tostring = function(err) return err.message end }


-- Raises: this store did not answer.
function dossier.unread(store, err)
  local code = err.code or err.kind or err.type or "no answer"
  error(setmetatable({ message = ("%s cannot be read: %s"):format(store, code) }, Unread), 0)
end


-- Nobody can have a name that Cognito calls invalid.
local NOBODY <const> = { UserNotFoundException = true, InvalidParameterException = true }

local function get_user(name)
  local user, err = cognito.admin_get_user(name)
  if not user and not NOBODY[err.code] then dossier.unread("Cognito", err) end
  return user
end


local function get_row(key)
  local row, err = dynamodb.get { key = key, consistent = true }
  if err then dossier.unread("DynamoDB", err) end
  return row
end


local function read_partition(pk)
  local list, request = {}, keys.range { pk = pk }
  repeat
    local page, err = dynamodb.query(request)
    if not page then dossier.unread("DynamoDB", err) end
    table.move(page, 1, #page, #list + 1, list)
    request.start = page.next
  until not page.next
  return list
end


-- Users come from a search that lags and a look-up that does not, so each is kept once.
local function add_user(facts, user)
  if not user or facts.by_username[user.username] then return end
  facts.by_username[user.username] = user
  facts.users[#facts.users + 1] = user
end


local function read_users(facts)
  local found, err = cognito.list_users { filter = cognito.filter("email", "=", facts.email) }
  if not found then dossier.unread("Cognito", err) end
  add_user(facts, get_user(facts.email))
  for _, user in ipairs(found) do
    -- The search may still show one that is deleted.
    if not facts.by_username[user.username] then add_user(facts, get_user(user.username)) end
  end
end


local function read_customers(facts)
  local found, err = billing.customers_of(facts.email)
  if not found then dossier.unread("Stripe", err) end
  for _, customer in ipairs(found) do facts.customers[customer.id] = customer end
end


-- -> customer | nil: there is none, or no longer
local function get_customer(id)
  local customer, err = stripe.retrieve_customer(id)
  if not customer and err.status ~= 404 then dossier.unread("Stripe", err) end
  return customer and not customer.deleted and customer or nil
end


-- One that is named but not among those of the address.
local function read_customer(facts, id)
  if facts.customers[id] or facts.gone[id] then return end
  facts.customers[id] = get_customer(id)
  facts.gone[id] = not facts.customers[id] or nil
end


local function account_of(facts, id)
  local account = facts.accounts[id]
  if not account then
    account = { id = id, mine = {}, members = {}, keys = {} }
    facts.accounts[id] = account
  end
  return account
end


-- The user's partition: the record and the memberships.
local function read_user_rows(facts, name)
  for _, row in ipairs(read_partition(keys.user(name).pk)) do
    local account_id = keys.account_in(row.sk)
    if row.sk == "DETAILS" then facts.rows[name] = row end
    if account_id then account_of(facts, account_id).mine[name] = row end
  end
end


local function read_account_rows(account)
  for _, row in ipairs(read_partition(keys.account(account.id).pk)) do
    local username = keys.user_in(row.sk)
    if row.sk == "DETAILS" then account.details = row end
    if username then account.members[username] = row end
    if keys.api_key_in(row.sk) then account.keys[#account.keys + 1] = row end
  end
end


local function for_each(set, fn)
  local jobs = {}
  for name, value in pairs(set) do jobs[#jobs + 1] = function() fn(name, value) end end
  task.all(jobs)
end


-- Whoever is named anywhere: username or sub -> true.
local function names_of(facts)
  local names = {}
  for _, user in ipairs(facts.users) do
    names[user.username] = true
    if user.sub then names[user.sub] = true end
  end
  local item = facts.intent
  if item and item.sub then names[item.sub], names[item.username] = true, true end
  for _, customer in pairs(facts.customers) do
    local sub = customer.metadata and customer.metadata.sub
    if sub then names[sub] = true end
  end
  if facts.asked_name then names[facts.asked_name] = true end
  return names
end


local function read_tables(facts)
  for_each(names_of(facts), function(name)
    read_user_rows(facts, name)
    if not facts.by_username[name] then facts.absent[name] = true end
  end)
  if facts.intent then account_of(facts, facts.intent.visible_account_id) end
  if facts.asked_account then account_of(facts, facts.asked_account) end
  for _, customer in pairs(facts.customers) do
    local id = customer.metadata and customer.metadata.account
    if id then account_of(facts, id) end
  end
  for_each(facts.accounts, function(_, account) read_account_rows(account) end)
end


local function has_rows(facts, name)
  if facts.rows[name] then return true end
  for _, account in pairs(facts.accounts) do
    if account.mine[name] then return true end
  end
  return false
end


-- A record whose user is not among those of the address may have one with another address by now.
local function settle_absent(facts)
  for_each(facts.absent, function(name)
    if has_rows(facts, name) then add_user(facts, get_user(name)) end
  end)
end


local function read_named_customers(facts)
  local ids = { [facts.intent and facts.intent.stripe_id or false] = true }
  for _, account in pairs(facts.accounts) do
    ids[account.details and account.details.stripe_id or false] = true
  end
  ids[false] = nil
  for_each(ids, function(id) read_customer(facts, id) end)
end


local function read_outbox(facts)
  local subs = {}
  for _, user in ipairs(facts.users) do subs[user.sub or false] = true end
  if facts.intent and facts.intent.sub then subs[facts.intent.sub] = true end
  if next(subs) == nil then return end
  local list, err = outbox.list(subs)
  if not list then dossier.unread("DynamoDB", err) end
  facts.outbox = list
end


local function find_intent(facts)
  local item, err = intent.find(facts.email)
  if err then dossier.unread("DynamoDB", err) end
  facts.intent = item
end


-- Accounts that nothing of this person belongs to came along with a customer or an intent only.
local function drop_strangers(facts)
  for id, account in pairs(facts.accounts) do
    if not account.details and next(account.mine) == nil and next(account.members) == nil then
      facts.accounts[id] = nil
    end
  end
end


-- What an argument of a command means -> email | nil, and a name or account that leads to no address.
local function resolve(facts, asked)
  if asked:find("@", 1, true) then return clean_email(asked) or asked:lower() end
  local id = keys.user_in(asked) or keys.account_in(asked) or asked
  if id:find("^cus_") then
    local customer = get_customer(id)
    facts.customers[id] = customer
    return customer and customer.email ~= json.null and customer.email or nil
  end
  local details = get_row(keys.account(id))
  if details then facts.asked_account = id end
  local name = details and details.owner or id
  local user, row = get_user(name), get_row(keys.user(name))
  if row or details or not user then facts.asked_name = name end -- a membership may be all that is left
  return user and user.attributes.email or row and row.email
end


local function empty(asked)
  return {
    asked = asked, now = clock.now(), pool = config.cognito.user_pool_id, max_cards = config.signup.max_cards,
    too_long = config.signup.ttl, orphan_after = 0,
    users = {}, by_username = {}, absent = {}, rows = {}, accounts = {}, customers = {}, gone = {},
    outbox = {},
  }
end


-- asked: an address, a sub or username, an account, a customer -> facts, of which diagnosis.lua says more.
-- options: too_long = seconds after which nobody enters a code any more, orphan_after = seconds that a
-- customer without an account is left alone.
function dossier.gather(asked, options)
  local facts = empty(asked)
  for name, value in pairs(options or {}) do facts[name] = value end
  facts.email = resolve(facts, asked)
  if facts.email then
    task.all {
      function() find_intent(facts) end,
      function() read_users(facts) end,
      function() read_customers(facts) end,
    }
  end
  read_tables(facts)
  settle_absent(facts)
  read_named_customers(facts)
  read_outbox(facts)
  drop_strangers(facts)
  return facts
end


-- The same for one user of a page of the pool, with few calls: what they lead to, and nothing by search.
function dossier.glance(user, options)
  local facts = empty(user.username)
  for name, value in pairs(options or {}) do facts[name] = value end
  facts.email = user.attributes.email
  add_user(facts, user)
  if facts.email then find_intent(facts) end
  read_tables(facts)
  read_named_customers(facts)
  drop_strangers(facts)
  return facts
end


return dossier
