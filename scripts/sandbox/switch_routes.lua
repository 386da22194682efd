-- SPDX-License-Identifier: MIT
-- Sandbox: what a drill or a test may turn while it runs, on the mailbox's listener. handler(req) -> reply | nil.
--   GET /switches · POST /switches {name: value}     facts that vary between reports of the real services
--   GET /google/consent · POST /google/consent {auto, deny, sub, email, email_verified, name}
--   POST /cognito/rotate_keys                        the pool signs with a new key; the old ones are gone
--   POST /aws/expire_keys                            all temporary AWS keys that were handed out have ended
local json = require "json"
local keys = require "sandbox.keys"
local identity = require "sandbox.google.identity"
local settings = require "sandbox.settings"
local tokens = require "sandbox.cognito.tokens"

local switches = settings.switches

local function problem(message)
  return { status = 400, json = { message = message } }
end

-- The body's members, or a reply that refuses.
local function members(req)
  local fields = json.decode(req.body)
  if type(fields) ~= "table" or json.is_array(fields) then return nil, problem "the body is a JSON object" end
  return fields
end

local function turn(req)
  local fields, refused = members(req)
  if refused then return refused end
  for name, value in pairs(fields) do
    if type(value) ~= type(switches[name]) then return problem(("no switch %s of this type"):format(name)) end
  end
  for name, value in pairs(fields) do switches[name] = value end
  return { status = 200, json = switches }
end

local function consent(req)
  local fields, refused = members(req)
  if refused then return refused end
  local chosen, message = identity.choose(fields)
  return chosen and { status = 200, json = chosen } or problem(message)
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
