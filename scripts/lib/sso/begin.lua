-- SPDX-License-Identifier: MIT
-- Sends a browser to the hosted UI with a state of its own. The start does, and the callback once more where Cognito
-- needs a second try.
local config, fail = require "config", require "fail"
local console, hosted_ui = require "lib.sso.console", require "lib.sso.hosted_ui"
local state = require "lib.sso.state"

local begin = {}

if config.sso.domain_url ~= "" and #config.sso.callback_urls == 0 then
  error("sso.callback_urls needs usher's own address, as it is registered with the app client", 0)
end


-- The address to come back to: the settings' first, or that one of the settings' which is asked for. Headers do not
-- count.
function begin.callback(wanted)
  local allowed = config.sso.callback_urls
  if wanted == nil then return allowed[1] end
  for _, url in ipairs(allowed) do
    if url == wanted then return url end
  end
  fail(422, "invalid_input", { { field = "callback_url", code = "not_allowed", message = "Not one of ours." } })
end


-- content: {form=, return_to=, callback=, tries=}. -> reply
return setmetatable(begin, { __call = function(_, content)
  local visit = state.begin(content)
  if not visit then
    fail(422, "invalid_input", { { field = "organization", code = "too_long", message = "All of it is too long." } })
  end
  return console.redirect(hosted_ui.authorize_url(visit, content.callback), visit.headers)
end })
