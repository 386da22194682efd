-- SPDX-License-Identifier: MIT
-- Cognito's PostConfirmation trigger: tells Slack of a new customer. A function(event) -> event, as it came: the
-- person is confirmed already, and nothing here may undo that. Run by `usher lambda` and by the sandbox's Lambda.
local config, log, slack = require "config", require "log", require "slack"
local domains, notify = require "lib.domains", require "lib.notify"

local NAME <const> = 128 -- characters


local function shown(text)
  local cut = utf8.offset(text, NAME + 1)
  return slack.escape(cut and text:sub(1, cut - 1) .. "…" or text)
end


local function announce(event)
  local attributes = event.request.userAttributes
  local email, sub = attributes.email or "", attributes.sub or event.userName
  if domains.listed(config.triggers.internal_domains, email) then
    return log.info("slack_notice_skipped", { reason = "internal_domain" })
  end
  local text = ("New customer: %s (%s), %s"):format(shown(attributes.name or "no name"), slack.escape(email),
    slack.escape(config.env))
  notify.once("signup\0" .. sub, text, { sub = sub, username = event.userName })
end


return function(event)
  -- A forgotten password that was set anew is no new customer.
  if event.triggerSource ~= "PostConfirmation_ConfirmSignUp" then return event end
  local ok, err = pcall(announce, event)
  if not ok then log.error("slack_notice_failed", { error = tostring(err) }) end
  return event
end
