-- SPDX-License-Identifier: MIT
-- The least a deployment must say: `./dev check` proves that the built-in scripts load with it. The secrets are files
-- that are always there.
return {
  cognito = { user_pool_id = "us-east-1_Check1", client_id = "check", client_secret = secret "file:README.md" },
  stripe = { key = secret "file:README.md" },
  signup = { key = secret "file:README.md" },
}
