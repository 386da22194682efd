-- SPDX-License-Identifier: MIT
-- The intent: the record of one sign-up, and the lock for its address. saga.lua drives it; this file only
-- knows how it looks and how DynamoDB keeps two from owning it. Every id, key and time of a sign-up is made
-- here, once. All functions yield, and give nil, err for what DynamoDB did.
local clock, config = require "clock", require "config"
local crypto, dynamodb = require "crypto", require "dynamodb"
local api_key, fingerprint = require "lib.api_key", require "lib.fingerprint"
local keys, lease, proof = require "lib.keys", require "lib.lease", require "lib.proof"

local intent = {}

local ID_ALPHABET <const> = "0123456789abcdefghjkmnpqrstvwxyz" -- no i, l, o, u: they are read aloud
local ID_LENGTH <const> = 16


local function copy(settings)
  local values = {}
  for name, value in pairs(settings) do values[name] = value end
  return values
end


-- What the settings say of it, once. Where existing accounts are concealed, nobody learns of a card's refusal before
-- they have shown that the address is theirs.
local function plan()
  local conceals = config.signup.conceal_existing or nil
  return { cell_id = config.account.cell_id, cloud_provider = config.account.cloud_provider,
    limits = copy(config.account.limits), conceals = conceals,
    attach = conceals and "at_confirm" or config.stripe.attach }
end


local function lease_end(now)
  return now + config.signup.lease
end


-- What people read aloud, made of random bytes.
function intent.visible_id(bytes)
  local chars = {}
  for i = 1, ID_LENGTH do
    local at = bytes:byte(i) % #ID_ALPHABET + 1
    chars[i] = ID_ALPHABET:sub(at, at)
  end
  return table.concat(chars)
end


-- A new intent, not yet stored. key: the Idempotency-Key or nil. owner: who works on it, this request alone.
function intent.new(form, key, owner)
  local now, seed = clock.now(), crypto.hex(crypto.random(16))
  return keys.record(keys.intent(fingerprint.email(form.email)), {
    signup_id = crypto.uuid(),
    visible_account_id = crypto.random_string(ID_LENGTH, ID_ALPHABET),
    system_account_id = crypto.uuid(),
    key_id = api_key.new_id(),
    transaction_token = crypto.uuid(),
    proof_seed = seed,
    proof_hash = proof.hash(proof.of(seed)),
    fingerprint = fingerprint.request(form),
    idempotency = key and fingerprint.idempotency_key(key) or nil,
    captcha = form.captcha_token and fingerprint.captcha(form.captcha_token) or nil,
    card = form.stripe_token,
    card_hash = form.stripe_token and fingerprint.card(form.stripe_token) or nil,
    card_n = 1,
    form = { email = form.email, name = form.name, organization = form.organization, country = form.country,
      utm = form.utm },
    plan = plan(),
    step = "OPENED",
    sign_ups = 1,
    created_at = clock.iso8601(now),
    started = now,
    lease_owner = owner,
    lease_until = lease_end(now),
    expires_at = math.floor(now) + config.signup.ttl,
  })
end


-- The answer of a first try was lost, and the repetition met our own work. A signup_id alone does not say so: a
-- federated person's is always the same.
local function is_own(item, found)
  return found ~= nil and found.signup_id == item.signup_id and found.lease_owner == item.lease_owner
end


-- What a conditional write came to. -> true | false, the item that is there (where the write asked for it) | nil, err
local function outcome(ok, err)
  if ok then return true end
  if err.code == "ConditionalCheckFailedException" then return false, err.item end
  return nil, err
end


-- -> true | false, old (there is one already) | nil, err
function intent.put(item)
  local fresh, old = outcome(dynamodb.put {
    item = item, condition = "attribute_not_exists(pk)", return_old_on_failure = true,
  })
  if fresh == false and is_own(item, old) then return true end
  return fresh, old
end


-- Ties the request's Idempotency-Key to its body (the address is part of the fingerprint). It may run beside
-- `put`, and costs requests without a key nothing. bound: the record that is taken over; signup_id: the sign-up
-- that it leads to, where that is not the item's own.
-- -> true | false, bound (the key has been used before: see is_bound_to) | nil, err
function intent.bind(item, bound, signup_id)
  return outcome(dynamodb.put {
    item = keys.record(keys.idempotency(item.idempotency), { fingerprint = item.fingerprint,
      card_hash = item.card_hash, signup_id = signup_id or item.signup_id, expires_at = item.expires_at }),
    condition = "attribute_not_exists(pk) OR expires_at <= :now" .. (bound and " OR fingerprint = :old" or ""),
    values = { now = math.floor(clock.now()), old = bound and bound.fingerprint },
    return_old_on_failure = true,
  })
end


-- Was the key used for this very body?
function intent.is_bound_to(bound, item)
  return crypto.equal(bound.fingerprint, item.fingerprint)
end


-- -> item | nil | nil, err
function intent.find(email)
  return dynamodb.get { key = keys.intent(fingerprint.email(email)), consistent = true }
end


function intent.is_leased(item)
  return lease.holds(item.lease_until, clock.now())
