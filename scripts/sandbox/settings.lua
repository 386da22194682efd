-- SPDX-License-Identifier: MIT
-- The sandbox's fixed constants: what `usher dev` configures its own clients with, and what a foreign SDK
-- must use. None of these is a secret: they open nothing but a sandbox on loopback.
local settings = {
  region = "us-east-1",
  account_id = "123456789012",
  access_key_id = "AKIAUSHERSANDBOX0001",
  secret_access_key = "usher/sandbox/secret/access/key/0000000001",

  user_pool_id = "us-east-1_UsherDev1",
  user_pool_name = "usher-dev",
  client_id = "1usher2sandbox3client4dev5",
  client_name = "usher-dev-console",
  client_secret = "usher0sandbox0client0secret0never0use0in0production",

  stripe_key = "sk_test_usher_sandbox_0000000001",
  table = "UsersAccountsTable",

  captcha_secret = "usher-sandbox-captcha-secret-0000000001",
}

-- Who may sign: access key id -> secret and, for temporary keys, the session token and when it ends
-- (epoch seconds).
settings.keys = {
  [settings.access_key_id] = { secret_access_key = settings.secret_access_key },
}

-- Facts that vary between reports of the real services.
settings.switches = {
  -- An unconfirmed user hears UserNotConfirmedException even with a wrong password.
  unconfirmed_before_password = true,
}

return settings
