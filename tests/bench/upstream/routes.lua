-- SPDX-License-Identifier: MIT
-- Cognito, DynamoDB and Stripe for cost.py, as little as a sign-up needs to succeed: an upstream that costs no time.
return {
  { "POST", "/", "amazon" },
  { "POST", "/v1/customers", "stripe_object" },
  { "POST", "/v1/payment_methods", "stripe_object" },
  { "POST", "/v1/payment_methods/id_1/attach", "stripe_object" },
  { "POST", "/v1/customers/id_1", "stripe_object" },
}
