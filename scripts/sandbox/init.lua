-- SPDX-License-Identifier: MIT
-- The sandbox's door: `usher dev` opens one listener per vendor and hands every request here, tagged by listener. All
-- services are loaded at once, so that what is wrong with one is known at start. A service is a handler of requests, a
-- table with `handler`, or the operations of an AWS JSON service.
local aws_json = require "sandbox.aws_json"
local fault_routes, mailbox = require "sandbox.fault_routes", require "sandbox.mailbox"
local lambda, slack = require "sandbox.lambda.init", require "sandbox.slack"
local switch_routes, time_routes = require "sandbox.switch_routes", require "sandbox.time_routes"
local keys, settings = require "sandbox.keys", require "sandbox.settings"

local services = {
  cognito = require "sandbox.cognito.init",
  dynamodb = require "sandbox.dynamodb.init",
  stripe = require "sandbox.stripe.init",
  mailbox = function(req)
    return fault_routes.handler(req) or switch_routes(req) or time_routes(req) or lambda.switches(req)
      or slack.messages(req) or mailbox.handler(req)
  end,
  ses = require "sandbox.ses",
  captcha = require "sandbox.captcha",
  cloudwatch = require "sandbox.cloudwatch.init",
  google = require "sandbox.google.init",
  lambda = lambda,
  slack = slack,
  sts = require "sandbox.sts",
  metadata = require "sandbox.metadata",
}

local function handler_of(service)
  if type(service) == "function" then return service end
  return service.handler or function(req) return aws_json.handle(service, req) end
end

local handlers = {}
for listener, service in pairs(services) do handlers[listener] = handler_of(service) end

require "sandbox.default_table"()

local AWS = { cognito = true, dynamodb = true, ses = true, cloudwatch = true, lambda = true, sts = true }

-- A service whose clock is wrong says so in its Date.
local function with_date(reply)
  reply.headers = reply.headers or {}
  reply.headers.Date = os.date("!%a, %d %b %Y %H:%M:%S GMT", math.floor(keys.now()))
  return reply
end

return function(req)
  local reply = handlers[req.listener](req)
  if settings.switches.clock_skew ~= 0 and AWS[req.listener] and not reply.abort then return with_date(reply) end
  return reply
end
