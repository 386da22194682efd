-- SPDX-License-Identifier: MIT
-- What Stripe holds of a customer: the customer, and the card as its default payment method. Every call has
-- an Idempotency-Key made of what the intent stores, so that the same call again is the same customer.
local clock, config, stripe = require "clock", require "config", require "stripe"
local refusal, task, trouble = require "lib.refusal", require "task", require "lib.trouble"

local billing = {}


-- n and keys_spent only grow: no key is used for two bodies.
local function options(intent, call, n)
  n = n + (intent.keys_spent or 0)
  return { idempotency_key = ("usher:%s:%s:%s:%d"):format(config.env, intent.signup_id, call, n) }
end


-- Stripe keeps a key for 24 hours at least; to be sure, not to the last minute.
local KEY_LIFE <const> = 23 * 3600


-- All customers of an address: a search would lag. -> list | nil, err
function billing.customers_of(email)
  local all, request = {}, { email = email, limit = 100 }
  repeat
    local page, err = stripe.list_customers(request)
    if not page then return nil, err end
    table.move(page.data, 1, #page.data, #all + 1, all)
    request.starting_after = all[#all] and all[#all].id
  until not page.has_more
  return all
end


-- The customer of one sign-up. -> id | nil | nil, err
function billing.find_customer(email, signup_id)
  local all, err = billing.customers_of(email)
  for _, customer in ipairs(all or {}) do
    if (customer.metadata or {}).signup_id == signup_id then return customer.id end
  end
  return nil, err
end


-- -> the customer's id, if Stripe still has it | nil
function billing.kept_customer(signup, id)
  if not id then return nil end
  local customer, err = stripe.retrieve_customer(id)
  if not customer and err.status ~= 404 then trouble.stop(signup, "stripe", err) end
  return customer and not customer.deleted and id or nil
end


-- call: its name in the key, where another customer than the first is meant. -> customer | nil, err
local function create_customer(intent, call)
  local form = intent.form
  return stripe.create_customer({
    email = form.email, name = form.name ~= "" and form.name or nil,
    address = (form.country or "") ~= "" and { country = form.country } or nil,
    metadata = { signup_id = intent.signup_id, sub = intent.sub, account = intent.visible_account_id },
  }, options(intent, call or "customer", 1))
end


-- pm_… is a payment method already; tok_… becomes one.
local function create_method(intent)
  if intent.card:find("^pm_") then return { id = intent.card } end
  return stripe.create_payment_method({
    type = "card", card = { token = intent.card },
    billing_details = { email = intent.form.email, name = intent.form.name },
  }, options(intent, "payment_method", intent.card_n))
end


-- Stripe has said a clear no to this card: the customer stays, and the same sign-up may bring another card.
local function refuse_card(signup)
  signup:remember({ card_declined = true, stripe_id = signup.intent.stripe_id }, nil, "stripe")
  trouble.refuse(signup, "stripe", 402, "card_not_accepted")
end


-- Where existing accounts are concealed, a card is judged when the address has been confirmed: until then the sign-up
-- goes on without it.
local function is_judged_later(intent)
  return intent.plan.conceals and not intent.code_accepted
end


-- 400 and 404: the token is unknown or used up, or the payment method is another customer's.
local OUR_MISTAKE <const> = { parameter_unknown = true, parameter_missing = true }

local function is_about_the_card(err)
  if err.status == 402 or err.type == "card_error" then return true end
  return (err.status == 400 or err.status == 404) and err.type == "invalid_request_error"
    and err.param ~= "customer" and not OUR_MISTAKE[err.code]
end


-- Never returns. about_card: the call was made with the card.
local function failed(signup, err, about_card)
  if about_card and is_about_the_card(err) then refuse_card(signup) end
  if err.status == 401 or err.status == 403 or err.type == "breaker_open" then trouble.stop(signup, "stripe", err) end
  if not about_card and err.status == 400 and err.param == "email" then
    trouble.refuse(signup, "stripe", 422, "invalid_input", refusal.of_email())
  end
  trouble.stop(signup, "stripe", err, "ACCOUNT")
end


-- May there be more than the keys tell of? Stripe forgets them, and one that is spent does not say what it did.
local function keys_are_silent(intent)
  return intent.keys_spent ~= nil or clock.now() - intent.started > KEY_LIFE
end


-- Calls fn(intent), and once more with other keys where Stripe keeps a failure of its own under the first: it would say
-- the same for a day. -> what fn returns
local function with_good_key(signup, fn)
  local intent = signup.intent
  local result, err = fn(intent)
  if result or not err.key_spent then return result, err end
  signup:remember({ keys_spent = (intent.keys_spent or 0) + 1 }, nil, "stripe")
  return fn(intent)
end


-- -> the customer's id | nil, err
local function customer_of(intent)
  if keys_are_silent(intent) then
    local id, err = billing.find_customer(intent.form.email, intent.signup_id)
    if id or err then return id, err end
  end
  local customer, err = create_customer(intent)
  return customer and customer.id, err
end


-- -> the payment method's id | nil, err. A token is good for one, which may be attached already.
local function method_of(intent)
  if keys_are_silent(intent) and intent.stripe_id then
    local page, err = stripe.list_customer_payment_methods(intent.stripe_id, { type = "card", limit = 1 })
    if not page then return nil, err end
    if page.data[1] then return page.data[1].id end
  end
  local method, err = create_method(intent)
  return method and method.id, err
end


-- The customer and the payment method do not need each other, unless one may be there that only the other leads to.
-- Both ids are in the intent afterwards.
local function make_both(signup)
  local intent, problems = signup.intent, {}
  local function customer()
    if not intent.stripe_id then intent.stripe_id, problems.customer = with_good_key(signup, customer_of) end
  end
  local function method()
    if intent.payment_method or not intent.card then return end
    intent.payment_method, problems.method = with_good_key(signup, method_of)
  end
  if keys_are_silent(intent) then
    customer()
    if not problems.customer then method() end
  else
    task.all { customer, method }
  end
  if problems.method and is_judged_later(intent) and is_about_the_card(problems.method) then
    intent.card_declined, problems.method = true, nil
  end
  -- Of two, the one that worked is kept: its key is forgotten after a day.
  if problems.customer and intent.payment_method or problems.method and intent.stripe_id then
    signup:remember({ stripe_id = intent.stripe_id, payment_method = intent.payment_method }, nil, "stripe")
  end
  if problems.customer then failed(signup, problems.customer, false) end
  if problems.method then failed(signup, problems.method, true) end
end


-- -> method | nil, err. What an earlier try has attached is refused, or taken for what it is.
local function attach_method(intent)
  local method, err = stripe.attach_payment_method(intent.payment_method, { customer = intent.stripe_id },
    options(intent, "attach", intent.card_n))
  if method or err.status ~= 400 or err.type == "card_error" then return method, err end
  local found, problem = stripe.retrieve_payment_method(intent.payment_method)
  if not found and problem.status ~= 404 then return nil, problem end
  if found and found.customer == intent.stripe_id then return found end
  return nil, err
end


-- Step: the card becomes the customer's default, if there is one.
function billing.attach(signup)
  local intent = signup.intent
  if not intent.payment_method then return end
  local method, err = with_good_key(signup, attach_method)
  if not method then failed(signup, err, true) end
  -- Stripe's test methods (pm_card_visa) become another one when they are attached.
  local customer, problem = with_good_key(signup, function()
    return stripe.update_customer(intent.stripe_id,
      { invoice_settings = { default_payment_method = method.id } }, options(intent, "default", intent.card_n))
  end)
  if not customer then failed(signup, problem, false) end
  return { card_attached = true }
end


-- Is the card kept to be attached at the confirmation, and has not been yet?
function billing.waits_for_card(intent)
  return intent.plan.attach == "at_confirm" and intent.stripe_id ~= nil and intent.payment_method ~= nil
    and not intent.card_attached and not intent.card_declined
end


-- At the sign-up, unless the confirmation is to do it and is still to come.
local function attaches_now(intent)
  return intent.plan.attach == "at_signup" or intent.code_accepted == true
end


-- Will the customer have a card when the account opens?
function billing.has_card(intent)
  return attaches_now(intent) and intent.payment_method ~= nil
end


-- Step: customer, payment method, attached and made the default (or left for the confirmation to attach).
-- The ids are stored while Stripe attaches: a repetition within a day is the same without them.
function billing.register(signup)
  local intent = signup.intent
  local is_new = not intent.stripe_id or intent.card and not intent.payment_method
  make_both(signup)
  task.all {
    function()
      if not is_new then return end
      signup:remember({ stripe_id = intent.stripe_id, payment_method = intent.payment_method,
        card_declined = intent.card_declined }, nil, "stripe")
    end,
    function()
      if attaches_now(intent) then billing.attach(signup) end
    end,
  }
end


-- A customer in the place of one that is gone; the card went with it. The same again is the same customer.
-- -> customer | nil, err
function billing.replace(intent, gone)
  return create_customer(intent, "customer_after_" .. (gone or "none"))
end


return billing
