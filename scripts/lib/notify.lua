-- SPDX-License-Identifier: MIT
-- Tells Slack of something once, and never makes its caller wait long or fail. That it was told and the message
-- itself are kept before it is sent, together: whatever ends this half way, the outbox tells it later.
local clock, config, crypto = require "clock", require "config", require "crypto"
local dynamodb, log, metrics, slack = require "dynamodb", require "log", require "metrics", require "slack"
local keys, outbox, within = require "lib.keys", require "lib.outbox", require "lib.within"

local notify = {}

local REMEMBERED <const> = 90 * 86400 -- seconds
local FORGET <const> = 1              -- second to take a message out of the outbox
local REASON_TAKEN <const> = "ConditionalCheckFailed"

metrics.describe("SLACK_NOTICE", "Messages to Slack: sent, left for later, or lost.")
for _, result in ipairs { "sent", "later", "lost" } do metrics.count("SLACK_NOTICE", 0, { step = result }) end


local function was_told(err)
  for _, reason in ipairs(err.reasons or {}) do
    if reason.code == REASON_TAKEN then return true end
  end
  return false
end


-- -> true | false: told before | nil, err
local function keep(id, message)
  local hash = crypto.hex(crypto.sha256(id))
  local ok, err = dynamodb.transact_write { items = {
    { put = { condition = "attribute_not_exists(pk)", item = keys.record(keys.notice(hash), {
      created_at = message.created_at, expires_at = math.floor(clock.now()) + REMEMBERED }) } },
    { put = { item = message } },
  } }
  if ok then return true end
  if was_told(err) then return false end
  return nil, err
end


local function count(result, err)
  metrics.count("SLACK_NOTICE", 1, { step = result })
  if err then log.warn("slack_" .. result, { error_code = err.code, status = err.status }) end
end


-- -> the message in the outbox, and why it is there still | nil
local function tell(id, text, about)
  about.text = text
  local message = outbox.message("slack", about, config.slack.timeout + FORGET)
  local kept, problem = keep(id, message)
  if kept == false then return nil end
  local ok, err = slack.post(text)
  if ok then
    count "sent"
    return kept and message
  end
  if kept then count("later", err) else count("lost", problem) end
end


-- id: what it is about, so that it is told once. text: escaped. about: {sub=} for `usher inspect`.
function notify.once(id, text, about)
  if not config.slack.webhook then return end
  local ok, told = pcall(within, config.slack.timeout, tell, id, text, about)
  if ok and told then ok, told = pcall(within, FORGET, outbox.forget, told) end
  if not ok then log.error("notify_failed", { error = tostring(told) }) end
end


return notify
