-- SPDX-License-Identifier: MIT
-- The sandbox's door: `usher dev` opens one listener per vendor and hands every request here, tagged by
-- listener. A service module is a handler function, a table with `handler`, or the operations of an AWS
-- JSON service.
local aws_json = require "sandbox.aws_json"
local json = require "json"
local log = require "log"

local modules = {
  cognito = "sandbox.cognito.init",
  dynamodb = "sandbox.dynamodb.init",
  stripe = "sandbox.stripe.init",
  mailbox = "sandbox.mailbox",
}

local handlers = {}

local function handler_of(listener)
  if not handlers[listener] then
    local service = require(modules[listener])
    if type(service) == "function" then
      handlers[listener] = service
    elseif service.handler then
      handlers[listener] = service.handler
    else
      handlers[listener] = function(req) return aws_json.handle(service, req) end
    end
  end
  return handlers[listener]
end

return function(req)
  if not modules[req.listener] then
    log.warn("sandbox.listener_unknown", { listener = req.listener })
    return {
      status = 404,
      headers = { ["Content-Type"] = "application/json" },
      body = json.encode { message = "no sandbox service on this listener" },
    }
  end
  return handler_of(req.listener)(req)
end
