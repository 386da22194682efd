-- SPDX-License-Identifier: MIT
-- GET /api/account/sso/google: off to Google, through the user pool's hosted UI.
local begin, console, fail = require "lib.sso.begin", require "lib.sso.console", require "fail"
local config, form = require "config", require "lib.form"

return console.guard(function(req)
  if config.sso.domain_url == "" then fail(404, "not_found") end

  -- 1. What the new account should know, and where to go afterwards: a path of the console's, nothing else.
  -- The way back is one of the settings' own addresses.
  local clean, path, callback = form.sso(req.query)

  -- 2. State, nonce and PKCE, bound to this browser.
  return begin { form = clean, return_to = path, callback = callback, tries = 0 }
end)
