-- SPDX-License-Identifier: MIT
---@meta slack

---Messages into Slack, through the incoming webhook of config.slack.webhook.
---Source: Slack, "Sending messages using incoming webhooks".
---@class usher.slack
local slack = {}

---@class usher.slack.Error
---@field code string Slack's word, "http_<status>", a kind of usher.http.Error, or "no_webhook"
---@field status? integer
---@field message? string
---@field sent boolean it may have been posted
---@field retryable boolean
---@field retry_after? number seconds

---Makes what a person typed harmless: no link, no mention, no line of its own. Does not yield.
---@param text string
---@return string
function slack.escape(text) end

---Posts; what surely did not arrive is tried again. Cut at 4000 bytes. Yields.
---@param text string escaped where somebody else wrote it
---@param options? { timeout?: number } seconds for all tries; config.slack.timeout
---@return true? ok
---@return usher.slack.Error? err
function slack.post(text, options) end

return slack
