-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: the account behind the key and its empty balance, by which programs see whether their key works.
local json = require "json"

local ID <const>, CREATED <const> = "acct_1UsherSandbox0001", 1700000000

local account = {}

function account.retrieve()
  return {
    id = ID, object = "account", business_profile = { name = "usher", support_email = json.null, url = json.null },
    capabilities = { card_payments = "active", transfers = "active" }, charges_enabled = true, country = "US",
    created = CREATED, default_currency = "usd", details_submitted = true, email = "usher@sandbox.example",
    metadata = {}, payouts_enabled = true, settings = { dashboard = { display_name = "usher", timezone = "Etc/UTC" } },
    type = "standard",
  }
end

local function nothing()
  return json.array { { amount = 0, currency = "usd", source_types = { card = 0 } } }
end

function account.balance()
  return { object = "balance", available = nothing(), livemode = false, pending = nothing() }
end

return account
