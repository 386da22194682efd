-- SPDX-License-Identifier: MIT
-- bindings: the settings of a world: those of `usher dev`, at addresses that only the world has; then what the spec
-- says. They are judged like a settings file: a name that does not exist is an error. Nothing of the process's
-- environment counts.
local embedded, services, settings = require "embedded", require "sandbox_services", require "settings"

local facts -- the sandbox's constants; they differ in no world

local function known()
  facts = facts or load(embedded.read "scripts/sandbox/settings.lua", "@scripts/sandbox/settings.lua", "t")()
  return facts
end


local function environment(sandbox)
  return {
    USHER_USER_POOL_ID = sandbox.user_pool_id, USHER_CLIENT_ID = sandbox.client_id,
    USHER_CLIENT_SECRET = sandbox.client_secret, STRIPE_API_KEY = sandbox.stripe_key,
    USHER_SIGNUP_KEY = "usher-world-signup-key-000000000000000001", USHER_CAPTCHA_SECRET = sandbox.captcha_secret,
    SLACK_WEBHOOK_URL = "http://slack.world" .. sandbox.slack_path, AWS_REGION = sandbox.region,
  }
end


local function defaults(sandbox)
  local urls = { usher = "http://usher.world" }
  for _, name in ipairs(services) do urls[name] = ("http://%s.world"):format(name) end
  return {
    env = "test", show_tracebacks = true, log = { level = "debug" },
    cognito = { url = urls.cognito }, dynamodb = { url = urls.dynamodb, table = sandbox.table },
    stripe = { url = urls.stripe }, ses = { url = urls.ses, from = "no-reply@usher.example" },
    cloudwatch = { url = urls.cloudwatch }, lambda = { url = urls.lambda },
    captcha = { url = urls.captcha .. "/siteverify" },
    attempts = { per_address = 0, per_email = 0, overall = 0, cards_per_address = 0 },
    sso = {
      domain_url = urls.cognito, jwks_url = ("%s/%s/.well-known/jwks.json"):format(urls.cognito, sandbox.user_pool_id),
      callback_urls = { urls.usher .. "/api/account/sso/callback" }, console_url = "https://console.example",
    },
    sandbox = { data = ":memory:", urls = urls },
  }
end


return function(changes)
  local sandbox, files = known(), settings.files
  local config, problems = settings.load {
    { "config/usher.lua", embedded.read "config/usher.lua" },
    { "testing.lua", defaults(sandbox) },
    { "the world's settings", changes or {} },
    environment = environment(sandbox),
  }
  settings.files = files -- those of this process
  if not config then error(table.concat(problems, "\n"), 0) end
  return config
end
