-- SPDX-License-Identifier: MIT
-- Finishing or undoing a sign-up: the saga's own steps without the browser, under the intent's lease.
-- Actions of repair.lua; see mend/common.lua.
local crypto = require "crypto"
local common, completion = require "lib.mend.common", require "lib.completion"
local identity, intent = require "lib.identity", require "lib.intent"
local keys, supersede = require "lib.keys", require "lib.supersede"

local actions = {}


-- A customer of this sign-up whose id was never kept, or was kept by Stripe longer than its key.
local function find_customer(signup, facts)
  if signup.intent.stripe_id then return end
  local oldest
  for _, customer in pairs(facts.customers) do
    local mine = customer.metadata and customer.metadata.signup_id == signup.intent.signup_id
    if mine and (not oldest or customer.created < oldest.created) then oldest = customer end
  end
  if oldest then signup:remember({ stripe_id = oldest.id }, nil, "stripe") end
end


-- Removes everything that an intent made, and the intent.
local function drop(signup, user)
  local item = signup.intent
  local list = supersede.left_by(item, user)
  if user and item.sub and item.sub ~= user.sub then
    list[#list + 1] = { signup_id = item.signup_id, email = item.form.email, sub = item.sub,
      username = item.username }
  end
  local ok, err = intent.give_up(item, list)
  common.must(ok, err or { code = "another request has its lease" }, "the intent")
  for _, entry in ipairs(list) do supersede.remove(signup, entry) end
  ok, err = intent.discard(item)
  common.must(ok, err, "the intent")
  signup.owned = false
end


function actions.finish(work)
  local said = "finished the sign-up"
  common.adopt(work, work.is.intent, work.force, function(signup)
    signup:step("supersede", supersede.clean)
    signup:step("cognito", identity.recover)
    if not signup.intent.sub then
      drop(signup, work.is.native)
      said = "dropped the sign-up: Cognito never kept it and the password is gone; they sign up anew"
      return
    end
    find_customer(signup, work.facts)
    completion.account(signup)
  end)
  return said
end


function actions.clean(work)
  common.adopt(work, work.is.intent, work.force, function(signup)
    signup:step("supersede", supersede.clean)
  end)
  return "removed what the earlier sign-up left"
end


function actions.undo(work)
  local is = work.is
  local confirmed = is.native and is.native.status ~= "UNCONFIRMED"
  if confirmed then common.refuse("a confirmed user is never removed") end
  local disabled = is.native and is.native.enabled == false
  if disabled then common.refuse("a user whom somebody has disabled is never removed") end
  if is.intent then
    common.adopt(work, is.intent, work.force, function(signup) drop(signup, is.native) end)
  elseif is.native then
    supersede.remove({ method = "email" }, supersede.stranger(is.native))
  else
    common.refuse("there is nothing to undo")
  end
  return "removed the sign-up; the address is free"
end


function actions.accept(work)
  common.adopt(work, work.is.intent, work.force, function(signup)
    signup:remember({ code_accepted = true }, { "confirming" }, "code")
    signup:count("SIGNUP_CONFIRM_SUCCESS")
  end)
  return "stored that the code was accepted"
end


function actions.attach(work)
  common.adopt(work, work.is.intent, work.force, completion.card)
  return "attached the card"
end


-- The ids that an account made whole should keep: those of its membership, its sign-up, its customer.
local function known_of(work)
  local facts, is = work.facts, work.is
  local known = { sub = is.user.sub, username = is.user.username, unverified = not is.verified or nil }
  local old = is.own_intent and is.intent or {}
  for _, name in ipairs { "signup_id", "visible_account_id", "system_account_id", "sign_ups" } do
    known[name] = old[name]
  end
  if old.stripe_id and not facts.gone[old.stripe_id] then known.stripe_id = old.stripe_id end
  for id, customer in pairs(facts.customers) do
    local made_for = customer.metadata or {}
    if not known.stripe_id and made_for.sub == is.user.sub then
      known.stripe_id = id
      known.signup_id = known.signup_id or made_for.signup_id
      known.visible_account_id = known.visible_account_id or made_for.account
    end
  end
  local broken = is.accounts[1]
  if broken then
    local mine = broken.mine[is.user.username]
    known.visible_account_id = broken.id
    known.system_account_id = mine and mine.system_account_id or known.system_account_id
    if broken.keys[1] then known.key_id = keys.api_key_in(broken.keys[1].sk) end
    if broken.keys[1] and broken.keys[1].status ~= "PENDING_REVEAL" then known.revealed = true end
  end
  return known
end


-- Puts an intent for the rest of the way, in the place of the old one if there is one.
local function reopen(work)
  local item = intent.rebuild(common.form_of(work.is), known_of(work), crypto.uuid())
  local write = work.is.intent and intent.replace or intent.put
  local put, err = write(item, work.is.intent)
  if put == nil then common.must(nil, err, "the intent") end
  return put and item or common.refuse(common.AT_WORK)
end


function actions.complete(work)
  local broken = work.is.accounts[1]
  local function is_there(record)
    if not broken then return false end
    if keys.api_key_in(record.sk) then return #broken.keys > 0 end
    local name = work.is.user.username
    return keys.user_in(record.pk) and broken.mine[name] or keys.user_in(record.sk) and broken.members[name]
  end
  common.adopt(work, reopen(work), true, function(signup)
    find_customer(signup, work.facts)
    completion.account(signup, is_there)
  end)
  return "made the account whole"
end


function actions.resend(work)
  local is = work.is
  if not is.native or is.confirmed then common.refuse("nobody waits for a code") end
  local ok, err = identity.resend_code(is.native.attributes.email)
  common.must(ok, err, "Cognito")
  if is.own_intent then
    common.adopt(work, is.intent, work.force, function(signup)
      signup:remember({ code_sent = true }, nil, "cognito")
    end)
  end
  return "mailed a new code"
end


return actions
