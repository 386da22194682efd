-- SPDX-License-Identifier: MIT
-- Sandbox, Slack: one incoming webhook, and the messages that came. On the mailbox's listener GET /slack shows them
-- (oldest first) and DELETE /slack forgets them. Faults (service "slack", operation "post") make it refuse: by
-- status, in Slack's own words, with Retry-After for 429.
local db = require "sandbox.store"
local form, json = require "form", require "json"
local faults, settings, time = require "sandbox.faults", require "sandbox.settings", require "sandbox.time"

local slack = {}

local MAX_TEXT <const> = 40000 -- characters
local MAX_BLOCKS <const>, MAX_ATTACHMENTS <const> = 50, 100
local WORDS <const> = { [400] = "invalid_payload", [403] = "action_prohibited", [404] = "no_service",
  [410] = "channel_is_archived", [429] = "rate_limited", [500] = "rollup_error" }

db:exec [[
  CREATE TABLE IF NOT EXISTS slack_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    text TEXT NOT NULL,
    payload TEXT NOT NULL,
    sent_at REAL NOT NULL
  );
]]


local function plain(status, text, headers)
  headers = headers or {}
  headers["Content-Type"] = "text/plain; charset=utf-8"
  return { status = status, headers = headers, body = text }
end


-- JSON, or a form whose field `payload` is JSON.
local function payload_of(req)
  local is_form = (req:header("content-type") or ""):find("x-www-form-urlencoded", 1, true)
  local text = is_form and form.unescape(("&" .. req.body):match("&payload=([^&]*)") or "") or req.body
  local payload = json.decode(text)
  if type(payload) == "table" and not json.is_array(payload) then return payload, text end
end


-- How many there are of blocks or attachments | nil: it is no list of objects
local function count(list)
  if list == nil or list == json.null then return 0 end
  if type(list) ~= "table" or not json.is_array(list) then return nil end
  for _, one in ipairs(list) do
    if type(one) ~= "table" or json.is_array(one) then return nil end
  end
  return #list
end


-- A webhook that is not ours: another team's, another of our team's, or ours with a wrong secret.
local function stranger(path)
  local function at_ours(parts) return path:find(settings.slack_path:match(parts), 1, true) == 1 end
  if at_ours "^/services/%w+/%w+/" then return plain(403, "invalid_token") end
  return plain(404, at_ours "^/services/%w+/" and "no_service" or "no_team")
end


local function post(req)
  if req.method ~= "POST" then return plain(400, "invalid_payload") end
  if req.path ~= settings.slack_path then return stranger(req.path) end
  local payload, text = payload_of(req)
  if not payload then return plain(400, "invalid_payload") end
  local words = payload.text
  local said = type(words) == "string" and words ~= ""
  local blocks, attachments = count(payload.blocks), count(payload.attachments)
  if not blocks or blocks > MAX_BLOCKS then return plain(400, "invalid_blocks") end
  if not attachments then return plain(400, "invalid_attachments") end
  if attachments > MAX_ATTACHMENTS then return plain(400, "too_many_attachments") end
  if not said and blocks + attachments == 0 then return plain(400, "no_text") end
  if said and (utf8.len(words) or 0) > MAX_TEXT then return plain(400, "msg_too_long") end
  db:run("INSERT INTO slack_messages (text, payload, sent_at) VALUES (?, ?, ?)", said and words or "", text, time.now())
  return plain(200, "ok")
end


function slack.handler(req)
  local call = { service = "slack", names = { "post" }, body = req.body or "", req = req }
  local broken, ok, reply = faults.around(call, function() return post(req) end)
  if broken == faults.NO_ANSWER then return { abort = true } end
  if broken then
    local status = broken.status or 500
    return plain(status, broken.code or WORDS[status] or "rollup_error",
      { ["Retry-After"] = status == 429 and tostring(broken.retry_after or 1) or nil })
  end
  if not ok then error(reply, 0) end
  return reply
end


-- The messages that came, oldest first.
function slack.list()
  local list = json.array {}
  for i, row in ipairs(db:rows "SELECT * FROM slack_messages ORDER BY id") do
    list[i] = { text = row.text, payload = json.decode(row.payload), sent_at = row.sent_at }
  end
  return list
end


local routes = {
  ["GET /slack"] = function() return { status = 200, json = slack.list() } end,
  ["DELETE /slack"] = function()
    db:run "DELETE FROM slack_messages"
    return { status = 204, body = "" }
  end,
}

-- On the mailbox's listener. -> reply | nil: not ours
function slack.messages(req)
  local route = routes[req.method .. " " .. req.path]
  return route and route()
end


return slack
