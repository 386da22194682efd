-- SPDX-License-Identifier: MIT
-- Settings for tests in which usher's clocks are not what is tested: nothing is told by itself meanwhile, and on a
-- crowded machine nobody gives up.
return {
  limits = { request_timeout = 600 },
  http = { connect_timeout = 60 },
  cognito = { timeout = 60 }, dynamodb = { timeout = 60 }, ses = { timeout = 60 }, stripe = { timeout = 80 },
  sso = { timeout = 25 }, captcha = { timeout = 30 }, slack = { timeout = 10 },
  triggers = { call_timeout = 4, timeout = 30 },
  outbox = { interval = 3600 },
}
