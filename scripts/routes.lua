-- SPDX-License-Identifier: MIT
-- What the public listener answers: { method, path, module under scripts/ that returns the handler }.
-- effects = true: a GET that does what a HEAD must not.
return {
  { "POST", "/api/account/signup", "flows.signup" },
  { "POST", "/api/account/confirm_signup", "flows.confirm_signup" },
  { "POST", "/api/account/resend_code", "flows.resend_code" },
  { "GET", "/api/account/sso/google", "flows.sso_start" },
  { "GET", "/api/account/sso/callback", "flows.sso_callback", effects = true },
  { "POST", "/api/account/api_key", "flows.api_key" },
  { "GET", "/", "flows.signup_page" },
  { "GET", "/signup", "flows.signup_page" },
  { "GET", "/signup/*", "flows.signup_page" },
}
