-- SPDX-License-Identifier: MIT
-- What the sign-up page learns of the settings, so that nothing is written twice: all of it is public.
local config, json = require "config", require "json"
local countries, rules = require "lib.countries", require "lib.validate.password_rules"
local trouble = require "lib.trouble"

local page_settings = {}

local IN_SANDBOX <const> = next(config.sandbox.urls) ~= nil

-- Stripe's test tokens, for a page that has no Stripe behind it.
local TEST_CARDS <const> = {
  { "tok_visa", "Visa: accepted" },
  { "tok_mastercard", "Mastercard: accepted" },
  { "tok_chargeDeclined", "Visa: declined" },
  { "tok_chargeDeclinedInsufficientFunds", "Visa: declined, insufficient funds" },
  { "tok_chargeDeclinedExpiredCard", "Visa: declined, expired" },
  { "tok_chargeDeclinedIncorrectCvc", "Visa: declined, wrong security code" },
}


-- The setting that the page cannot do without | nil
function page_settings.missing()
  if config.stripe.publishable_key == "" and not IN_SANDBOX then return "stripe.publishable_key" end
  if config.captcha.provider ~= "off" and config.captcha.site_key == "" and not IN_SANDBOX then
    return "captcha.site_key"
  end
end


local function card()
  if config.stripe.publishable_key ~= "" then return { publishable_key = config.stripe.publishable_key } end
  local cards = json.array {}
  for i, one in ipairs(TEST_CARDS) do cards[i] = { token = one[1], text = one[2] } end
  return { test_cards = cards }
end


local function captcha()
  if config.captcha.provider == "off" then return nil end
  if config.captcha.site_key == "" then return { provider = "test" } end
  return { provider = config.captcha.provider, site_key = config.captcha.site_key }
end


local function google()
  if config.sso.domain_url == "" then return nil end
  return {
    card_required = config.sso.card == "required", callback_urls = json.array(config.sso.callback_urls),
    domain_url = config.sso.domain_url, client_id = config.page.client_id ~= "" and config.page.client_id or nil,
  }
end


local function password()
  local classes = json.array {}
  for i, class in ipairs(rules.classes) do
    classes[i] = { code = class.code, words = class.words, characters = class.characters }
  end
  return { min = rules.min, max = rules.max, classes = classes }
end


local function codes()
  local list = json.array {}
  for code in pairs(countries) do list[#list + 1] = code end
  table.sort(list)
  return list
end


-- As JSON, the same bytes each time.
function page_settings.json()
  return json.encode({
    countries = codes(), password = password(), card = card(), captcha = captcha(),
    google = google(),
    console_url = config.sso.console_url,
    resend = { interval = config.resend.interval, per_hour = config.resend.per_hour },
    messages = trouble.MESSAGES,
    mailbox_url = config.sandbox.urls.mailbox,
  }, { sorted = true })
end


return page_settings
