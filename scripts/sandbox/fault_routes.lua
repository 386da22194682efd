-- SPDX-License-Identifier: MIT
-- Sandbox: the switches of faults.lua over HTTP, on the mailbox's listener. handler(req) -> reply | nil: not ours.
--   POST /faults {service, operation, kind, nth, count, match, error}   201, the fault with its id
--   GET /faults                                                         all, with matched, fired and state
--   GET /faults/ID?until=hanging|fired&within=SECONDS                   one, when it is so far or time is over
--   POST /faults/ID/release · DELETE /faults                            what hangs goes on · and no fault is left
--   GET /calls?since=NUMBER&last=N                                      the journal, oldest first
local clock, json = require "clock", require "json"
local faults, members = require "sandbox.faults", require "sandbox.members"

local routes = {}

local PATIENCE <const>, GLANCE <const> = 10, 0.005 -- seconds


local function first(value)
  if type(value) == "table" then return value[1] end
  return value
end


local function arm(req)
  local fields, refused = members.of(req, faults.MEMBERS)
  if refused then return refused end
  for name, value in pairs(fields) do
    if value == json.null then fields[name] = nil end
  end
  local fault, message = faults.arm(fields)
  if not fault then return members.refuse(message) end
  return { status = 201, json = faults.describe(fault) }
end


local function show()
  local list = json.array {}
  for i, fault in ipairs(faults.all()) do list[i] = faults.describe(fault) end
  return { status = 200, json = list }
end


local function clear()
  faults.clear()
  return { status = 204, body = "" }
end


local function calls(req)
  local refused = members.refuse_query(req, { last = true, since = true })
  if refused then return refused end
  local last, since = tonumber(first(req.query.last)), tonumber(first(req.query.since))
  local list = faults.calls(last and last // 1 | 0, since and since // 1 | 0)
  return { status = 200, json = json.array(list) }
end


local IS = {
  hanging = function(fault) return fault.hanging > 0 end,
  fired = function(fault) return fault.fired > 0 end,
}

local function one(fault, req)
  local refused = members.refuse_query(req, { ["until"] = true, within = true })
  if refused then return refused end
  local waits_for = first(req.query["until"])
  local wrong = waits_for and members.choice("until", waits_for, IS)
  if wrong then return members.refuse(wrong) end
  local is = IS[waits_for]
  local deadline = clock.monotonic() + (tonumber(first(req.query.within)) or PATIENCE)
  while is and not is(fault) and not req:gone() and clock.monotonic() < deadline do clock.sleep(GLANCE) end
  return { status = 200, json = faults.describe(fault) }
end


local function release(fault)
  faults.release(fault)
  return { status = 200, json = faults.describe(fault) }
end


routes["POST /faults"], routes["GET /faults"], routes["DELETE /faults"] = arm, show, clear
routes["GET /calls"] = calls
local OF_ONE = { ["GET "] = one, ["POST /release"] = release }


local function handler(req)
  local route = routes[req.method .. " " .. req.path]
  if route then return route(req) end
  local id, rest = req.path:match("^/faults/(%d+)(.*)$")
  local act = id and OF_ONE[req.method .. " " .. rest]
  if not act then return nil end
  local fault = faults.find(tonumber(id))
  return fault and act(fault, req) or { status = 404, json = { message = "no such fault" } }
end


return { handler = handler }
