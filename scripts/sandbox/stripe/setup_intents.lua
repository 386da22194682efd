-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: setup intents: saving a card for later without a payment. A confirm that succeeds
-- attaches the payment method to the intent's customer; a card that declines answers 402 and leaves the
-- intent open.
local errors, events = require "sandbox.stripe.errors", require "sandbox.stripe.events"
local ids, list, objects = require "sandbox.stripe.ids", require "sandbox.stripe.list",
  require "sandbox.stripe.objects"
local params, payment_methods = require "sandbox.stripe.params", require "sandbox.stripe.payment_methods"
local setup_attempts = require "sandbox.stripe.setup_attempts"
local crypto, json = require "crypto", require "json"

local null = json.null
local setup_intents = {}

local UNEXPECTED = "setup_intent_unexpected_state"
local CANCELABLE = { requires_payment_method = true, requires_confirmation = true, requires_action = true }
local TYPES = { "list", of = { "enum", choices = { "card", "link" } } }
local CARD_OPTIONS = { "object", fields = { card = { "object", fields = {
  request_three_d_secure = { "enum", choices = { "any", "automatic", "challenge" } },
  network = { "string" },
} } } }

local function refuse(intent, message, code, param)
  errors.raise({ message = message, code = code, param = param, setup_intent = intent })
end

local function guard_owner(method, customer, intent)
  local owner = method.object.customer
  if owner == null or owner == customer then
    return
  elseif customer == null then
    refuse(intent, ("The payment method supplied (%s) belongs to the Customer %s. Please include the "
      .. "Customer in the `customer` parameter on the SetupIntent.")
      :format(method.object.id, owner), nil, "payment_method")
  end
  refuse(intent, ("The PaymentMethod %s does not belong to the Customer you supplied %s. Please use this "
    .. "PaymentMethod with the Customer that it belongs to instead.")
    :format(method.object.id, customer), nil, "payment_method")
end

local function ask_for_authentication(ctx, record, method, return_url)
  local intent = record.object
  intent.status = "requires_action"
  intent.latest_attempt = setup_attempts.add(ctx, intent, method, "requires_action")
  if return_url then
    intent.next_action = { type = "redirect_to_url", redirect_to_url = {
      return_url = return_url, url = "https://hooks.stripe.com/redirect/authenticate/" .. intent.id } }
  else
    intent.next_action = { type = "use_stripe_sdk", use_stripe_sdk = {} }
  end
  objects.save(record)
  events.emit(ctx, "setup_intent.requires_action", intent)
end

-- The failed try stays written: the 402 is raised with keep.
local function decline(ctx, record, method, why)
  local intent, told = record.object, {}
  payment_methods.judge(method)
  for name, value in pairs(why) do
    told[name] = value
  end
  told.decline_code = told.decline_code or told.code
  local problem = { payment_method = method.object, type = "card_error",
    doc_url = "https://stripe.com/docs/error-codes/" .. told.code:gsub("_", "-") }
  for name, value in pairs(told) do
    problem[name] = value
  end
  intent.status, intent.payment_method, intent.last_setup_error = "requires_payment_method", null, problem
  intent.latest_attempt = setup_attempts.add(ctx, intent, method, "failed", problem)
  objects.save(record)
  events.emit(ctx, "setup_intent.setup_failed", intent)
  errors.card(told, { setup_intent = intent, payment_method = method.object }, { keep = true })
end

local function succeed(ctx, record, method)
  local intent = record.object
  if intent.customer ~= null then
    payment_methods.attach_to(ctx, method, intent.customer)
  else
    method.private.spent = true
    payment_methods.judge(method)
  end
  intent.status = "succeeded"
  intent.latest_attempt = setup_attempts.add(ctx, intent, method, "succeeded")
  intent.next_action, intent.last_setup_error = null, null
  objects.save(record)
  events.emit(ctx, "setup_intent.succeeded", intent)
end

-- An intent that takes whatever the Dashboard allows may have to send people away and back.
local function check_return(intent, fields)
  local automatic = intent.automatic_payment_methods
  if automatic ~= null and automatic.allow_redirects == "always" and not fields.return_url
      and not fields.use_stripe_sdk then
    errors.invalid("This SetupIntent is configured to accept payment methods enabled in your Dashboard. Because "
      .. "some of these payment methods might redirect your customer off of your page, you must provide a "
      .. "`return_url`. If you don't want to accept redirect-based payment methods, set "
      .. "`automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to "
      .. "`never` when creating Setup Intents and Payment Intents.")
  end
end

