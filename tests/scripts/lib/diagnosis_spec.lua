-- SPDX-License-Identifier: MIT
-- Facts in, findings out: every rule as a case. A case changes a healthy person and names all findings that must
-- come of it, in order.
local assert = require "luassert"

local NOW <const>, DAY <const> = 1767225600.0, 86400


-- Somebody who signed up and confirmed, an hour ago.
local function healthy()
  local user = { username = "u1", sub = "u1", status = "CONFIRMED", enabled = true, created_at = NOW - 3600,
    attributes = { sub = "u1", email = "a@b.c", email_verified = "true", name = "Ada" } }
  local half = { role = "OWNER", status = "ACTIVE" }
  return {
    asked = "a@b.c", email = "a@b.c", now = NOW, too_long = 7 * DAY, orphan_after = 0, pool = "pool", max_cards = 3,
    users = { user }, by_username = { u1 = user }, absent = {}, outbox = {}, gone = {},
    rows = { u1 = { pk = "USER#u1", sk = "DETAILS", email = "a@b.c", email_verified = true } },
    accounts = { acc = { id = "acc", mine = { u1 = half }, members = { u1 = half },
      details = { owner = "u1", stripe_id = "cus_1" }, keys = { { sk = "API_KEY#k", status = "ACTIVE" } } } },
    customers = { cus_1 = { id = "cus_1", created = NOW - 3600, metadata = { signup_id = "s1", sub = "u1" } } },
    intent = { signup_id = "s1", sub = "u1", username = "u1", visible_account_id = "acc", stripe_id = "cus_1",
      step = "DONE", lease_until = 0, started = NOW - 3600, card_n = 1, card_attached = true, code_sent = true,
      code_accepted = true, form = { email = "a@b.c" }, plan = { attach = "at_signup" } },
  }
end


local function unconfirmed(facts)
  local user = facts.users[1]
  user.status, user.attributes.email_verified = "UNCONFIRMED", "false"
  facts.rows.u1.email_verified, facts.intent.code_accepted = false, nil
end


-- Stopped before this step, with the lease given back.
local function stop(facts, step)
  unconfirmed(facts)
  local intent, order = facts.intent, { "cognito", "user", "stripe", "card", "account" }
  intent.step = step == "cognito" and "OPENED" or "COGNITO"
  local undo = {
    account = function() facts.accounts = {} end,
    card = function() intent.card_attached = nil end,
    stripe = function() intent.stripe_id, facts.customers = nil, {} end,
    user = function() facts.rows = {} end,
    cognito = function() intent.sub, intent.username, facts.users, facts.by_username = nil, nil, {}, {} end,
  }
  for i = #order, 1, -1 do
    undo[order[i]]()
    if order[i] == step then return end
  end
end


