-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: customers. A source or payment method given at creation is attached in the same call;
-- when its card declines, there is no customer. A deleted customer stays readable as a stub and can do
-- nothing else.
local errors, events = require "sandbox.stripe.errors", require "sandbox.stripe.events"
local ids, list, objects = require "sandbox.stripe.ids", require "sandbox.stripe.list",
  require "sandbox.stripe.objects"
local params, payment_methods = require "sandbox.stripe.params", require "sandbox.stripe.payment_methods"
local sources, tax_ids = require "sandbox.stripe.sources", require "sandbox.stripe.tax_ids"
local json = require "json"

local null = json.null
local customers = {}

local ADDRESS = { "object", unset = true, fields = params.address_fields }
local BODY = {
  address = ADDRESS, balance = { "integer" }, description = { "string", unset = true },
  email = { "email", unset = true }, invoice_prefix = { "string" }, metadata = { "metadata", unset = true },
  name = { "string", max = 256, unset = true }, next_invoice_sequence = { "integer", min = 1 },
  phone = { "string", max = 20, unset = true }, preferred_locales = { "list", unset = true, of = { "string" } },
  source = { "any" }, card = { "any" }, validate = { "boolean" },
  business_name = { "string", max = 150, unset = true }, individual_name = { "string", max = 150, unset = true },
  cash_balance = { "object", fields = { settings = { "object", fields = {
    reconciliation_mode = { "enum", choices = { "automatic", "manual", "merchant_default" } },
  } } } },
  tax = { "object", fields = { ip_address = { "string", unset = true },
    validate_location = { "enum", choices = { "auto", "deferred", "immediately" } } } },
  tax_exempt = { "enum", unset = true, choices = { "exempt", "none", "reverse" } },
  shipping = { "object", unset = true, fields = {
    address = { "object", required = true, fields = params.address_fields },
    name = { "string", required = true }, phone = { "string", unset = true },
  } },
  invoice_settings = { "object", unset = true, fields = {
    default_payment_method = { "string", unset = true }, footer = { "string", unset = true },
    custom_fields = { "list", unset = true, of = { "object", fields = {
      name = { "string", max = 40, required = true }, value = { "string", max = 140, required = true },
    } } },
    rendering_options = { "object", unset = true, fields = {
      amount_tax_display = { "string", unset = true }, template = { "string" },
    } },
  } },
}

local function with(fields)
  for key, value in pairs(BODY) do
    fields[key] = value
  end
  return fields
end

customers.create_fields = with {
  payment_method = { "string" }, test_clock = { "string" },
  tax_id_data = { "list", of = { "object", fields = tax_ids.create_fields } },
}
customers.update_fields = with { default_source = { "string", max = 500 } }
customers.list_fields = list.fields { email = { "string", max = 512 }, created = { "range" },
  test_clock = { "string" } }

local function empty_customer(now)
  return {
    id = ids.new "cus", object = "customer", address = null, balance = 0, created = now, currency = null,
    default_source = null, delinquent = false, description = null, discount = null, email = null,
    invoice_prefix = ids.invoice_prefix(), livemode = false, metadata = {}, name = null,
    invoice_settings = { custom_fields = null, default_payment_method = null, footer = null,
      rendering_options = null },
    next_invoice_sequence = 1, phone = null, preferred_locales = json.array {}, shipping = null,
    tax_exempt = "none", test_clock = null,
  }
end

local function check_prefix(customer, prefix)
  if not prefix:find("^[A-Z0-9]+$") or #prefix > 12 then
    errors.early("Invoice number prefix must be 1–12 uppercase letters or numbers.")
  end
  local holder = objects.select("customer", {
    sql = " AND json_extract(body, '$.invoice_prefix') = ? AND id <> ?", values = { prefix, customer.id },
  })[1]
  if holder then
    errors.invalid(("This invoice number prefix is taken by customer: %s. Please enter a different prefix.")
      :format(holder.object.id), "invoice_prefix")
  end
end

local function merge_shipping(old, new)
  if new == null then
    return null
  end
  old = old ~= null and old or { name = null, phone = null }
  return {
    address = params.merge_address(old.address, new.address ~= null and new.address or nil),
    name = new.name or old.name, phone = new.phone or old.phone,
  }
end

-- The members that are simply set, or unset to `empty`.
local function set_plain(customer, fields)
  for _, name in ipairs { "description", "email", "name", "phone", "balance", "next_invoice_sequence" } do
    if fields[name] ~= nil then
      customer[name] = fields[name]
    end
  end
  for _, name in ipairs { "business_name", "individual_name" } do -- shown when there is one
    if fields[name] ~= nil then
      customer[name] = fields[name] ~= null and fields[name] or nil
    end
  end
  if fields.tax_exempt then
    customer.tax_exempt = fields.tax_exempt ~= null and fields.tax_exempt or "none"
  end
  if fields.preferred_locales then
    local locales = fields.preferred_locales
    customer.preferred_locales = locales ~= null and locales or json.array {}
  end
  if customer.balance ~= 0 then
    customer.currency = "usd"
  end