-- method = the record that this call named, or nil: then the intent's own.
local function confirm(ctx, record, method)
  local intent, return_url = record.object, ctx.params.return_url
  if not method and intent.payment_method ~= null then
    method = objects.need("payment_method", intent.payment_method, "PaymentMethod", "payment_method")
  end
  if not method then
    refuse(intent, "You cannot confirm this SetupIntent because it's missing a payment method. You can "
      .. "either update the SetupIntent with a payment method and then confirm it again, or confirm it again "
      .. "directly with a payment method or ConfirmationToken.", UNEXPECTED)
  elseif intent.status == "succeeded" then
    refuse(intent, "You cannot confirm this SetupIntent because it has already succeeded.", UNEXPECTED)
  elseif intent.status == "canceled" then
    refuse(intent, "You cannot confirm this SetupIntent because it has been canceled.", UNEXPECTED)
  end
  check_return(intent, ctx.params)
  guard_owner(method, intent.customer, intent)
  payment_methods.refuse_spent(method)
  intent.payment_method = method.object.id
  local behaviour = payment_methods.behaviour(method)
  if behaviour.authenticate then
    ask_for_authentication(ctx, record, method, return_url)
  elseif behaviour.decline and not behaviour.attach then
    decline(ctx, record, method, behaviour.decline)
  else
    succeed(ctx, record, method)
  end
end

-- The customer's consent, which nobody reads here.
local MANDATE = { "object", unset = true, fields = { customer_acceptance = { "object", required = true, fields = {
  type = { "enum", required = true, choices = { "online", "offline" } }, accepted_at = { "integer" },
  offline = { "object", fields = {} },
  online = { "object", fields = {
    ip_address = { "string", required = true }, user_agent = { "string", required = true },
  } },
} } } }
local METHOD_DATA = { "object", fields = payment_methods.data_fields }

-- The method that a call names or describes, or nil.
local function method_of(ctx)
  local fields = ctx.params
  if fields.payment_method and fields.payment_method_data then
    errors.early("You may only specify one of these parameters: payment_method, payment_method_data.",
      "payment_method_data", "parameters_exclusive")
  elseif fields.payment_method_data then
    return payment_methods.build(ctx, fields.payment_method_data, "payment_method_data")
  end
  return fields.payment_method and payment_methods.resolve(ctx, fields.payment_method, "payment_method")
end

local SHARED = {
  payment_method_data = METHOD_DATA,
  flow_directions = { "list", of = { "enum", choices = { "inbound", "outbound" } } },
  payment_method_configuration = { "string" }, allowed_payment_method_types = TYPES,
  excluded_payment_method_types = { "list", unset = true, of = { "string" } },
  customer = { "string" }, payment_method = { "string" }, metadata = { "metadata", unset = true },
  description = { "string", max = 1000, unset = true },
  payment_method_types = TYPES, payment_method_options = CARD_OPTIONS,
}

local function with(more)
  local fields = {}
  for _, source in ipairs { SHARED, more } do
    for name, field in pairs(source) do
      fields[name] = field
    end
  end
  return fields
end

setup_intents.create_fields = with {
  usage = { "enum", choices = { "off_session", "on_session" } }, confirm = { "boolean" },
  return_url = { "string" }, use_stripe_sdk = { "boolean" }, attach_to_self = { "boolean" },
  mandate_data = MANDATE, on_behalf_of = { "string" },
  automatic_payment_methods = { "object", fields = {
    enabled = { "boolean", required = true }, allow_redirects = { "enum", choices = { "always", "never" } },
  } },
}

-- What the Dashboard allows, where the call names no types and its version is not older than that default.
local AUTOMATIC_SINCE <const> = "2023-08-16"

local function automatic_of(ctx, fields)
  local automatic = fields.automatic_payment_methods
  if not automatic and not fields.payment_method_types and ctx.version >= AUTOMATIC_SINCE then
    automatic = { enabled = true }
  end
  if not automatic or not automatic.enabled then
    return nil
  end
  return { enabled = true, allow_redirects = automatic.allow_redirects or "always" }
end

local function new_intent(ctx, fields, method)
  local id = ids.new "seti"
  local automatic = automatic_of(ctx, fields)
  return {
    id = id, object = "setup_intent", allowed_payment_method_types = fields.allowed_payment_method_types or null,
    application = null, automatic_payment_methods = automatic or null,
    cancellation_reason = null, client_secret = ids.client_secret(id), created = ctx.now,
    customer = fields.customer or null, customer_account = null, description = fields.description or null,
    excluded_payment_method_types = fields.excluded_payment_method_types or null,
    flow_directions = fields.flow_directions or null, managed_payments = { enabled = false },
    payment_method_configuration_details = automatic and { id = "pmc_1UsherSandbox0001", parent = null } or null,
    last_setup_error = null, latest_attempt = null, livemode = false, mandate = null,
    metadata = params.merge_metadata({}, fields.metadata), next_action = null,
    on_behalf_of = fields.on_behalf_of or null,
    payment_method = method and method.object.id or null, single_use_mandate = null,
    payment_method_options = { card = { mandate_options = null, network = null,
      request_three_d_secure = "automatic" } },
    payment_method_types = fields.payment_method_types or json.array { "card" },
    status = method and "requires_confirmation" or "requires_payment_method",
    usage = fields.usage or "off_session",
  }
