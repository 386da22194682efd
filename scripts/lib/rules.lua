-- SPDX-License-Identifier: MIT
-- What can be wrong with a customer: one row each, in the order in which people should read them. Pure.
-- kind = its stable name · level = "wrong", "waiting" (for the person) or "note" · symptom = what people see
-- · stores = "USER" or "ACCOUNT" when two stores disagree · says = a sentence with {fields} · command = what
-- mends it · action = the function of repair.lua, for what `usher repair` mends by itself
-- · when(facts, is) -> nil, or the fields of the sentence · each(facts, is) -> list of such fields, where there
-- may be several. `is` comes from standing.lua.
local billing, standing = require "lib.billing", require "lib.standing"

local FAILING <const>, EXISTS <const> = "Signup failing", "User already exists"
local MAIL <const>, STRIPE <const> = "No verification email", "Stripe failure"
local GOOGLE <const>, SLACK <const> = "Google SSO not working", "Slack notification missing"
local LOGIN <const> = "Account created but can't login"

local REPAIR <const>, UNDO <const> = "usher repair {email}", "usher repair {email} --undo"

local STOPPED <const> = {
  supersede = "while an earlier sign-up of the address was being removed",
  cognito = "before Cognito's answer was kept",
  user = "before the user record was written", stripe = "before the Stripe customer was kept",
  card = "before Stripe had attached the card", account = "before the account was written",
}
local STOPPED_SYMPTOM <const> = { stripe = STRIPE, card = STRIPE, account = STRIPE }
local STOPPED_STORES <const> = { user = "USER", stripe = "ACCOUNT", card = "ACCOUNT", account = "ACCOUNT" }


