-- SPDX-License-Identifier: MIT
-- Whose is the sign-up that was there first? When an intent for this address exists already: resume it,
-- replay its answer, put a new one in its place, or refuse (which raises). Called by opening.lua and, for people whom
-- the pool has vouched for, federated.lua.
local clock, config, crypto = require "clock", require "config", require "crypto"
local account, billing, conceal = require "lib.account", require "lib.billing", require "lib.conceal"
local identity, intent, proof = require "lib.identity", require "lib.intent", require "lib.proof"
local supersede, trouble = require "lib.supersede", require "lib.trouble"

local ownership = {}


local function equal(a, b)
  return a ~= nil and b ~= nil and crypto.equal(a, b)
end


-- Raises. old: the intent that somebody else holds, or nil.
function ownership.in_progress(signup, old)
  if conceal.is_on() then conceal.refuse_second(signup) end
  signup.silent = true
  local left = old and math.ceil(old.lease_until - clock.now()) or 1
  trouble.refuse(signup, "intent", 409, "signup_in_progress", nil, { retry_after = math.max(1, left) })
end


-- Has Stripe refused the card, and may this visitor know? Where existing accounts are concealed, only after the
-- confirmation.
local function wants_card(old)
  return old.card_declined and (old.code_accepted or not old.plan.conceals)
end


-- Takes the lease of an intent that is half made, with a new card when Stripe has refused the old one.
local function resume(signup, item, old, new_card)
  local set, remove
  if wants_card(old) then
    if not new_card or old.card_n >= config.signup.max_cards then
      trouble.refuse(signup, "stripe", 402, "card_not_accepted")
    end
    set = { card = item.card, card_hash = item.card_hash, card_n = old.card_n + 1, card_declined = false }
    remove = { "payment_method" }
  end
  local claimed, err = intent.claim(old, signup.owner, set, remove)
  if claimed == nil then trouble.stop(signup, "intent", err) end
  if not claimed then ownership.in_progress(signup) end
  return claimed
end


-- leaves_behind: what the new one has to remove. had_user: somebody has signed up before.
function ownership.replace(signup, item, old, leaves_behind, had_user)
  item.sign_ups = old.sign_ups + (had_user and 1 or 0)
  item.supersedes = leaves_behind
  signup.displaces = had_user
  local replaced, err = intent.replace(item, old)
  if replaced == nil then trouble.stop(signup, "intent", err) end
  if not replaced then ownership.in_progress(signup) end
  signup.fresh = true
  return item
end


-- The sign-up was done, and its account has gone since: it is made anew with its ids, and with its customer if Stripe
-- still has that. Of one that is half there `usher repair` knows more. -> the intent to go on with | nil
function ownership.renew(signup, item, old)
  if not account.is_gone(signup, old.visible_account_id) then return nil end
  item.visible_account_id, item.system_account_id = old.visible_account_id, old.system_account_id
  item.stripe_id = billing.kept_customer(signup, old.stripe_id)
  return ownership.replace(signup, item, old, nil, false)
end


-- Somebody has removed the user by hand who was to be confirmed: nothing that there is leads to an account.
local function waits_in_vain(old)
  return old.username and not old.code_accepted and not old.confirmed and identity.is_gone(old.username)
end


local function renew_known(signup, item, old, user)
  for name, value in pairs(identity.known_by_password(user)) do item[name] = value end
  return ownership.renew(signup, item, old) or identity.refuse_taken(signup, "cognito")
end


-- Nobody has shown that the old one is theirs, so it depends on what Cognito knows of the address.
local function contend(signup, item, old, form)
  if old.method == "google" and identity.user_state(signup, old.username) == "external" then
    identity.prove_or_refuse(signup, form, "external")
  end
  local state, user = identity.user_state(signup, form.email)
  if state == "absent" or state == "unconfirmed" then
    return ownership.replace(signup, item, old, supersede.left_by(old, user), user ~= nil)
  end
  if state == "disabled" and proof.holds(old, signup.given) then
    trouble.refuse(signup, "cognito", 403, "account_disabled")
  end
  identity.prove_or_refuse(signup, form, state, user)
  if old.step == "DONE" then return renew_known(signup, item, old, user) end
  return resume(signup, item, old, old.card_hash ~= item.card_hash)
end


local function refuse_key(signup)
  signup.silent = true
  trouble.refuse(signup, "intent", 422, "idempotency_key_reused")
end


-- The key was used for another body, be it of another address. Only what came to nothing lets go of its key.
-- bound: the key's record. old: the intent of this address, nil, or function() -> it.
function ownership.check_key(signup, item, old, bound)
  if intent.is_bound_to(bound, item) then return end
  if type(old) == "function" then old = old() end
  local free = old and old.step == "FAILED" and equal(old.idempotency, item.idempotency)
  local ok, err
  if free then ok, err = intent.bind(item, bound) end
  if err and ok == nil then trouble.stop(signup, "intent", err) end
  if not ok then refuse_key(signup) end
end


-- The same where existing accounts are concealed, before anything is known of the address; there another card is
-- another body. -> is it a repetition? Else the key was free again.
function ownership.check_key_alone(signup, item, bound)
  ownership.check_key(signup, item, function()
    local old, err = intent.find(item.form.email)
    if err then trouble.stop(signup, "intent", err) end
    return old
  end, bound)
  local repeats = intent.is_bound_to(bound, item)
  if repeats and bound.card_hash and not equal(bound.card_hash, item.card_hash) then refuse_key(signup) end
  return repeats
end


-- From now on the key leads to the sign-up that something else has proven.
local function bind_key(signup, item, old)
  if not item.idempotency then return end
  local ok, err = intent.bind(item, item, old.signup_id)
  if ok == nil then trouble.stop(signup, "intent", err) end
end


-- item: the new intent, which could not be put. old: the one that is there. given: the proofs of this
-- request. bound: the record of its Idempotency-Key, when that came with the same body before. -> the intent to
-- go on with; signup.replays when it is done and only its answer is wanted, signup.brings_card when only the card is
-- still to come.
function ownership.settle(signup, item, old, form, given, bound)
  local by_key = equal(old.idempotency, item.idempotency) or bound ~= nil and bound.signup_id == old.signup_id
  local by_proof = proof.holds(old, given)
  local same, new_card = equal(old.fingerprint, item.fingerprint), not equal(old.card_hash, item.card_hash)

  if by_key and old.step ~= "FAILED" and (not same or new_card and not wants_card(old)) then
    refuse_key(signup)
  end
  if intent.is_leased(old) then ownership.in_progress(signup, old) end
  if old.step == "FAILED" then
    return ownership.replace(signup, item, old, old.supersedes, old.supersedes ~= nil)
  end
  if not (same and (by_key or by_proof)) then return contend(signup, item, old, form) end
  if waits_in_vain(old) then return ownership.replace(signup, item, old, supersede.left_by(old), false) end
  if not by_key then bind_key(signup, item, old) end
  if old.step == "DONE" and not wants_card(old) then
    signup.replays = true
    return old
  end
  signup.brings_card = old.step == "DONE"
  return resume(signup, item, old, new_card)
end


return ownership
