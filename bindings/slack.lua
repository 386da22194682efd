-- SPDX-License-Identifier: MIT
-- bindings: a message into Slack through an incoming webhook. Its URL is a secret: it goes to C as a handle and is
-- in no string, no log line and no error. Called by lib/notify and the outbox; yields.
local clock, config, http = require "clock", require "config", require "http"
local json, metrics, task = require "json", require "metrics", require "task"

local slack = {}

local MAX_TEXT <const> = 4000      -- bytes; Slack takes 40,000 characters and shows few of them
local MAX_RESPONSE <const> = 65536
local ATTEMPTS <const> = 3
local PAUSE <const> = 0.2          -- seconds before the second try of what did not reach Slack
local ENTITIES <const> = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }


-- What a person typed, so that Slack shows it and obeys none of it: no link, no mention, no line of its own.
function slack.escape(text)
  return (text:gsub("%c+", " "):gsub("[&<>]", ENTITIES))
end


-- Slack names its reasons in plain words, like no_service; anything else is not for a log.
local function refusal(reply)
  local word = reply.body:match("^%s*([%l_]+)%s*$")
  local limited = reply.status == 429
  return {
    code = word and #word <= 64 and word or "http_" .. reply.status, status = reply.status, sent = true,
    retryable = limited or reply.status >= 500,
    retry_after = limited and (tonumber(reply.headers["retry-after"]) or 1) or nil,
  }
end


-- One exchange -> true | nil, err
local function attempt(body, deadline)
  local started = clock.monotonic()
  local reply, failure = http.fetch {
    method = "POST", url = { config.slack.webhook }, headers = { ["content-type"] = "application/json" },
    body = body, timeout = math.max(0, deadline - started), max_response = MAX_RESPONSE,
  }
  metrics.observe("usher_upstream_seconds", clock.monotonic() - started, {
    service = "slack", operation = "post", status = reply and tostring(reply.status) or failure.kind,
  })
  if not reply then
    return nil, { code = failure.kind, message = failure.message, sent = failure.sent, retryable = true }
  end
  if reply.status >= 200 and reply.status <= 299 then return true end
  return nil, refusal(reply)
end


-- Seconds until another try | nil: no other now. What may have arrived is not sent again: there is no key that
-- would keep it from being shown twice.
local function pause(err, n)
  if err.retry_after then return err.retry_after end
  local unseen = not err.sent or err.status ~= nil
  return err.retryable and unseen and PAUSE * 2 ^ (n - 1) or nil
end


-- Posts text (escaped already where somebody else wrote it). options: {timeout= seconds for all tries}.
-- -> true | nil, err {code= Slack's word, "http_<status>", a transport's kind or "no_webhook", status=, message=,
-- sent=, retryable= later it may work, retry_after= seconds}
function slack.post(text, options)
  if not config.slack.webhook then return nil, { code = "no_webhook", sent = false, retryable = true } end
  if #text > MAX_TEXT then text = text:sub(1, (utf8.offset(text, 0, MAX_TEXT + 1)) - 1) end
  local body = json.encode({ text = text, unfurl_links = false }, { sorted = true })
  local deadline = clock.monotonic() + (options and options.timeout or config.slack.timeout)
  deadline = math.min(deadline, task.deadline() or deadline)
  for n = 1, ATTEMPTS do
    local ok, err = attempt(body, deadline)
    if ok then return true end
    local wait = n < ATTEMPTS and pause(err, n)
    if not wait or clock.monotonic() + wait >= deadline then return nil, err end
    clock.sleep(wait)
  end
end


return slack
