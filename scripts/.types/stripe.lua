-- SPDX-License-Identifier: MIT
---@meta stripe

---The Stripe client, with the key of config.stripe. A write carries an Idempotency-Key, yours or one for this call, and
---is repeated under it; 409 and 5xx are tried again unless Stripe says otherwise. params are Stripe's own, nested.
---Source: Stripe API Reference; "Idempotent requests" and "Error handling" for what is repeated.
---@class usher.stripe
local stripe = {}

---@class usher.stripe.Options
---@field idempotency_key? string 1 to 255 bytes; the same key and params are done once within a day
---@field timeout? number seconds for all tries; config.stripe.timeout
---@field retries? integer after the first try; 2

---@class usher.stripe.Error
---"card_error", "invalid_request_error", "api_error", … are Stripe's; "connection_error": no answer came;
---"breaker_open": Stripe does not take our key, and was not asked
---@field type string
---@field code? string Stripe's, like "card_declined"
---@field decline_code? string
---@field message? string Stripe's; not for visitors
---@field param? string
---@field status? integer
---@field kind? string of a connection_error: as usher.http.Error
---@field sent boolean Stripe may have acted
---@field retryable boolean
---@field key_spent? boolean Stripe keeps this failure under the Idempotency-Key, and will say the same again
---@field request_id? string
---@field attempts integer

---POST /v1/customers. Yields.
---@param params? table
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.create_customer(params, opts) end

---GET /v1/customers/{id}. Yields.
---@param id string
---@param params? table
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.retrieve_customer(id, params, opts) end

---POST /v1/customers/{id}. Yields.
---@param id string
---@param params? table
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.update_customer(id, params, opts) end

---DELETE /v1/customers/{id}. Yields.
---@param id string
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.delete_customer(id, opts) end

---GET /v1/customers. Yields.
---@param params? table
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.list_customers(params, opts) end

---GET /v1/customers/{id}/payment_methods. Yields.
---@param id string
---@param params? table
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.list_customer_payment_methods(id, params, opts) end

---POST /v1/payment_methods. Yields.
---@param params? table
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.create_payment_method(params, opts) end

---GET /v1/payment_methods/{id}. Yields.
---@param id string
---@param params? table
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.retrieve_payment_method(id, params, opts) end

---POST /v1/payment_methods/{id}. Yields.
---@param id string
---@param params? table
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.update_payment_method(id, params, opts) end

---GET /v1/payment_methods. Yields.
---@param params? table
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.list_payment_methods(params, opts) end

---POST /v1/payment_methods/{id}/attach. Yields.
---@param id string
---@param params? table
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.attach_payment_method(id, params, opts) end

---POST /v1/payment_methods/{id}/detach. Yields.
---@param id string
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.detach_payment_method(id, opts) end

---POST /v1/setup_intents. Yields.
---@param params? table
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.create_setup_intent(params, opts) end

---GET /v1/setup_intents/{id}. Yields.
---@param id string
---@param params? table
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.retrieve_setup_intent(id, params, opts) end

---POST /v1/setup_intents/{id}/confirm. Yields.
---@param id string
---@param params? table
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.confirm_setup_intent(id, params, opts) end

---POST /v1/setup_intents/{id}/cancel. Yields.
---@param id string
---@param params? table
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.cancel_setup_intent(id, params, opts) end

---GET /v1/customers/search. The index lags about a minute: never read your own write. Yields.
---@param query string|{ query: string, limit?: integer, page?: string }
---@param opts? usher.stripe.Options
---@return table? object
---@return usher.stripe.Error? err
function stripe.search_customers(query, opts) end

---Does Stripe take our key, as far as we know? Does not yield.
---@return boolean
function stripe.is_taken() end

---Of usher's own: looks whether Stripe takes our key again. Yields.
function stripe.look() end

---For specs: a client over other parts. Does not yield.
---@param parts table config, http, clock, metrics, log, random, breaker
---@return usher.stripe
function stripe.new(parts) end

return stripe
