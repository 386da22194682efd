-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: payment methods (cards only). Made from a token, a test number or a pm_card_* name;
-- attached to a customer once, and never again after a detach. private = {number=, spent=}.
local cards, errors, events = require "sandbox.stripe.cards", require "sandbox.stripe.errors",
  require "sandbox.stripe.events"
local ids, list, objects = require "sandbox.stripe.ids", require "sandbox.stripe.list",
  require "sandbox.stripe.objects"
local params, tokens = require "sandbox.stripe.params", require "sandbox.stripe.tokens"
local json = require "json"

local null = json.null
local payment_methods = {}

-- Those that a list may ask for; there are cards only.
local TYPES = {}
for name in ([[acss_debit affirm afterpay_clearpay alipay alma amazon_pay au_becs_debit bacs_debit bancontact
  billie blik boleto card cashapp crypto custom customer_balance eps fpx giropay grabpay ideal
  kakao_pay klarna konbini kr_card link mb_way mobilepay multibanco naver_pay nz_bank_account oxxo
  p24 pay_by_bank payco paynow paypal payto pix promptpay revolut_pay samsung_pay satispay
  sepa_debit sofort swish twint us_bank_account wechat_pay zip]]):gmatch "%S+" do
  TYPES[#TYPES + 1] = name
end

local REDISPLAY = { "enum", choices = { "always", "limited", "unspecified" } }
local BILLING = { "object", unset = true, fields = {
  address = { "object", unset = true, fields = params.address_fields },
  email = { "string", unset = true }, name = { "string", unset = true }, phone = { "string", unset = true },
  tax_id = { "string", unset = true },
} }

local function first(...)
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if value ~= nil then
      return value
    end
  end
  return null
end

local function merge_billing(old, new)
  new = type(new) == "table" and new ~= null and new or {}
  return {
    address = params.merge_address(old.address, new.address ~= null and new.address or nil),
    email = first(new.email, old.email), name = first(new.name, old.name),
    phone = first(new.phone, old.phone), tax_id = first(new.tax_id, old.tax_id),
  }
end

local function card_hash(details, address)
  local card = cards.of_number(details.number)
  local function check(value)
    return value and value ~= null and "unchecked" or null
  end
  return {
    brand = card.brand, country = card.country, display_brand = card.brand, exp_month = details.exp_month,
    exp_year = details.exp_year, fingerprint = ids.fingerprint(details.number), funding = card.funding,
    checks = {
      address_line1_check = check(address.line1),
      address_postal_code_check = check(address.postal_code),
      cvc_check = check(details.cvc ~= false),
    },
    generated_from = null, last4 = details.number:sub(-4), regulated_status = "unregulated",
    three_d_secure_usage = { supported = true }, wallet = null,
    networks = { available = json.array { card.brand }, preferred = null },
  }
end

-- A new, unattached payment method.
local function make(details, fields, now)
  local address = next(details.address) and details.address or nil
  local billing = merge_billing({ name = details.name, address = address }, fields.billing_details)
  return objects.insert("payment_method", {
    id = ids.new "pm", object = "payment_method", allow_redisplay = fields.allow_redisplay or "unspecified",
    billing_details = billing, card = card_hash(details, billing.address), created = now, customer = null,
    customer_account = null, livemode = false,
    metadata = params.merge_metadata({}, fields.metadata), type = "card",
  }, { number = details.number })
end

-- The record behind an id among the parameters; a pm_card_* name makes a new one each time.
function payment_methods.resolve(ctx, id, param, status)
  local test = cards.of_payment_method(id)
  if test then
    return make(tokens.details_of_test(test, ctx.now), {}, ctx.now)
  end
  return objects.need("payment_method", id, "PaymentMethod", param, status)
end

-- What the card does when it is used: decline (a table for errors.card), authenticate (true).
function payment_methods.behaviour(record)
  local card = cards.of_number(record.private.number)
  return {
    decline = card.decline and cards.declines[card.decline] or nil, checks = card.checks,
    attach = not card.decline or card.attach or false,
    authenticate = card.authenticate or false,
  }
end

function payment_methods.refuse_spent(record)
  if record.private.spent then
    errors.invalid("This PaymentMethod was previously used without being attached to a Customer or was "
      .. "detached from a Customer, and may not be used again.")
  end
end

-- The bank has seen it: what is known of its address and CVC is found to be right or not.
function payment_methods.judge(record)
  local checks, found = record.object.card.checks, payment_methods.behaviour(record).checks
  for name, value in pairs(checks) do
    checks[name] = value ~= null and (found[name] or "pass") or null
  end
  objects.save(record)
end

-- Attaches, or refuses as Stripe does. A repeat for the same customer changes nothing.
function payment_methods.attach_to(ctx, record, customer)
  local object, behaviour = record.object, payment_methods.behaviour(record)
  payment_methods.refuse_spent(record)
  if object.customer == customer then
    return
  elseif object.customer ~= null then
    errors.invalid("The payment method you provided has already been attached to a customer.")
  elseif not behaviour.attach then
    errors.card(behaviour.decline)
  end
  object.customer = customer
  payment_methods.judge(record)
  events.emit(ctx, "payment_method.attached", object)
end

-- Takes it off its customer for ever; a customer whose default it was has none then.
function payment_methods.detach_from(ctx, record)
  local customer = objects.find("customer", record.object.customer)
  if customer and not customer.deleted
      and customer.object.invoice_settings.default_payment_method == record.object.id then
    customer.object.invoice_settings.default_payment_method = null
    objects.save(customer)
  end
  local before = json.decode(json.encode(record.object))
  record.object.customer, record.private.spent = null, true
  objects.save(record)
  events.emit(ctx, "payment_method.detached", record.object, before)
end

local function in_path(ctx)
  return payment_methods.resolve(ctx, ctx.path.payment_method, "payment_method", 404)
end

-- What a new one is made of, at its own door or within a setup intent.
payment_methods.data_fields = {
  type = { "enum", choices = { "card" } }, allow_redisplay = REDISPLAY, billing_details = BILLING,
  metadata = { "metadata", unset = true }, radar_options = { "object", fields = { session = { "string" } } },
  card = { "object", fields = {
    token = { "string" }, number = { "string" }, exp_month = { "integer" }, exp_year = { "integer" },
    cvc = { "string" },
    networks = { "object", fields = { preferred = { "string", unset = true } } },
  } },
}

payment_methods.create_fields = { customer = { "string" } }
for name, field in pairs(payment_methods.data_fields) do
  payment_methods.create_fields[name] = field
end

-- The new record that fields of data_fields make; path: "" or where they stand among the parameters.
function payment_methods.build(ctx, fields, path)
  local function named(name)
    return path == "" and name or ("%s[%s]"):format(path, name)
  end
  if not fields.type then
    errors.required(named "type")
  elseif not fields.card then
    errors.required(named "card")
  end
  local card, details = fields.card, nil
  if not card.token then
    details = tokens.details_of(card, named "card", ctx.now)
  elseif card.token:find("^tok_") then
    details = tokens.redeem(card.token, named "card" .. "[token]", ctx.now)
  else
    errors.invalid("Invalid token id: " .. card.token, named "card" .. "[token]")
  end
  return make(details, fields, ctx.now)
end

function payment_methods.create(ctx)
  local fields = ctx.params
  if fields.type and fields.customer then
    errors.early("You cannot attach a PaymentMethod to a Customer during PaymentMethod creation. Please "
      .. "instead create the PaymentMethod and then attach it using the attachment method of the "
      .. "PaymentMethods API.")
  end
  return payment_methods.build(ctx, fields, "").object
end

function payment_methods.retrieve(ctx)
  return in_path(ctx).object
end

payment_methods.update_fields = {
  allow_redisplay = REDISPLAY, billing_details = BILLING, metadata = { "metadata", unset = true },
  card = { "object", fields = {
    exp_month = { "integer", min = 1, max = 12 }, exp_year = { "integer", min = 1970 },
    networks = { "object", fields = { preferred = { "string", unset = true } } },
  } },
}

function payment_methods.update(ctx)
  local record, fields = in_path(ctx), ctx.params
  local object = record.object
  local before = json.decode(json.encode(object))
  if object.customer == null then
    errors.invalid("You must save this PaymentMethod to a customer before you can update it.")
  end
  object.allow_redisplay = fields.allow_redisplay or object.allow_redisplay
  object.billing_details = merge_billing(object.billing_details, fields.billing_details)
  object.metadata = params.merge_metadata(object.metadata, fields.metadata)
  for _, name in ipairs { "exp_month", "exp_year" } do
    object.card[name] = fields.card and fields.card[name] or object.card[name]
  end
  objects.save(record)
  events.emit(ctx, "payment_method.updated", object, before)
  return object
end

payment_methods.attach_fields = { customer = { "string" } }

function payment_methods.attach(ctx)
  local customer = ctx.params.customer
  if not customer then
    errors.required("customer")
  end
  local record = in_path(ctx)
  objects.need("customer", customer, "customer", "customer")
  payment_methods.attach_to(ctx, record, customer)
  return record.object
end

payment_methods.detach_fields = {}

function payment_methods.detach(ctx)
  local record = in_path(ctx)
  if record.object.customer == null then
    errors.invalid("The payment method you provided is not attached to a customer so detachment is "
      .. "impossible.")
  end
  payment_methods.detach_from(ctx, record)
  return record.object
end

payment_methods.list_fields = list.fields {
  customer = { "string" }, type = { "enum", choices = TYPES }, allow_redisplay = REDISPLAY,
}

local function page_of(ctx, customer, url)
  local filters = { customer = customer }
  if ctx.params.type and ctx.params.type ~= "card" then
    return list.envelope(url, {}) -- there are cards only
  end
  local redisplay = ctx.params.allow_redisplay
  local what = { kind = "payment_method", noun = "PaymentMethod", url = url, filters = filters,
    where = redisplay and { sql = "json_extract(body, '$.allow_redisplay') = ?", values = { redisplay } } or nil }
  return list.page(what, ctx.params)
end

-- Without a customer Stripe lists none of a customer's.
function payment_methods.list(ctx)
  local customer = ctx.params.customer
  if not customer then
    return list.envelope("/v1/payment_methods", {})
  end
  objects.need("customer", customer, "customer", "customer")
  return page_of(ctx, customer, "/v1/payment_methods")
end

function payment_methods.list_of_customer(ctx)
  local customer = ctx.path.customer
  objects.need("customer", customer, "customer", "id", 404)
  return page_of(ctx, customer, ("/v1/customers/%s/payment_methods"):format(customer))
end

function payment_methods.retrieve_of_customer(ctx)
  objects.need("customer", ctx.path.customer, "customer", "id", 404)
  local record = in_path(ctx)
  if record.object.customer ~= ctx.path.customer then
    errors.missing("PaymentMethod", ctx.path.payment_method, "payment_method", 404)
  end
  return record.object
end

return payment_methods