end

local function set_nested(customer, fields)
  if fields.address then
    customer.address = params.merge_address(customer.address, fields.address)
  end
  if fields.shipping then
    customer.shipping = merge_shipping(customer.shipping, fields.shipping)
  end
  if fields.invoice_prefix then
    check_prefix(customer, fields.invoice_prefix)
    customer.invoice_prefix = fields.invoice_prefix
  end
  local settings = fields.invoice_settings
  for name in pairs(customer.invoice_settings) do
    if settings == null then
      customer.invoice_settings[name] = null
    elseif settings and settings[name] ~= nil and name ~= "default_payment_method" then
      customer.invoice_settings[name] = settings[name]
    end
  end
  customer.metadata = params.merge_metadata(customer.metadata, fields.metadata)
end

-- The default must be attached: `attached` is what this same call attached under the name `named`.
local function set_default_method(customer, wanted, named, attached)
  local param = "invoice_settings[default_payment_method]"
  if wanted == null then
    customer.invoice_settings.default_payment_method = null
    return
  end
  local id = wanted == named and attached or wanted
  local record = objects.need("payment_method", id, "PaymentMethod", param)
  if record.object.customer ~= customer.id then
    errors.invalid(("The customer does not have a payment method with the ID %s. The payment method must be "
      .. "attached to the customer."):format(id), param, "resource_missing")
  end
  customer.invoice_settings.default_payment_method = id
end

local function default_wanted(fields)
  return type(fields.invoice_settings) == "table" and fields.invoice_settings ~= null
    and fields.invoice_settings.default_payment_method or nil
end

function customers.create(ctx)
  local fields, customer = ctx.params, empty_customer(ctx.now)
  local source = fields.source or fields.card
  if source and fields.payment_method then
    errors.early("You may only specify one of these parameters: payment_method, source.", "payment_method",
      "parameters_exclusive")
  end
  if fields.test_clock then
    errors.missing("test clock", fields.test_clock, "test_clock")
  end
  set_plain(customer, fields)
  set_nested(customer, fields)
  local record, attached = objects.insert("customer", customer), nil
  for _, tax_id in ipairs(fields.tax_id_data or {}) do
    tax_ids.add(ctx, customer.id, tax_id)
  end
  if source then
    customer.default_source = sources.add(ctx, customer.id, source).object.id
  elseif fields.payment_method then
    local method = payment_methods.resolve(ctx, fields.payment_method, "payment_method")
    payment_methods.attach_to(ctx, method, customer.id)
    attached = method.object.id
  end
  if default_wanted(fields) then
    set_default_method(customer, default_wanted(fields), fields.payment_method, attached)
  end
  objects.save(record)
  events.emit(ctx, "customer.created", customer)
  return customer
end

function customers.retrieve(ctx)
  local record = objects.find("customer", ctx.path.customer)
  if not record then
    errors.missing("customer", ctx.path.customer, "id", 404)
  end
  return record.deleted and customers.stub(record) or record.object
end

function customers.stub(record)
  return { id = record.object.id, object = "customer", deleted = true }
end

-- A new source replaces the default one.
local function replace_source(ctx, customer, source)
  local old = customer.default_source ~= null and objects.find("card", customer.default_source)
  customer.default_source = sources.add(ctx, customer.id, source).object.id
  if old then
    old.deleted = true
    objects.save(old)
  end
end

function customers.update(ctx)
  local record, fields = objects.need("customer", ctx.path.customer, "customer", "id", 404), ctx.params
  local customer = record.object
  local before = json.decode(json.encode(customer))
  set_plain(customer, fields)
  set_nested(customer, fields)
  local source = fields.source or fields.card
  if source then
    replace_source(ctx, customer, source)
  elseif fields.default_source then
    local card = objects.need("card", fields.default_source, "source", "default_source")
    if card.object.customer ~= customer.id then
      errors.missing("source", fields.default_source, "default_source")
    end
    customer.default_source = card.object.id
  end
  if default_wanted(fields) then
    set_default_method(customer, default_wanted(fields))
  end
  objects.save(record)
  events.emit(ctx, "customer.updated", customer, before)
  return customer
end

function customers.delete(ctx)
  local record = objects.need("customer", ctx.path.customer, "customer", "id", 404)
  record.deleted = true
  objects.save(record)
  for _, method in ipairs(objects.of_customer("payment_method", record.object.id)) do
    payment_methods.detach_from(ctx, method)
  end
  for _, card in ipairs(objects.of_customer("card", record.object.id)) do
    card.deleted = true
    objects.save(card)
  end
  events.emit(ctx, "customer.deleted", record.object)
  return customers.stub(record)
end

function customers.list(ctx)
  return list.page({
    kind = "customer", noun = "customer", url = "/v1/customers", filters = { email = ctx.params.email },
  }, ctx.params)
end

return customers
