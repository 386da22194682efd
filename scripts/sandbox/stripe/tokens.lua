-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: card details, and the single-use tokens that carry them. tok_visa and its kin are well
-- known and never used up; a token made by POST /v1/tokens works once. details = {number=, exp_month=,
-- exp_year=, cvc= given?, name=, address={line1=…}, card_id=}.
local cards, errors = require "sandbox.stripe.cards", require "sandbox.stripe.errors"
local ids, objects = require "sandbox.stripe.ids", require "sandbox.stripe.objects"
local json = require "json"

local null = json.null
local tokens = {}

-- A legacy card's address members, and what a payment method calls them.
local ADDRESS = {
  address_city = "city", address_country = "country", address_line1 = "line1", address_line2 = "line2",
  address_state = "state", address_zip = "postal_code",
}
local LEGACY_BRANDS = {
  visa = "Visa", mastercard = "MasterCard", amex = "American Express", discover = "Discover", jcb = "JCB",
  diners = "Diners Club", unionpay = "UnionPay",
}

-- The declaration of a card sent as such; more = further fields.
function tokens.card_fields(more)
  local fields = {
    number = { "string" }, exp_month = { "integer" }, exp_year = { "integer" }, cvc = { "string" },
    name = { "string", unset = true }, currency = { "string" }, object = { "enum", choices = { "card" } },
  }
  for name in pairs(ADDRESS) do
    fields[name] = { "string", unset = true }
  end
  for name, field in pairs(more or {}) do
    fields[name] = field
  end
  return fields
end

local function given(value)
  return value ~= nil and value ~= null and value or nil
end

-- Card fields as params read them -> details; path = "card" for the words of a refusal.
function tokens.details_of(card, path, now)
  for _, name in ipairs { "number", "exp_month", "exp_year" } do
    if card[name] == nil then
      errors.required(("%s[%s]"):format(path, name))
    end
  end
  local number = card.number:gsub("[ %-]", "")
  local known = cards.of_number(number)
  local year = card.exp_year < 100 and 2000 + card.exp_year or card.exp_year
  if not number:find("^%d+$") or #number < 12 or #number > 19 or not (known or cards.luhn(number)) then
    errors.card(cards.declines.incorrect_number)
  elseif card.exp_month < 1 or card.exp_month > 12 then
    errors.card(cards.declines.exp_month)
  elseif os.date("!%Y%m", now) > ("%04d%02d"):format(year, card.exp_month) or year > 2100 then
    errors.card(cards.declines.exp_year)
  elseif card.cvc and not card.cvc:find("^%d%d%d%d?$") then
    errors.card(cards.declines.cvc)
  elseif not known then
    errors.card(cards.declines.live_card)
  end
  local details = { number = number, exp_month = card.exp_month, exp_year = year, cvc = card.cvc ~= nil,
    name = given(card.name), address = {} }
  for theirs, ours in pairs(ADDRESS) do
    details.address[ours] = given(card[theirs])
  end
  return details
end

-- What a test card named by token or payment method has: a year to go.
function tokens.details_of_test(card, now)
  local today = os.date("!*t", now)
  return { number = card.number, exp_month = today.month, exp_year = today.year + 1, address = {} }
end

local function check_of(value, checked, found)
  return value and (checked and (found or "pass") or "unchecked") or null
end

-- The legacy card object (in tokens and under a customer's sources).
function tokens.legacy_card(id, details, checked)
  local card = cards.of_number(details.number)
  local out = {
    id = id, object = "card", allow_redisplay = "unspecified", regulated_status = "unregulated",
    address_line1_check = check_of(details.address.line1, checked, card.checks.address_line1_check),
    address_zip_check = check_of(details.address.postal_code, checked, card.checks.address_postal_code_check),
    brand = LEGACY_BRANDS[card.brand] or "Unknown",
    country = card.country, cvc_check = check_of(details.cvc, checked, card.checks.cvc_check), dynamic_last4 = null,
    exp_month = details.exp_month, exp_year = details.exp_year, fingerprint = ids.fingerprint(details.number),
    funding = card.funding, last4 = details.number:sub(-4), metadata = {}, name = details.name or null,
    tokenization_method = null,
  }
  for theirs, ours in pairs(ADDRESS) do
    out[theirs] = details.address[ours] or null
  end
  return out
end

-- The details behind a token, which is used up by this. param: where the caller named it.
function tokens.redeem(id, param, now)
  local test = cards.of_token(id)
  if test then
    return tokens.details_of_test(test, now)
  end
  local record = objects.find("token", id)
  if not record then
    errors.missing("token", id, param)
  elseif record.object.used then
    errors.invalid(("You cannot use a Stripe token more than once: %s."):format(id), param,
      "token_already_used")
  end
  record.object.used = true
  objects.save(record)
  return record.private
end

tokens.create_fields = { card = { "object", fields = tokens.card_fields() } }

function tokens.create(ctx)
  if not ctx.params.card then
    errors.required("card")
  end
  local details = tokens.details_of(ctx.params.card, "card", ctx.now)
  details.card_id = ids.new "card"
  local token = {
    id = ids.new "tok", object = "token", card = tokens.legacy_card(details.card_id, details),
    client_ip = ctx.remote,
    created = ctx.now, livemode = false, type = "card", used = false,
  }
  return objects.insert("token", token, details).object
end

function tokens.retrieve(ctx)
  return objects.need("token", ctx.path.token, "token", "id", 404).object
end

return tokens
