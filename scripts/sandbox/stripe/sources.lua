-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: a customer's legacy cards (/v1/customers/{id}/sources), made from tokens or from card
-- hashes. private = {number=}.
local cards, errors, events = require "sandbox.stripe.cards", require "sandbox.stripe.errors",
  require "sandbox.stripe.events"
local ids, list, objects = require "sandbox.stripe.ids", require "sandbox.stripe.list",
  require "sandbox.stripe.objects"
local params, tokens = require "sandbox.stripe.params", require "sandbox.stripe.tokens"
local json = require "json"

local null = json.null
local sources = {}

local INLINE = tokens.card_fields { metadata = { "metadata" } }

local function details_of(ctx, source)
  if type(source) == "table" then
    local card = params.check(INLINE, source)
    return tokens.details_of(card, "source", ctx.now)
  elseif source:find("^pm_") then
    errors.invalid("You cannot use a PaymentMethod as a source for Customers. Instead, use the "
      .. "PaymentMethods API to Attach a Customer to a PaymentMethod. See "
      .. "https://stripe.com/docs/api/payment_methods/attach", "source")
  end
  return tokens.redeem(source, "source", ctx.now)
end

-- Makes the card that `source` (a token or a hash) stands for; a declining card raises 402 here.
function sources.add(ctx, customer, source)
  local details = details_of(ctx, source)
  local card = cards.of_number(details.number)
  if card.decline and not card.attach then
    errors.card(cards.declines[card.decline])
  end
  local object = tokens.legacy_card(details.card_id or ids.new "card", details, true)
  object.customer = customer
  local record = objects.insert("card", object, { number = details.number })
  events.emit(ctx, "customer.source.created", object)
  return record
end

local function customer_in_path(ctx)
  return objects.need("customer", ctx.path.customer, "customer", "id", 404)
end

local function card_in_path(ctx)
  local record = objects.find("card", ctx.path.id)
  if not record or record.deleted or record.object.customer ~= ctx.path.customer then
    errors.missing("source", ctx.path.id, "id", 404)
  end
  return record
end

sources.create_fields = {
  source = { "any" }, card = { "any" }, metadata = { "metadata", unset = true }, validate = { "boolean" },
}

function sources.create(ctx)
  local customer = customer_in_path(ctx)
  local source = ctx.params.source or ctx.params.card
  if not source then
    errors.required("source")
  end
  local record = sources.add(ctx, customer.object.id, source)
  if ctx.params.metadata then
    record.object.metadata = params.merge_metadata({}, ctx.params.metadata)
    objects.save(record)
  end
  if customer.object.default_source == null then
    customer.object.default_source = record.object.id
    objects.save(customer)
  end
  return record.object
end

sources.list_fields = list.fields { object = { "string" } }

-- Under its older name, too.
function sources.list(ctx)
  local name = ctx.sent_path:match("[^/]+$")
  return list.of_customer("card", "source", customer_in_path(ctx).object.id, name, ctx.params)
end

function sources.retrieve(ctx)
  customer_in_path(ctx)
  return card_in_path(ctx).object
end

sources.update_fields = tokens.card_fields { metadata = { "metadata", unset = true } }
for _, name in ipairs { "number", "cvc", "currency", "object" } do
  sources.update_fields[name] = nil
end

function sources.update(ctx)
  customer_in_path(ctx)
  local record = card_in_path(ctx)
  for name, value in pairs(ctx.params) do
    if name == "metadata" then
      record.object.metadata = params.merge_metadata(record.object.metadata, value)
    elseif name ~= "expand" then
      record.object[name] = value
    end
  end
  objects.save(record)
  return record.object
end

-- The newest card that is left becomes the default when the default goes.
function sources.delete(ctx)
  local customer, record = customer_in_path(ctx), card_in_path(ctx)
  record.deleted = true
  objects.save(record)
  if customer.object.default_source == record.object.id then
    local left = objects.of_customer("card", customer.object.id)[1]
    customer.object.default_source = left and left.object.id or null
    objects.save(customer)
  end
  events.emit(ctx, "customer.source.deleted", record.object)
  return { id = record.object.id, object = "card", deleted = true }
end

return sources
