-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: a customer's tax ids (/v1/customers/{id}/tax_ids). Nobody verifies them.
local errors, ids = require "sandbox.stripe.errors", require "sandbox.stripe.ids"
local list, objects = require "sandbox.stripe.list", require "sandbox.stripe.objects"
local json = require "json"

local null = json.null
local tax_ids = {}

tax_ids.create_fields = { type = { "string", required = true }, value = { "string", required = true } }

-- Makes one of fields as create_fields read them -> the object
function tax_ids.add(ctx, customer, fields)
  local kind = fields.type
  local country = (kind == "eu_vat" and fields.value or kind):sub(1, 2):upper()
  return objects.insert("tax_id", {
    id = ids.new "txi", object = "tax_id", country = country, created = ctx.now, customer = customer,
    customer_account = null, livemode = false, type = kind, value = fields.value,
    owner = { account = null, application = null, customer = customer, customer_account = null, type = "customer" },
    verification = { status = "pending", verified_address = null, verified_name = null },
  }).object
end

local function customer_in_path(ctx)
  return objects.need("customer", ctx.path.customer, "customer", "id", 404).object.id
end

local function in_path(ctx)
  local customer, record = customer_in_path(ctx), objects.find("tax_id", ctx.path.id)
  if not record or record.deleted or record.object.customer ~= customer then
    errors.missing("tax_id", ctx.path.id, "id", 404)
  end
  return record
end

function tax_ids.create(ctx)
  return tax_ids.add(ctx, customer_in_path(ctx), ctx.params)
end

tax_ids.list_fields = list.fields()

function tax_ids.list(ctx)
  return list.of_customer("tax_id", "tax_id", customer_in_path(ctx), "tax_ids", ctx.params)
end

function tax_ids.retrieve(ctx)
  return in_path(ctx).object
end

function tax_ids.delete(ctx)
  local record = in_path(ctx)
  record.deleted = true
  objects.save(record)
  return { id = record.object.id, object = "tax_id", deleted = true }
end

return tax_ids