local function google(facts)
  local user = { username = "google_1", sub = "u2", status = "EXTERNAL_PROVIDER", enabled = true,
    created_at = NOW - 60, attributes = { sub = "u2", email = "a@b.c" } }
  facts.users[#facts.users + 1], facts.by_username.google_1 = user, user
end


local function message(facts, kind, state)
  facts.outbox[1] = { kind = kind, state = state, attempts = 3, next_try = NOW + 90, about = { sub = "u1" } }
end


-- what is true · how the facts say so · the findings, "kind" or "kind symptom"
local CASES <const> = {
  { "a healthy person", function() end, "has_account" },
  { "an intent that is forgotten", function(f) f.intent = nil end, "has_account" },
  { "nothing is known", function(f)
    f.users, f.rows, f.accounts, f.customers, f.intent = {}, {}, {}, {}, nil
  end, "unknown" },

  { "a request is at work", function(f) stop(f, "stripe") f.intent.lease_until = NOW + 20 end, "in_progress" },
  { "stopped in Cognito", function(f) stop(f, "cognito") end, "signup_stopped/Signup failing" },
  { "stopped at the user record", function(f) stop(f, "user") end, "signup_stopped/Signup failing" },
  { "stopped at the customer", function(f) stop(f, "stripe") end, "signup_stopped/Stripe failure" },
  { "stopped at the card", function(f) stop(f, "card") end, "signup_stopped/Stripe failure" },
  { "stopped at the account", function(f) stop(f, "account") end, "signup_stopped/Stripe failure" },
  { "stopped, and the user confirmed", function(f)
    stop(f, "account")
    f.users[1].status, f.users[1].attributes.email_verified = "CONFIRMED", "true"
    f.rows.u1.email_verified, f.intent.code_accepted = true, true
  end, "signup_stopped/Stripe failure" },
  { "the server died in the middle", function(f) stop(f, "user") f.intent.lease_until = NOW - 90 end,
    "signup_stopped/Signup failing" },
  { "the card was declined", function(f) stop(f, "card") f.intent.card_declined = true end,
    "card_declined/Stripe failure" },
  { "the card of a confirmed user was declined", function(f)
    f.intent.step, f.intent.card_declined, f.accounts = "COGNITO", true, {}
  end, "card_declined_confirmed/Stripe failure" },
  { "the card was refused at the confirmation", function(f) f.intent.card_declined = true end,
    "account_without_card/Stripe failure", "has_account" },
  { "Cognito refused the form", function(f)
    stop(f, "cognito")
    f.intent.step = "FAILED"
  end, "signup_refused/Signup failing" },
  { "a superseded sign-up left traces", function(f) f.intent.supersedes = { {}, {} } end,
    "leftovers/User already exists", "has_account" },

  { "waits for the code", unconfirmed, "code_not_entered/No verification email" },
  { "the code was not mailed", function(f) unconfirmed(f) f.intent.code_sent = false end,
    "code_not_sent/No verification email" },
  { "waits too long", function(f) unconfirmed(f) f.users[1].created_at = NOW - 8 * DAY end,
    "unconfirmed_too_long/Account created but can't login" },
  { "stopped too long ago", function(f) stop(f, "stripe") f.users[1].created_at = NOW - 8 * DAY end,
    "unconfirmed_too_long/Account created but can't login" },
  { "nobody knows the unconfirmed user", function(f) unconfirmed(f) f.intent = nil end,
    "unconfirmed_unknown/User already exists" },
  { "the intent is about another user", function(f) unconfirmed(f) f.intent.sub = "u0" end,
    "unconfirmed_unknown/User already exists" },
  { "the answer to the code was lost", function(f) f.intent.code_accepted = nil end,
    "confirmation_untold/Account created but can't login", "has_account" },

  { "no user record", function(f) f.rows = {} end, "user_without_row/User already exists", "has_account" },
  { "no account", function(f) f.accounts, f.customers = {}, {} end,
    "row_without_account/Account created but can't login" },
  { "no account, no sign-up, a customer", function(f) f.accounts, f.intent = {}, nil end,
    "row_without_account/Account created but can't login", "orphan_customer/Stripe failure" },
  { "a membership of nothing", function(f) f.accounts.acc.details, f.customers = nil, {} end,
    "membership_without_account/Account created but can't login" },
  { "the user's half is missing", function(f) f.accounts.acc.mine = {} end,
    "half_membership/Account created but can't login", "has_account" },
  { "the account's half is missing", function(f) f.accounts.acc.members = {} end,
    "half_membership/Account created but can't login", "has_account" },
  { "both halves are missing", function(f) f.accounts.acc.mine, f.accounts.acc.members = {}, {} end,
    "half_membership/Account created but can't login", "has_account" },
  { "somebody else's account", function(f)
    f.accounts.other = { id = "other", mine = {}, members = {}, details = { owner = "u9", stripe_id = "cus_9" },
      keys = {} }
  end, "has_account" },
  { "the card was to be attached with the code", function(f)
    f.intent.plan.attach, f.intent.card_attached, f.intent.payment_method = "at_confirm", false, "pm_1"
  end, "card_not_attached/Stripe failure", "has_account" },
  { "the card was attached with the code", function(f)
    f.intent.plan.attach, f.intent.payment_method = "at_confirm", "pm_1"
  end, "has_account" },
  { "the customer is deleted", function(f) f.customers, f.gone = {}, { cus_1 = true } end,
    "account_without_customer/Stripe failure", "has_account" },
  { "no customer is named", function(f) f.customers, f.accounts.acc.details.stripe_id = {}, nil end,
    "account_without_customer/Stripe failure", "has_account" },
  { "an orphan", function(f)
    f.customers.cus_2 = { id = "cus_2", created = NOW - 100, metadata = { signup_id = "s0" } }
  end, "orphan_customer/Stripe failure", "has_account" },
  { "a young orphan", function(f)
    f.customers.cus_2 = { id = "cus_2", created = NOW - 100, metadata = { signup_id = "s0" } }
    f.orphan_after = DAY
  end, "has_account" },
  { "a customer that no sign-up made", function(f)
    f.customers.cus_2 = { id = "cus_2", created = NOW - 100, metadata = {} }
  end, "has_account" },
  { "a customer of the sign-up under way", function(f)
    stop(f, "stripe")
    f.customers.cus_2 = { id = "cus_2", created = NOW - 100, metadata = { signup_id = "s1" } }
  end, "signup_stopped/Stripe failure" },
  { "Cognito says unverified", function(f) f.users[1].attributes.email_verified = "false" end,
    "email_verified_differs/Account created but can't login", "has_account" },
  { "DynamoDB says unverified", function(f) f.rows.u1.email_verified = false end,
    "email_verified_differs/Account created but can't login", "has_account" },
  { "an administrator confirmed", function(f)
    f.users[1].attributes.email_verified, f.rows.u1.email_verified = nil, false
  end, "email_not_verified/Account created but can't login", "has_account" },
  { "disabled", function(f) f.users[1].enabled = false end, "user_disabled/Account created but can't login",
    "has_account" },
  { "a new password is wanted", function(f) f.users[1].status = "RESET_REQUIRED" end,
    "password_reset/Account created but can't login", "has_account" },

  { "signs in with Google", function(f)
    google(f)
    table.remove(f.users, 1)
    f.rows, f.accounts, f.customers, f.intent = { u2 = { email_verified = false } }, {}, {}, nil
  end, "row_without_account/Account created but can't login", "google_only/User already exists" },
  { "an unconfirmed twin", function(f) unconfirmed(f) google(f) end, "code_not_entered/No verification email",
    "twin_in_the_way/Google SSO not working" },
  { "not linked", function(f) google(f) end, "google_not_linked/Google SSO not working", "has_account" },

  { "a message waits", function(f) message(f, "email_verified", "PENDING") end,
    "message_waiting/Account created but can't login", "has_account" },
  { "a message is dead", function(f) message(f, "email_verified", "DEAD") end,
    "message_dead/Account created but can't login", "has_account" },
  { "Slack was not told", function(f) message(f, "slack", "DEAD") end, "message_dead/Slack notification missing",
    "has_account" },
  { "the user was deleted", function(f) f.users, f.by_username, f.customers = {}, {}, {} end,
    "row_without_user/Account created but can't login" },
}


describe("the diagnosis", function()
  package.loaded["lib.rules"], package.loaded["lib.diagnosis"], package.loaded["lib.standing"] = nil, nil, nil
  local diagnosis, rules = require "lib.diagnosis", require "lib.rules"

  local function find(change)
    local facts = healthy()
    change(facts)
    return diagnosis.of(facts)
  end

  for _, case in ipairs(CASES) do
    it(case[1], function()
      local expected, kinds = table.move(case, 3, #case, 1, {}), {}
      for i, found in ipairs(find(case[2])) do
        kinds[i] = expected[i] and expected[i]:find("/") and found.kind .. "/" .. found.symptom or found.kind
        assert.is_nil(found.says:find("[{<]"), found.says)
        assert.is_nil((found.command or ""):find("[{<]"), found.command)
        assert.is_truthy(found.command or found.level ~= "wrong" or not found.action, found.kind)
      end
      assert.same(expected, kinds)
    end)
  end

  it("has a case for every rule", function()
    local met = {}
    for _, case in ipairs(CASES) do
      for i = 3, #case do met[case[i]:match("^[^/]+")] = true end
    end
    for _, rule in ipairs(rules) do assert.is_true(met[rule.kind], rule.kind) end
  end)

  it("names every symptom of the owners' table", function()
    local symptoms = {}
    for _, case in ipairs(CASES) do
      for _, found in ipairs(find(case[2])) do symptoms[found.symptom] = true end
    end
    for _, symptom in ipairs { "Signup failing", "User already exists", "No verification email",
      "Stripe failure", "Google SSO not working", "Slack notification missing",
      "Account created but can't login" } do
      assert.is_true(symptoms[symptom], symptom)
    end
  end)

  it("every action is one that repair knows", function()
    local world, actions = require "testing".world(), {}
    for _, part in ipairs { "lib.mend.signup", "lib.mend.records" } do
      for name in pairs(world:require(part)) do actions[name] = true end
    end
    for _, rule in ipairs(rules) do assert.is_true(rule.action == nil or actions[rule.action], rule.action) end
  end)

  it("quotes what a shell would take apart", function()
    local findings = find(function(facts) facts.email, facts.rows = "o'brien@b.c", {} end)
    assert.equal([[usher repair 'o'\''brien@b.c']], findings[1].command)
  end)

  it("is healthy when nothing is wrong, whatever waits", function()
    assert.is_true(diagnosis.is_healthy(find(unconfirmed)))
    assert.is_false(diagnosis.is_healthy(find(function(facts) facts.rows = {} end)))
  end)
end)
