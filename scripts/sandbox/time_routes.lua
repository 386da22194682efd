-- SPDX-License-Identifier: MIT
-- Sandbox: its clock over HTTP, on the mailbox's listener. Codes, tokens, sessions and hourly limits of Cognito go by
-- it, and Stripe, which forgets its Idempotency-Keys; signatures, DynamoDB and usher itself go by the real one.
-- handler(req) -> reply | nil: not ours.
--   POST /clock {"advance": seconds}   moves it on · DELETE /clock   back to the real time · GET /clock
-- Each answers {"now": epoch seconds, "offset": seconds that it is ahead}.
local clock, json = require "clock", require "json"
local time = require "sandbox.time"

local methods = {
  GET = function() end,
  DELETE = time.reset,
  POST = function(req)
    local fields = json.decode(req.body)
    local seconds = type(fields) == "table" and fields.advance
    if type(seconds) ~= "number" then return '{"advance": seconds} is wanted' end
    time.advance(seconds)
  end,
}

return function(req)
  if req.path ~= "/clock" then return nil end
  local method = methods[req.method]
  local problem = not method and "GET, POST or DELETE /clock" or method and method(req)
  if problem then return { status = method and 400 or 405, json = { message = problem } } end
  local now = time.now()
  return { status = 200, json = { now = now, offset = math.floor(now - clock.now() + 0.5) } }
end
