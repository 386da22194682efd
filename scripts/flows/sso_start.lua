-- SPDX-License-Identifier: MIT
-- GET /api/account/sso/google: off to Google, through the user pool's hosted UI.
local begin, console, fail = require "lib.sso.begin", require "lib.sso.console", require "fail"
local config, form = require "config", require "lib.form"
local return_to = require "lib.sso.return_to"

return console.guard(function(req)
  if config.sso.domain_url == "" then fail(404, "not_found") end

  -- 1. What the new account should know, and where to go afterwards: a path of the console's, nothing else.
  local clean = form.sso(req.query)
  local path = return_to.read(req.query.return_to)
  if not path then
    fail(422, "invalid_input", { { field = "return_to", code = "not_a_path", message = "A path of this site." } })
  end

  -- 2. State, nonce and PKCE, bound to this browser; the way back is one of the settings' own addresses.
  return begin { form = clean, return_to = path, callback = begin.callback(req.query.callback_url), tries = 0 }
end)
