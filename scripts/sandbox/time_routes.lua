-- SPDX-License-Identifier: MIT
-- Sandbox: its clock over HTTP, on the mailbox's listener. Codes, tokens, sessions and hourly limits of Cognito go by
-- it, and Stripe, which forgets its Idempotency-Keys; signatures, DynamoDB and usher itself go by the real one.
-- handler(req) -> reply | nil: not ours.
--   POST /clock {"advance": seconds}   moves it on · DELETE /clock   back to the real time · GET /clock
-- Each answers {"now": epoch seconds, "offset": seconds that it is ahead}.
local clock = require "clock"
local members, time = require "sandbox.members", require "sandbox.time"

local methods = {
  GET = function() end,
  DELETE = time.reset,
  POST = function(req)
    local fields, refused = members.of(req, { advance = true })
    if refused then return refused end
    if type(fields.advance) ~= "number" then return members.refuse '{"advance": seconds} is wanted' end
    time.advance(fields.advance)
  end,
}

return function(req)
  if req.path ~= "/clock" then return nil end
  local method = methods[req.method]
  if not method then return { status = 405, json = { message = "GET, POST or DELETE /clock" } } end
  local refused = method(req)
  if refused then return refused end
  local now = time.now()
  return { status = 200, json = { now = now, offset = math.floor(now - clock.now() + 0.5) } }
end
