-- SPDX-License-Identifier: MIT
-- The operator's own word on who may sign up. Called for each sign-up after the form is found valid and
-- within its limits, and before anything is written or any vendor is called. Yields if you let it.
--   req   the request: req.remote, req:header(name), …
--   form  email, name, country, organization, utm; no password, no card
-- Return to let it pass; fail(status, code[, fields[, { message =, retry_after = }]]) to refuse it, which
-- counts as SIGNUP_FAILURE with step "hook". Any other error is ours: a 500, SIGNUP_ERROR. For example:
--   local fail = require "fail"
--   if form.email:find "@disposable%.example$" then
--     fail(422, "invalid_input", { { field = "email", code = "email_not_accepted",
--       message = "Please use your company's address." } })
--   end
return function(req, form) -- luacheck: ignore 212
end
