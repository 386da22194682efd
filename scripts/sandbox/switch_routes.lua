-- SPDX-License-Identifier: MIT
-- Sandbox: what a drill or a test may turn while it runs, on the mailbox's listener. handler(req) -> reply | nil.
--   GET /switches · POST /switches {name: value}     facts that vary between reports of the real services
--   GET /google/consent · POST /google/consent {auto, deny, sub, email, email_verified, name}
--   POST /cognito/rotate_keys                        the pool signs with a new key; the old ones are gone
--   POST /aws/expire_keys                            all temporary AWS keys that were handed out have ended
local keys, members = require "sandbox.keys", require "sandbox.members"
local identity = require "sandbox.google.identity"
local settings = require "sandbox.settings"
local tokens = require "sandbox.cognito.tokens"

local switches = settings.switches

local function turn(req)
  local fields, refused = members.of(req, switches)
  if refused then return refused end
  for name, value in pairs(fields) do
    if type(value) ~= type(switches[name]) then
      return members.refuse(("%s is a %s"):format(name, type(switches[name])))
    end
  end
  for name, value in pairs(fields) do switches[name] = value end
  return { status = 200, json = switches }
end

local function consent(req)
  local fields, refused = members.of(req, identity.MEMBERS)
  if refused then return refused end
  local chosen, message = identity.choose(fields)
  return chosen and { status = 200, json = chosen } or members.refuse(message)
end

local routes = {
  ["GET /switches"] = function() return { status = 200, json = switches } end,
  ["POST /switches"] = turn,
  ["GET /google/consent"] = function() return { status = 200, json = identity.current() } end,
  ["POST /google/consent"] = consent,
  ["POST /cognito/rotate_keys"] = function()
    tokens.rotate(settings.user_pool_id)
    return { status = 204, body = "" }
  end,
  ["POST /aws/expire_keys"] = function()
    keys.expire()
    return { status = 204, body = "" }
  end,
}

return function(req)
  local route = routes[req.method .. " " .. req.path]
  return route and route(req)
end
