-- SPDX-License-Identifier: MIT
-- Sends a browser to the hosted UI with a state of its own. The start does, and the callback once more where Cognito
-- needs a second try.
local config, fail = require "config", require "fail"
local console, hosted_ui = require "lib.sso.console", require "lib.sso.hosted_ui"
local state = require "lib.sso.state"

if config.sso.domain_url ~= "" and #config.sso.callback_urls == 0 then
  error("sso.callback_urls needs usher's own address, as it is registered with the app client", 0)
end


-- content: {form=, return_to=, callback=, tries=}. -> reply
return function(content)
  local visit = state.begin(content)
  if not visit then
    fail(422, "invalid_input", { { field = "organization", code = "too_long", message = "All of it is too long." } })
  end
  return console.redirect(hosted_ui.authorize_url(visit, content.callback), visit.headers)
end
