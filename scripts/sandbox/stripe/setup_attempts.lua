-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: each try to confirm a setup intent (/v1/setup_attempts). Made by setup_intents.lua.
local ids = require "sandbox.stripe.ids"
local list, objects = require "sandbox.stripe.list", require "sandbox.stripe.objects"
local json = require "json"

local null = json.null
local setup_attempts = {}

local function details_of(card)
  return { type = "card", card = {
    brand = card.brand, checks = card.checks, country = card.country, exp_month = card.exp_month,
    exp_year = card.exp_year, fingerprint = card.fingerprint, funding = card.funding, last4 = card.last4,
    network = card.brand, three_d_secure = null, wallet = null,
  } }
end

-- problem: why it failed, or nil. -> the attempt's id
function setup_attempts.add(ctx, intent, method, status, problem)
  return objects.insert("setup_attempt", {
    id = ids.new "setatt", object = "setup_attempt", application = null, created = ctx.now,
    customer = intent.customer, customer_account = null, flow_directions = null, livemode = false,
    on_behalf_of = null, payment_method = method.object.id, payment_method_details = details_of(method.object.card),
    setup_error = problem or null, setup_intent = intent.id, status = status, usage = intent.usage,
  }).object.id
end

setup_attempts.list_fields = list.fields { setup_intent = { "string", required = true }, created = { "range" } }

function setup_attempts.list(ctx)
  local intent = objects.need("setup_intent", ctx.params.setup_intent, "setupintent", "setup_intent").object.id
  return list.page({ kind = "setup_attempt", noun = "setupattempt", url = "/v1/setup_attempts",
    where = { sql = "json_extract(body, '$.setup_intent') = ?", values = { intent } } }, ctx.params)
end

return setup_attempts