end


-- Do these proofs allow to confirm it, or to ask for another code? An address that nobody signs up with is
-- told apart only where the settings do not ask for a proof anyway.
function intent.may_confirm(item, given)
  if item and proof.holds(item, given) then return true end
  if config.confirm.require_proof == "always" then return false end
  return item == nil or item.sign_ups == 1
end


-- Puts a new intent in the place of an old one, if nobody has worked on that since it was read: every claim
-- writes another lease_owner. -> true | false | nil, err
function intent.replace(item, old)
  local replaced, now = outcome(dynamodb.put {
    item = item, return_old_on_failure = true,
    condition = "signup_id = :old AND lease_owner = :owner AND (lease_until <= :now OR lease_until > :far)",
    values = { old = old.signup_id, owner = old.lease_owner, now = clock.now(), far = clock.now() + lease.LONGEST },
  })
  if replaced == false then return is_own(item, now) end
  return replaced, now
end


-- Takes the lease, and changes what `set` and `remove` say with it; force: also from the one who had it when
-- `old` was read. -> the intent as it is now; `uncounted` is in it once more, but no longer in the table |
-- false | nil, err
function intent.claim(old, owner, set, remove, force)
  local now, gone = clock.now(), { "uncounted", table.unpack(remove or {}) }
  set = set or {}
  set.lease_owner, set.lease_until = owner, lease_end(now)
  local item, err = dynamodb.update {
    key = keys.of(old), set = set, remove = gone,
    condition = "signup_id = :id AND (lease_until <= :now OR lease_until > :far OR lease_owner = :me)",
    values = { id = old.signup_id, now = now, far = now + lease.LONGEST, me = force and old.lease_owner or owner },
    returns = "ALL_OLD",
  }
  if not item then return outcome(nil, err) end
  -- A repetition of this call, after a lost answer, meets its own work.
  local uncounted = (item.lease_owner == owner and old or item).uncounted
  for name, value in pairs(set) do item[name] = value end
  for _, name in ipairs(gone) do item[name] = nil end
  item.uncounted = uncounted
  return item
end


-- One takes the metric that nobody knows the count of. -> true | false | nil, err
function intent.take_uncounted(item)
  return outcome(dynamodb.update {
    key = keys.of(item), remove = { "uncounted" },
    condition = "signup_id = :id AND uncounted = :metric",
    values = { id = item.signup_id, metric = item.uncounted },
  })
end


-- An intent for a confirmed user whose sign-up is forgotten or lost its account, ready for the steps behind
-- Cognito. form: as of sign-up, without card. known: sub, username, and the ids that must stay.
function intent.rebuild(form, known, owner)
  local item = intent.new(form, nil, owner)
  for name, value in pairs(known) do item[name] = value end
  item.step, item.rebuilt = "COGNITO", true
  item.confirmed, item.code_accepted, item.code_sent = true, true, false
  return item
end


-- Changes what the owner of the lease has learned, and renews the lease unless `set` says when it ends.
-- -> true | false (the lease is another's by now) | nil, err
function intent.remember(item, set, remove)
  local all = { lease_until = lease_end(clock.now()) }
  for name, value in pairs(set) do all[name] = value end
  return outcome(dynamodb.update {
    key = keys.of(item), set = all, remove = remove,
    condition = "signup_id = :id AND lease_owner = :me",
    values = { id = item.signup_id, me = item.lease_owner },
  })
end


-- What it made is about to be removed: `list` says what. Whoever comes back to it begins anew, also when the removal
-- stops half way. As remember.
function intent.give_up(item, list)
  return intent.remember(item, { step = "FAILED", supersedes = list }, { "sub", "username" })
end


-- The part of a transaction that changes the intent and lets go of the lease. It names no owner: the same
-- transaction must be the same bytes whoever repeats it.
function intent.closing(item, set, remove)
  local all = { lease_until = 0 }
  for name, value in pairs(set) do all[name] = value end
  return { key = keys.of(item), set = all, remove = remove,
    condition = "signup_id = :id AND step <> :failed", values = { id = item.signup_id, failed = "FAILED" } }
end


-- Books one mail with a new code, within the limits. -> true | false (not now) | nil, err
function intent.count_mail(item)
  local now, recent = math.floor(clock.now()), {}
  for _, at in ipairs(item.mails or {}) do
    if at > now - 3600 then recent[#recent + 1] = at end
  end
  if #recent >= config.resend.per_hour then return false end
  if #recent > 0 and recent[#recent] > now - config.resend.interval then return false end
  recent[#recent + 1] = now
  return outcome(dynamodb.update {
    key = keys.of(item), set = { mails = recent },
    condition = "signup_id = :id AND " .. (item.mails and "mails = :before" or "attribute_not_exists(mails)"),
    values = { id = item.signup_id, before = item.mails },
  })
end


-- For an intent that turned out to be none. -> true | nil, err
function intent.discard(item)
  return dynamodb.delete { key = keys.of(item), condition = "signup_id = :id",
    values = { id = item.signup_id } }
end


return intent
