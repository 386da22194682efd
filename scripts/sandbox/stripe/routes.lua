-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: the table of operations: method, path, name, parameters, function. One row is one call
-- that the vendor's libraries can make; what has no row is an unrecognized URL.
local account = require "sandbox.stripe.account"
local customers, events = require "sandbox.stripe.customers", require "sandbox.stripe.events"
local form = require "form"
local params = require "sandbox.stripe.params"
local payment_methods, search = require "sandbox.stripe.payment_methods", require "sandbox.stripe.search"
local setup_attempts = require "sandbox.stripe.setup_attempts"
local setup_intents, sources = require "sandbox.stripe.setup_intents", require "sandbox.stripe.sources"
local webhooks = require "sandbox.stripe.webhooks"
local tax_ids, tokens = require "sandbox.stripe.tax_ids", require "sandbox.stripe.tokens"

local CUSTOMER, METHOD = "/v1/customers/{customer}", "/v1/payment_methods/{payment_method}"
local INTENT, TAX_ID = "/v1/setup_intents/{intent}", CUSTOMER .. "/tax_ids/{id}"
local ENDPOINT = "/v1/webhook_endpoints/{id}"

-- Whoever has the publishable key may make these calls, as pages do.
local PUBLIC <const> = true

local ROWS = {
  { "POST", "/v1/customers", "create_customer", customers.create_fields, customers.create },
  { "GET", "/v1/customers", "list_customers", customers.list_fields, customers.list },
  { "GET", "/v1/customers/search", "search_customers", search.fields, search.customers },
  { "GET", CUSTOMER, "retrieve_customer", {}, customers.retrieve },
  { "POST", CUSTOMER, "update_customer", customers.update_fields, customers.update },
  { "DELETE", CUSTOMER, "delete_customer", {}, customers.delete },

  { "GET", CUSTOMER .. "/payment_methods", "list_customer_payment_methods", payment_methods.list_fields,
    payment_methods.list_of_customer },
  { "GET", CUSTOMER .. "/payment_methods/{payment_method}", "retrieve_customer_payment_method", {},
    payment_methods.retrieve_of_customer },
  { "POST", "/v1/payment_methods", "create_payment_method", payment_methods.create_fields,
    payment_methods.create, PUBLIC },
  { "GET", "/v1/payment_methods", "list_payment_methods", payment_methods.list_fields, payment_methods.list },
  { "GET", METHOD, "retrieve_payment_method", {}, payment_methods.retrieve },
  { "POST", METHOD, "update_payment_method", payment_methods.update_fields, payment_methods.update },
  { "POST", METHOD .. "/attach", "attach_payment_method", payment_methods.attach_fields,
    payment_methods.attach },
  { "POST", METHOD .. "/detach", "detach_payment_method", payment_methods.detach_fields,
    payment_methods.detach },

  { "POST", "/v1/tokens", "create_token", tokens.create_fields, tokens.create, PUBLIC },
  { "GET", "/v1/tokens/{token}", "retrieve_token", {}, tokens.retrieve },

  { "POST", "/v1/setup_intents", "create_setup_intent", setup_intents.create_fields, setup_intents.create },
  { "GET", "/v1/setup_intents", "list_setup_intents", setup_intents.list_fields, setup_intents.list },
  { "GET", INTENT, "retrieve_setup_intent", setup_intents.retrieve_fields, setup_intents.retrieve,
    PUBLIC },
  { "POST", INTENT, "update_setup_intent", setup_intents.update_fields, setup_intents.update },
  { "POST", INTENT .. "/confirm", "confirm_setup_intent", setup_intents.confirm_fields,
    setup_intents.confirm, PUBLIC },
  { "POST", INTENT .. "/cancel", "cancel_setup_intent", setup_intents.cancel_fields, setup_intents.cancel },

  { "GET", "/v1/setup_attempts", "list_setup_attempts", setup_attempts.list_fields, setup_attempts.list },

  { "POST", CUSTOMER .. "/tax_ids", "create_tax_id", tax_ids.create_fields, tax_ids.create },
  { "GET", CUSTOMER .. "/tax_ids", "list_tax_ids", tax_ids.list_fields, tax_ids.list },
  { "GET", TAX_ID, "retrieve_tax_id", {}, tax_ids.retrieve },
  { "DELETE", TAX_ID, "delete_tax_id", {}, tax_ids.delete },

  { "GET", "/v1/account", "retrieve_account", {}, account.retrieve },
  { "GET", "/v1/balance", "retrieve_balance", {}, account.balance },

  { "POST", "/v1/webhook_endpoints", "create_webhook_endpoint", webhooks.create_fields, webhooks.create },
  { "GET", "/v1/webhook_endpoints", "list_webhook_endpoints", webhooks.list_fields, webhooks.list },
  { "GET", ENDPOINT, "retrieve_webhook_endpoint", {}, webhooks.retrieve },
  { "POST", ENDPOINT, "update_webhook_endpoint", webhooks.update_fields, webhooks.update },
  { "DELETE", ENDPOINT, "delete_webhook_endpoint", {}, webhooks.delete },

  { "GET", "/v1/events", "list_events", events.list_fields, events.list },
  { "GET", "/v1/events/{id}", "retrieve_event", {}, events.retrieve },
}

-- A customer's cards, under their newer and their older name.
for _, name in ipairs { "sources", "cards" } do
  local all = ("%s/%s"):format(CUSTOMER, name)
  local one = all .. "/{id}"
  table.move({
    { "POST", all, "create_source", sources.create_fields, sources.create },
    { "GET", all, "list_sources", sources.list_fields, sources.list },
    { "GET", one, "retrieve_source", {}, sources.retrieve },
    { "POST", one, "update_source", sources.update_fields, sources.update },
    { "DELETE", one, "delete_source", {}, sources.delete },
  }, 1, 5, #ROWS + 1, ROWS)
end

-- "/a//b/" -> {"a", "", "b", ""}: empty segments match nothing.
local function segments(path)
  local out = {}
  for segment in path:gmatch("/([^/]*)") do
    out[#out + 1] = segment
  end
  return out
end

local function with_expand(fields)
  local all = { expand = params.expand }
  for name, field in pairs(fields) do
    all[name] = field
  end
  return all
end

local routes, names = {}, {}

for i, row in ipairs(ROWS) do
  routes[i] = { method = row[1], path = row[2], segments = segments(row[2]), name = row[3],
    fields = with_expand(row[4]), run = row[5], public = row[6] }
  names[row[3]] = routes[i]
end

local function match(route, parts)
  if #route.segments ~= #parts then
    return nil
  end
  local found = {}
  for i, segment in ipairs(route.segments) do
    local name = segment:match("^{(.+)}$")
    if name and parts[i] ~= "" then
      found[name] = form.unescape(parts[i]:gsub("%+", "%%2B"))
    elseif segment ~= parts[i] then
      return nil
    end
  end
  return found
end

-- The row for a request and its path parameters, or nil.
local function find(method, path)
  local parts = segments(path)
  for _, route in ipairs(routes) do
    local found = route.method == method and match(route, parts)
    if found then
      return route, found
    end
  end
end

return { find = find, names = names }
