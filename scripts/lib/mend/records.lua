-- SPDX-License-Identifier: MIT
-- Mending single records, for sign-ups that are over: conditional writes that need no lease.
-- Actions of repair.lua; see mend/common.lua.
local clock, config = require "clock", require "config"
local dynamodb, stripe = require "dynamodb", require "stripe"
local account, billing = require "lib.account", require "lib.billing"
local common, identity = require "lib.mend.common", require "lib.identity"
local keys, outbox = require "lib.keys", require "lib.outbox"

local actions = {}


function actions.put_user(work)
  account.put_user(common.stand_in(work))
  return "wrote the user record"
end


local function find_account(work)
  return work.facts.accounts[work.finding.subject]
end


-- Both memberships as they should be, each with the role that the other still has.
local function memberships(work, one)
  local signup, mine = common.stand_in(work), one.mine[work.is.user.username]
  local member = one.members[work.is.user.username]
  local item = signup.intent
  item.visible_account_id, item.system_account_id = one.id, one.details.system_account_id
  item.key_id, item.plan = "", { cloud_provider = config.account.cloud_provider }
  local records = account.records(signup)
  for i, kept in pairs { [2] = member or {}, [3] = mine or {} } do
    records[i].role, records[i].status = kept.role or records[i].role, kept.status or records[i].status
  end
  return not mine and records[2] or nil, not member and records[3] or nil
end


function actions.join(work)
  local mine, member = memberships(work, find_account(work))
  local function put(record)
    if not record then return end
    local ok, err = dynamodb.put { item = record, condition = "attribute_not_exists(pk)" }
    common.must(ok or err.code == "ConditionalCheckFailedException", err, "the membership")
  end
  put(mine)
  put(member)
  return "wrote the missing half"
end


-- A customer that was made for this account, by another try.
local function made_for(facts, id)
  for _, customer in pairs(facts.customers) do
    if customer.metadata and customer.metadata.account == id then return customer end
  end
end


function actions.bill(work)
  local one = find_account(work)
  local old, item = one.details.stripe_id, common.stand_in(work).intent
  item.signup_id, item.visible_account_id = one.details.signup_id or one.id, one.id
  local customer = made_for(work.facts, one.id)
  if not customer then
    local made, err = billing.replace(item, old)
    customer = common.must(made, err, "the customer")
  end
  local ok, err = dynamodb.update {
    key = keys.account(one.id), set = { stripe_id = customer.id },
    condition = old and "stripe_id = :old" or "attribute_exists(pk) AND attribute_not_exists(stripe_id)",
    values = old and { old = old } or nil,
  }
  common.must(ok, err, "the account")
  return "the account's customer is " .. customer.id
end


function actions.remove_orphans(work)
  local ok, err = stripe.delete_customer(work.finding.subject)
  if not ok and err.status ~= 404 then common.must(nil, err, "Stripe") end
  return "deleted customer " .. work.finding.subject
end


-- A flag of the record counts for Cognito only when it is about the same address of a confirmed user.
function actions.verify(work)
  local is, item = work.is, common.stand_in(work).intent
  local proven = is.verified or is.confirmed and is.row.email == is.user.attributes.email
  local ok, err
  if not proven then
    ok, err = dynamodb.update { key = keys.user(is.user.sub), condition = "attribute_exists(pk)",
      set = { email_verified = false, updated_at = clock.iso8601() } }
  elseif is.verified then
    ok, err = account.set_verified(item, common.method_of(is))
  else
    ok, err = identity.set_verified(item)
  end
  common.must(ok, err, "email_verified")
  return "email_verified is " .. tostring(proven) .. " in both"
end


function actions.tell(work)
  for _, message in ipairs(work.facts.outbox) do
    local ok, code = outbox.deliver(message)
    if not ok then common.refuse("%s: %s", message.kind, code) end
  end
  return "told " .. #work.facts.outbox .. (#work.facts.outbox == 1 and " message" or " messages")
end


return actions
