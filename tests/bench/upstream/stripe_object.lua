-- SPDX-License-Identifier: MIT
-- A customer and a payment method alike, about as long as Stripe's.
local json = require "json"

local object = {
  id = "id_1", object = "object", livemode = false, created = 1700000000, metadata = { signup_id = "1", sub = "2" },
  address = { city = json.null, country = "GB", line1 = json.null, line2 = json.null, postal_code = json.null },
  card = { brand = "visa", checks = { cvc_check = "pass" }, country = "US", exp_month = 8, exp_year = 2030,
    fingerprint = "mToisGZ01V71BCos", funding = "credit", last4 = "4242", wallet = json.null },
  balance = 0, currency = json.null, delinquent = false, description = json.null, discount = json.null,
  email = "ada@example.com", name = "Ada Lovelace", invoice_prefix = "0759376C", phone = json.null,
  invoice_settings = { custom_fields = json.null, default_payment_method = "id_1", footer = json.null },
  preferred_locales = json.array(), shipping = json.null, tax_exempt = "none", test_clock = json.null,
}

return function()
  return { json = object }
end
