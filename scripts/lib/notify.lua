-- SPDX-License-Identifier: MIT
-- Tells Slack of something once, and never makes its caller wait long or fail. The message is kept before it
-- is sent: whatever ends this half way, the outbox tells it later.
local clock, config, crypto = require "clock", require "config", require "crypto"
local dynamodb, log, metrics, slack = require "dynamodb", require "log", require "metrics", require "slack"
local keys, outbox, within = require "lib.keys", require "lib.outbox", require "lib.within"

local notify = {}

local REMEMBERED <const> = 90 * 86400 -- seconds
local FORGET <const> = 1              -- second to take a message out of the outbox

metrics.describe("SLACK_NOTICE", "Messages to Slack: sent, left for later, or lost.")
for _, result in ipairs { "sent", "later", "lost" } do
  metrics.count("SLACK_NOTICE", 0, { method = "email", step = result })
end


-- The message first, then the mark: whatever ends this in between, the message is there.
-- -> true | false: told before | nil, err: it is not kept
local function keep(id, message)
  local kept, problem = dynamodb.put { item = message }
  local marked, err = dynamodb.put {
    item = keys.record(keys.notice(crypto.hex(crypto.sha256(id))), { message = message.sk,
      created_at = message.created_at, expires_at = math.floor(clock.now()) + REMEMBERED }),
    condition = "attribute_not_exists(pk)", return_old_on_failure = true,
  }
  local taken = not marked and err.code == "ConditionalCheckFailedException"
  if not taken or err.item and err.item.message == message.sk then return kept, problem end
  if kept then outbox.forget(message) end
  return false
end


local function count(result, err)
  metrics.count("SLACK_NOTICE", 1, { method = "email", step = result })
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
