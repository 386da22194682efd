-- SPDX-License-Identifier: MIT
-- The account of somebody whom the user pool has vouched for (Google, or a native user's own tokens): there already,
-- half made, or made now, by the same saga from step 3 on. Every id comes from the person's sub, so that whatever
-- happens to the intent, the same person gets the same account.
local config, crypto = require "config", require "crypto"
local account, admission, completion = require "lib.account", require "lib.admission", require "lib.completion"
local fingerprint, identity, intent = require "lib.fingerprint", require "lib.identity", require "lib.intent"
local ownership, supersede, trouble = require "lib.ownership", require "lib.supersede", require "lib.trouble"

local federated = {}

local METHOD <const> = "google"


local function derived(label, signup_id)
  return crypto.uuid5(signup_id, fingerprint.secret(label, signup_id))
end


-- person: {sub=, username=, email=, name=, method= "google" unless it is said}. form: what the start said.
local function new_intent(signup, person, form)
  local organization, country = form.organization or "", form.country or ""
  local item = intent.new({ email = person.email, name = person.name, organization = organization,
    country = country, utm = form.utm, stripe_token = form.stripe_token }, nil, signup.owner)
  local id = crypto.uuid5("oid", person.sub)
  item.signup_id, item.system_account_id = id, derived("system_account", id)
  item.visible_account_id = intent.visible_id(fingerprint.secret("visible_account", id))
  item.key_id = crypto.hex(fingerprint.secret("key", id)):sub(1, 20)
  item.sub, item.username, item.method, item.step = person.sub, person.username, person.method or METHOD, "COGNITO"
  item.confirmed, item.code_accepted, item.code_sent = true, true, false
  item.profile_complete = organization ~= "" and country ~= ""
  return item
end


-- Goes on with an intent that is this person's own; a card that was refused is replaced, or done without.
local function resume(signup, item, old)
  local set, remove = { confirmed = true, code_accepted = true }, nil
  if old.card_declined then
    if item.card and old.card_n >= config.signup.max_cards then
      trouble.refuse(signup, "stripe", 402, "card_not_accepted")
    end
    set.card, set.card_hash, set.card_declined = item.card, item.card_hash, false
    set.card_n = old.card_n + (item.card and 1 or 0)
    remove = { "payment_method", not item.card and "card" or nil }
  end
  local claimed, err = intent.claim(old, signup.owner, set, remove)
  if claimed == nil then trouble.stop(signup, "intent", err) end
  return claimed or ownership.in_progress(signup)
end


-- Somebody else has begun with this address. A native user who never confirmed gives way to one whose address Google
-- has verified; nothing of theirs is carried over.
local function contend(signup, person, item, old)
  local state, user = identity.user_state(signup, old.username or person.email)
  if user and user.sub == person.sub then state, user = "absent", nil end
  if state ~= "absent" and state ~= "unconfirmed" then
    trouble.refuse(signup, "intent", 409, "account_exists")
  end
  return ownership.replace(signup, item, old, supersede.left_by(old, user), user ~= nil)
end


-- A card is at hand: in this start, or in one that stopped on the way.
local function check_card(signup, person, form)
  if config.sso.card ~= "required" or form.stripe_token then return end
  local old, err = intent.find(person.email)
  if err then trouble.stop(signup, "intent", err) end
  local has_one = old and old.sub == person.sub and not old.card_declined and (old.card or old.payment_method)
  if not has_one then trouble.refuse(signup, "stripe", 402, "card_required") end
end


-- -> the intent to go on with; signup.replays when all was done before
local function settle(signup, person, form)
  local item = new_intent(signup, person, form)
  local fresh, old = intent.put(item)
  if fresh == nil then trouble.stop(signup, "intent", old) end
  if fresh then return item end
  if intent.is_leased(old) then ownership.in_progress(signup, old) end
  if old.sub ~= person.sub then return contend(signup, person, item, old) end
  if old.step ~= "DONE" then return resume(signup, item, old) end
  item.rebuilt = true
  local renewed = not account.exists(signup, person.username) and ownership.renew(signup, item, old)
  signup.replays = not renewed
  return renewed or old
end


-- What the operator says about a new one, and how often one address may try.
local function admit(signup, req, person, form)
  local all = { email = person.email, name = person.name }
  for _, name in ipairs { "organization", "country", "utm" } do all[name] = form[name] end
  admission.federated(signup, req, all)
end


-- After this the person has an account.
function federated.ensure(signup, req, person, form)
  signup.at = "account"
  if account.exists(signup, person.username) then return end
  signup.at = "intent"
  check_card(signup, person, form)
  admit(signup, req, person, form)
  signup:take(settle(signup, person, form))
  signup:step("supersede", supersede.clean)
  completion.account(signup)
end


return federated