local function duration(seconds)
  seconds = math.floor(seconds)
  if seconds < 120 then return ("%d seconds"):format(seconds) end
  if seconds < 7200 then return ("%d minutes"):format(seconds // 60) end
  if seconds < 172800 then return ("%d hours"):format(seconds // 3600) end
  return ("%d days"):format(seconds // 86400)
end


local function age(facts, user)
  return facts.now - (user.created_at or facts.now)
end


local function is_too_old(facts, is)
  return is.user and not is.confirmed and age(facts, is.user) > facts.too_long
end


local function is_stopped(facts, is)
  return is.unfinished and not is.leased and not is.intent.card_declined and not is_too_old(facts, is)
end


-- Confirmed, and nobody is at work or could simply go on.
local function is_settled(is)
  return is.confirmed and not is.leased and not is.unfinished
end


-- Whom somebody has disabled, nobody waits for.
local function unconfirmed(is)
  local waits = is.user and not is.confirmed and is.user.enabled ~= false
  return waits and not is.leased and is.user or nil
end


local function is_waiting_for_code(facts, is)
  return unconfirmed(is) and is.own_intent and not is.unfinished and not is_too_old(facts, is)
end


local MESSAGES <const> = {
  email_verified = { LOGIN, "The two e-mail flags could not be set when the address was confirmed" },
  account = { LOGIN, "The account could not be made when the address was confirmed" },
  card = { STRIPE, "The card could not be attached when the address was confirmed" },
}

local function outbox_rule(state, kind, says)
  return {
    kind = kind, level = "wrong", stores = "USER", says = says, command = REPAIR, action = "tell",
    each = function(facts)
      local list = {}
      for _, message in ipairs(facts.outbox) do
        local known = MESSAGES[message.kind]
          or { SLACK, "A message (" .. message.kind .. ") was not delivered" }
        if message.state == state then
          list[#list + 1] = { symptom = known[1], what = known[2], attempts = message.attempts,
            error_code = message.error_code or "none",
            wait = duration(math.max(0, message.next_try - facts.now)) }
        end
      end
      return list
    end,
  }
end


return {
  {
    kind = "unknown", level = "wrong", symptom = FAILING,
    says = "No store knows of {asked}. A sign-up that failed at once leaves nothing: look for its request "
      .. "in the log (signup_failure), or for another spelling of the address.",
    when = function(facts, is)
      local has = is.user or is.intent or next(facts.rows) or next(facts.accounts) or next(facts.customers)
      return not has and {} or nil
    end,
  },
  {
    kind = "in_progress", level = "waiting", symptom = FAILING,
    says = "A request is working on this sign-up; its lease ends in {left}. Another one is answered 409 "
      .. "signup_in_progress until then.",
    when = function(facts, is)
      return is.leased and { left = duration(is.intent.lease_until - facts.now) } or nil
    end,
  },
  {
    kind = "signup_stopped", level = "wrong", command = REPAIR, action = "finish",
    says = "The sign-up stopped {ago} ago {where}; {how}.",
    when = function(facts, is)
      if not is_stopped(facts, is) then return nil end
      local at, lease = standing.stopped_at(facts), is.intent.lease_until
      return { where = STOPPED[at], symptom = STOPPED_SYMPTOM[at] or FAILING,
        stores = STOPPED_STORES[at] or false,
        ago = duration(facts.now - (lease > 0 and lease or is.intent.started)),
        how = lease > 0 and "its lease ran out, so the server ended in the middle"
          or "a service failed, see the log (step_failed)" }
    end,
  },
  {
    kind = "card_declined", level = "wrong", symptom = STRIPE, command = UNDO,
    says = "Stripe refused the card ({n} of {max} tries); user and customer wait for another one from the "
      .. "same browser. Undoing it lets them begin anew.",
    when = function(facts, is)
      if not (is.unfinished and is.intent.card_declined) or is.leased or is.confirmed then return nil end
      return { n = is.intent.card_n, max = facts.max_cards }
    end,
  },
  {
    kind = "card_declined_confirmed", level = "wrong", symptom = STRIPE, stores = "ACCOUNT",
    says = "Stripe refused the card, so the confirmed user has no account. They sign up again with the same "
      .. "password and another card.",
    when = function(_, is)
      return is.unfinished and is.intent.card_declined and not is.leased and is.confirmed and {} or nil
    end,
  },
  {
    kind = "account_without_card", level = "note", symptom = STRIPE,
    says = "Stripe refused the card ({n} of {max} tries), so the account has none. They sign up again from the same "
      .. "browser, with the same form and another card.",
    when = function(facts, is)
      local declined = is.intent and is.intent.step == "DONE" and is.intent.card_declined
      return declined and { n = is.intent.card_n, max = facts.max_cards } or nil
    end,
  },
  {
    kind = "signup_refused", level = "note", symptom = FAILING,
    says = "Cognito refused the last sign-up (password, address, or an operator's rule): nothing was made, "
      .. "and they may try again. The log says why (signup_failure).",
    when = function(_, is)
      return is.intent and is.intent.step == "FAILED" and not is.intent.supersedes and {} or nil
    end,
  },
  {
    kind = "leftovers", level = "wrong", symptom = EXISTS, stores = "USER", command = REPAIR,
    action = "clean",
    says = "An earlier sign-up of this address gave way, but {n} of its traces wait to be removed.",
    when = function(facts, is)
      local list = is.intent and not is.leased and not is_stopped(facts, is) and is.intent.supersedes
      return list and #list > 0 and { n = #list } or nil
    end,
  },
  {
    kind = "code_not_sent", level = "wrong", symptom = MAIL, command = "usher repair {email}",
    action = "resend",
    says = "Cognito made the user but could not send the code (its limit, or the delivery failed: look at "
      .. "SES and the CustomMessage trigger).",
    when = function(facts, is)
      return is_waiting_for_code(facts, is) and is.intent.code_sent == false and {} or nil
    end,
  },
  {
    kind = "code_not_entered", level = "waiting", symptom = MAIL, command = "usher repair {email} --resend",
    says = "A code was mailed {ago} ago and has not been entered. They look in the spam folder; SES says "
      .. "whether it bounced.",
    when = function(facts, is)
      return is_waiting_for_code(facts, is) and is.intent.code_sent ~= false
        and { ago = duration(age(facts, is.user)) } or nil
    end,
  },
  {
    kind = "unconfirmed_too_long", level = "wrong", symptom = LOGIN, command = REPAIR, action = "undo",
    says = "UNCONFIRMED for {ago}: nobody will enter the code any more.",
    when = function(facts, is)
      return unconfirmed(is) and is_too_old(facts, is) and { ago = duration(age(facts, is.user)) } or nil
    end,
  },
  {
    kind = "unconfirmed_unknown", level = "wrong", symptom = EXISTS, command = REPAIR, action = "undo",
    says = "Cognito has an UNCONFIRMED user that no sign-up knows, so nobody can confirm it. The next "
      .. "sign-up of the address would remove it.",
    when = function(facts, is)
      if not unconfirmed(is) or is.own_intent or is.unfinished then return nil end
      return not is_too_old(facts, is) and {} or nil
    end,
  },
  {
    kind = "confirmation_untold", level = "wrong", symptom = LOGIN, stores = "USER", command = REPAIR,
    action = "accept",
    says = "Cognito has confirmed the address, but the sign-up does not know: the answer to its code was "
      .. "lost.",
    when = function(_, is)
      if not (is.confirmed and is.verified and is.own_intent) or is.leased then return nil end
      return not is.intent.code_accepted and {} or nil
    end,
  },
  {
    kind = "user_without_row", level = "wrong", symptom = EXISTS, stores = "USER", command = REPAIR,
    action = "put_user",
    says = "Cognito has a CONFIRMED user ({sub}), DynamoDB no record of them.",
    when = function(_, is)
      return is_settled(is) and not is.row and { sub = is.user.sub } or nil
    end,
  },
  {
    kind = "row_without_account", level = "wrong", symptom = LOGIN, stores = "ACCOUNT", command = REPAIR,
    action = "complete",
    says = "The user is CONFIRMED and has no account: a sign-up is refused, and a sign-in leads nowhere.",
    when = function(_, is)
      return is_settled(is) and not is.account and #is.accounts == 0 and {} or nil
    end,
  },
  {
    kind = "membership_without_account", level = "wrong", symptom = LOGIN, stores = "ACCOUNT",
    command = REPAIR,
    action = "complete",
    says = "There is a membership of account {account}, but no such account.",
    when = function(_, is)
      if not is_settled(is) or is.account or #is.accounts == 0 then return nil end
      return { account = is.accounts[1].id }
    end,
  },
  {
    kind = "half_membership", level = "wrong", symptom = LOGIN, stores = "ACCOUNT", command = REPAIR,
    action = "join",
    says = "Half a membership of account {account}: {missing} is missing.",
    each = function(_, is)
      local list = {}
      if not is.user or is.leased or is.unfinished then return list end
      for _, account in ipairs(is.accounts) do
        local mine, member = account.mine[is.user.username], account.members[is.user.username]
        if account.details and not (mine and member) then
          list[#list + 1] = { account = account.id, missing = not (mine or member) and "both directions"
            or mine and "the account's record of the user" or "the user's record of the account" }
        end
      end
      return list
    end,
  },
  {
    kind = "card_not_attached", level = "wrong", symptom = STRIPE, stores = "ACCOUNT", command = REPAIR,
    action = "attach",
    says = "The card was to be attached at the confirmation, and is not: Stripe or its answer failed then.",
    when = function(_, is)
      return is_settled(is) and is.own_intent and billing.waits_for_card(is.intent) and {} or nil
    end,
  },
  {
    kind = "account_without_customer", level = "wrong", symptom = STRIPE, stores = "ACCOUNT",
    command = REPAIR,
    action = "bill",
    says = "Account {account} has no customer in Stripe ({stripe_id}). The card went with it: they must "
      .. "bring one again.",
    each = function(facts, is)
      local list = {}
      for _, account in ipairs(is.accounts) do
        local id = account.details and account.details.stripe_id
        if account.details and (not id or facts.gone[id]) then
          list[#list + 1] = { account = account.id,
            stripe_id = id and id .. " is deleted" or "none is named" }
        end
      end
      return list
    end,
  },
  {
    kind = "orphan_customer", level = "wrong", symptom = STRIPE, stores = "ACCOUNT", command = REPAIR,
    action = "remove_orphans",
    says = "Stripe has customer {id} of a sign-up that has no account.",
    each = function(facts, is)
      local list = {}
      if is.leased then return list end
      for i, customer in ipairs(standing.orphans(facts)) do list[i] = { id = customer.id } end
      return list
    end,
  },
  {
    kind = "email_verified_differs", level = "wrong", symptom = LOGIN, stores = "USER", command = REPAIR,
    action = "verify",
    says = "email_verified is {cognito} in Cognito and {dynamodb} in DynamoDB.",
    when = function(_, is)
      if not is.user or not is.row or is.leased or is.unfinished then return nil end
      local known = is.row.email_verified == true
      if known == is.verified then return nil end
      return { cognito = tostring(is.verified), dynamodb = tostring(known) }
    end,
  },
  {
    kind = "email_not_verified", level = "wrong", symptom = LOGIN,
    command = "aws cognito-idp admin-update-user-attributes --user-pool-id {pool} --username {username} "
      .. "--user-attributes Name=email_verified,Value=true",
    says = "The user is CONFIRMED, but the address is not verified anywhere: an administrator confirmed it. "
      .. "Once they have shown that it is theirs, the command says so, and repair tells DynamoDB.",
    when = function(_, is)
      if not is_settled(is) or is.external or is.verified or is.row and is.row.email_verified then return nil end
      return { username = is.user.username }
    end,
  },
  {
    kind = "user_disabled", level = "wrong", symptom = LOGIN,
    command = "aws cognito-idp admin-enable-user --user-pool-id {pool} --username {username}",
    says = "Somebody has disabled the user in Cognito. Find out why before you enable it.",
    when = function(_, is)
      return is.user and is.user.enabled == false and { username = is.user.username } or nil
    end,
  },
  {
    kind = "password_reset", level = "waiting", symptom = LOGIN,
    says = "Cognito wants a new password first ({status}): “Forgot password” sends the code.",
    when = function(_, is)
      local status = is.user and is.user.status
      return (status == "RESET_REQUIRED" or status == "FORCE_CHANGE_PASSWORD") and { status = status } or nil
    end,
  },
  {
    kind = "twin_in_the_way", level = "wrong", symptom = GOOGLE, command = UNDO,
    says = "An UNCONFIRMED user with a password stands beside the Google user of this address and is in its "
      .. "way.",
    when = function(_, is)
      return is.external and is.native and is.native.status == "UNCONFIRMED" and not is.leased and {} or nil
    end,
  },
  {
    kind = "google_not_linked", level = "wrong", symptom = GOOGLE,
    command = "aws cognito-idp admin-delete-user --user-pool-id {pool} --username {username}",
    says = "The Google user of this address is not linked to the user with the password: two people to the "
      .. "console. With the Google user deleted, the next sign-in with Google links it, if it has no "
      .. "account of its own.",
    when = function(_, is)
      if not (is.external and is.native and is.confirmed) then return nil end
      return { username = is.external.username }
    end,
  },
  {
    kind = "google_only", level = "note", symptom = EXISTS,
    says = "The address signs in with Google only; a sign-up with a password is answered 409 "
      .. "account_exists.",
    when = function(_, is) return is.external and not is.native and {} or nil end,
  },
  outbox_rule("PENDING", "message_waiting",
    "{what}; it failed {attempts} times (last: {error_code}), the next try is in {wait}. Repair tries now."),
  outbox_rule("DEAD", "message_dead",
    "{what}; after {attempts} tries (last: {error_code}) it was put aside. Repair tries once more."),
  {
    kind = "row_without_user", level = "wrong", symptom = LOGIN, stores = "USER",
    says = "DynamoDB has the record of user {sub}, Cognito no such user. Nothing is removed by itself: "
      .. "somebody deleted the user, and must say whether the rest goes too.",
    each = function(facts, is)
      local list, names = {}, {}
      for name in pairs(facts.rows) do names[name] = true end
      for _, account in pairs(facts.accounts) do
        for name in pairs(account.mine) do names[name] = true end
      end
      for name in pairs(names) do
        local known = false
        for _, user in ipairs(facts.users) do known = known or user.sub == name or user.username == name end
        local under_way = is.intent and is.intent.sub == name and (is.unfinished or is.leased)
        if not known and not under_way then list[#list + 1] = { sub = name } end
      end
      return list
    end,
  },
  {
    kind = "has_account", level = "note", symptom = EXISTS,
    says = "There is a confirmed user with account {account}; a new sign-up is answered 409 account_exists. "
      .. "They sign in, or use “Forgot password”.",
    when = function(_, is)
      return is.native and is.confirmed and is.account and { account = is.account.id } or nil
    end,
  },
}