end

function setup_intents.create(ctx)
  local fields = ctx.params
  if fields.customer then
    objects.need("customer", fields.customer, "customer", "customer")
  end
  if fields.return_url and not fields.confirm then
    errors.early("The parameter `return_url` cannot be passed when creating a SetupIntent unless `confirm` "
      .. "is set to true.", "return_url", "setup_intent_invalid_parameter")
  end
  local method = method_of(ctx)
  if method then
    guard_owner(method, fields.customer or null)
  end
  local record = objects.insert("setup_intent", new_intent(ctx, fields, method))
  events.emit(ctx, "setup_intent.created", record.object)
  if fields.confirm then
    confirm(ctx, record, method)
  end
  return record.object
end

local function in_path(ctx)
  return objects.need("setup_intent", ctx.path.intent, "setupintent", "intent", 404)
end

-- The same; a page must know its secret, too.
local function known_in_path(ctx)
  local record, secret = in_path(ctx), ctx.params.client_secret
  if ctx.public and not secret then
    errors.required("client_secret")
  elseif secret and not crypto.equal(secret, record.object.client_secret) then
    errors.invalid("The client_secret provided does not match the client_secret associated with the SetupIntent.",
      "client_secret", "setup_intent_invalid_parameter")
  end
  return record
end

setup_intents.retrieve_fields = { client_secret = { "string" } }

function setup_intents.retrieve(ctx)
  return known_in_path(ctx).object
end

setup_intents.update_fields = with {}

function setup_intents.update(ctx)
  local record, fields = in_path(ctx), ctx.params
  local intent = record.object
  if fields.customer then
    intent.customer = objects.need("customer", fields.customer, "customer", "customer").object.id
  end
  if fields.payment_method or fields.payment_method_data then
    if intent.status == "succeeded" or intent.status == "canceled" then
      refuse(intent, ("You cannot update this SetupIntent because it has %s."):format(
        intent.status == "succeeded" and "already succeeded" or "been canceled"), UNEXPECTED)
    end
    local method = method_of(ctx)
    guard_owner(method, intent.customer, intent)
    intent.payment_method, intent.status = method.object.id, "requires_confirmation"
  end
  if fields.description ~= nil then
    intent.description = fields.description
  end
  intent.payment_method_types = fields.payment_method_types or intent.payment_method_types
  intent.metadata = params.merge_metadata(intent.metadata, fields.metadata)
  objects.save(record)
  return intent
end

setup_intents.confirm_fields = {
  payment_method = { "string" }, return_url = { "string" }, use_stripe_sdk = { "boolean" },
  client_secret = { "string" }, payment_method_options = CARD_OPTIONS, mandate_data = MANDATE,
  payment_method_data = METHOD_DATA,
}

function setup_intents.confirm(ctx)
  local record = known_in_path(ctx)
  confirm(ctx, record, method_of(ctx))
  return record.object
end

setup_intents.cancel_fields = {
  cancellation_reason = { "enum", choices = { "abandoned", "requested_by_customer", "duplicate" } },
}

function setup_intents.cancel(ctx)
  local record = in_path(ctx)
  local intent = record.object
  if intent.status == "canceled" then
    refuse(intent, "You cannot cancel this SetupIntent because it is already canceled.", UNEXPECTED)
  elseif not CANCELABLE[intent.status] then
    refuse(intent, ("You cannot cancel this SetupIntent because it has a status of %s. Only a SetupIntent "
      .. "with one of the following statuses may be canceled: `requires_payment_method`, "
      .. "`requires_confirmation`, or `requires_action`."):format(intent.status), UNEXPECTED)
  end
  intent.status, intent.next_action = "canceled", null
  intent.cancellation_reason = ctx.params.cancellation_reason or null
  objects.save(record)
  events.emit(ctx, "setup_intent.canceled", intent)
  return intent
end

setup_intents.list_fields = list.fields { customer = { "string" }, created = { "range" },
  payment_method = { "string" }, attach_to_self = { "boolean" } }

function setup_intents.list(ctx)
  local method = ctx.params.payment_method
  return list.page({
    kind = "setup_intent", noun = "setupintent", url = "/v1/setup_intents",
    filters = { customer = ctx.params.customer },
    where = method and { sql = "json_extract(body, '$.payment_method') = ?", values = { method } } or nil,
  }, ctx.params)
end

return setup_intents
