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
  page_client_id = "8usher7sandbox6page5client4",
  page_client_name = "usher-dev-page",
  client_secret = "usher0sandbox0client0secret0never0use0in0production",

  google_client_id = "123456789012-usher0sandbox.apps.googleusercontent.com",
  google_client_secret = "GOCSPX-usher-sandbox-0000000001",

  slack_path = "/services/T00000000/B00000000/usherSandboxWebhook00000",

  stripe_key = "sk_test_usher_sandbox_0000000001",
  table = "UsersAccountsTable",

  captcha_secret = "usher-sandbox-captcha-secret-0000000001",
  signup_key = "usher-dev-signup-key-0000000000000000000001",
}

-- Who may always sign: access key id -> secret and, for temporary keys, the session token and when it ends
-- (epoch seconds). keys.lua hands out others.
settings.keys = {
  [settings.access_key_id] = { secret_access_key = settings.secret_access_key },
  ASIAUSHERSANDBOX0002 = { secret_access_key = "usher/sandbox/temporary/secret/0000000002",
    session_token = "usher/sandbox/session/token/0000000002" },
}

-- Facts that vary between reports of the real services.
settings.switches = {
  -- An unconfirmed user hears UserNotConfirmedException even with a wrong password.
  unconfirmed_before_password = true,
  -- After a trigger linked an identity, its first sign-in fails with "Already found an entry for username …".
  already_found_on_first_link = true,
  -- google_<sub>, not Google_<sub> (older pools that tell cases apart).
  federated_username_lower = true,
  -- The ExternalProvider event carries cognito:email_alias and cognito:phone_number_alias, empty.
  external_trigger_aliases = true,
  -- Nobody can sign up with the address of a provider's user, and Admin operations find that user by it.
  external_holds_email = true,
  -- Seconds that Cognito waits for a trigger, each of three times.
  trigger_patience = 5,
  -- Seconds that temporary AWS keys live; 0 is what was asked for.
  credentials_lifetime = 0,
  -- Seconds that the AWS services' clocks are ahead, in Date and in what they think of signatures.
  clock_skew = 0,
  -- Instance metadata answers requests without a session token, and hands out session tokens.
  imds_v1 = false,
  imds_v2 = true,
}

return settings
