-- SPDX-License-Identifier: MIT
-- Sandbox: calls that break on purpose, and the journal of all calls. Every operation of a service runs through
-- `around` (aws_json.lua, stripe/switches.lua); fault_routes.lua arms, shows and clears. What is armed lives in
-- memory: a sandbox that starts again is whole.
local clock, members = require "clock", require "sandbox.members"

local faults = {}

-- When the effect happens, if at all, and what the client gets.
local KINDS = {
  refuse = { after = false, answer = "error" },
  error_after = { after = true, answer = "error" },
  reset_before = { after = false, answer = "none" },
  lost_answer = { after = true, answer = "none" },
  hang_before = { after = false, answer = "wait" },
  hang = { after = true, answer = "wait" },
}
local SERVICES = {
  cognito = true, dynamodb = true, stripe = true, ses = true, cloudwatch = true, slack = true, sts = true,
  metadata = true,
}

-- What a fault is armed with, and what its error says.
faults.MEMBERS = { service = true, operation = true, kind = true, nth = true, count = true, match = true, error = true }
local ERROR = { code = true, status = true, message = true, type = true, decline_code = true, param = true,
  retry_after = true }

local LATEST <const> = 1000  -- calls in the journal
local GLANCE <const> = 0.005 -- seconds between two looks at a client that hangs

-- In place of an error: the connection is dropped.
faults.NO_ANSWER = "no answer"

local armed, serial = {}, 0
local journal, called = {}, 0
local asides = 0 -- of aside, under way


local function whole(value, default)
  if value == nil then return default end
  return math.type(value) == "integer" and value >= 1 and value or nil
end


-- "text" or a list of texts -> list | nil
local function texts(match)
  if match == nil then return {} end
  local list = type(match) == "table" and match or { match }
  for _, text in ipairs(list) do
    if type(text) ~= "string" or text == "" then return nil end
  end
  return list
end


-- {service=, operation=, kind=, nth=, count=, error={code=, status=, message=}, match=} -> fault | nil, what is wrong
function faults.arm(fields)
  local nth, count = whole(fields.nth, 1), whole(fields.count, 1)
  local any_of, operation = texts(fields.match), fields.operation or "*"
  local wrong = members.choice("service", fields.service, SERVICES) or members.choice("kind", fields.kind, KINDS)
  if wrong then return nil, wrong end
  if type(operation) ~= "string" then return nil, "operation is a name or *" end
  if not nth or not count then return nil, "nth and count are whole numbers from 1" end
  if not any_of then return nil, "match is a text, or a list of texts of which one must be in the body" end
  if fields.error ~= nil and type(fields.error) ~= "table" then return nil, "error is an object" end
  wrong = members.problem(fields.error or {}, ERROR, "error.")
  if wrong then return nil, wrong end
  serial = serial + 1
  local fault = {
    id = serial, service = fields.service, operation = operation, kind = fields.kind, nth = nth, count = count,
    error = fields.error or {}, match = fields.match, any_of = any_of, matched = 0, fired = 0, hanging = 0,
  }
  armed[#armed + 1] = fault
  return fault
end


local function state_of(fault)
  if fault.hanging > 0 then return "hanging" end
  return fault.matched >= fault.nth + fault.count - 1 and "spent" or "armed"
end


function faults.describe(fault)
  return {
    id = fault.id, service = fault.service, operation = fault.operation, kind = fault.kind, nth = fault.nth,
    count = fault.count, match = fault.match, matched = fault.matched, fired = fault.fired,
    hanging = fault.hanging, state = state_of(fault),
  }
end


function faults.all()
  return armed
end


-- -> fault | nil
function faults.find(id)
  for _, fault in ipairs(armed) do
    if fault.id == id then return fault end
  end
end


-- What hangs of it goes on: the effect that was held back happens, and the answer is sent.
function faults.release(fault)
  fault.released = (fault.released or 0) + 1
end


-- No fault is left, and nothing hangs.
function faults.clear()
  for _, fault in ipairs(armed) do faults.release(fault) end
  armed = {}
end


-- --- the journal ---

local function note(call, fault)
  called = called + 1
  journal[(called - 1) % LATEST + 1] = {
    number = called, service = call.service, operation = call.names[1], at = clock.now(),
    fault = fault and fault.id, token = call.token,
  }
end


-- The latest `count` calls after number `since`, oldest first.
function faults.calls(count, since)
  local list = {}
  local first = math.max(called - math.min(count or LATEST, LATEST), since or 0) + 1
  for number = first, called do list[#list + 1] = journal[(number - 1) % LATEST + 1] end
  return list
end


-- Runs fn, which may call the services: nothing is broken meanwhile, and the journal hears nothing of it. -> results
function faults.aside(fn)
  asides = asides + 1
  local results = table.pack(pcall(fn))
  asides = asides - 1
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end


-- --- a call ---

local function contains(body, any_of)
  for _, text in ipairs(any_of) do
    if body:find(text, 1, true) then return true end
  end
  return #any_of == 0
end


local function fits(fault, call)
  if fault.service ~= call.service then return false end
  local named = fault.operation == "*"
  for _, name in ipairs(call.names) do named = named or name == fault.operation end
  return named and contains(call.body, fault.any_of)
end


-- The fault that breaks this call | nil. Each fault counts each call that fits it.
local function meet(call)
  local met
  for _, fault in ipairs(armed) do
    if fits(fault, call) then
      fault.matched = fault.matched + 1
      local due = fault.matched >= fault.nth and fault.matched < fault.nth + fault.count
      met = met or due and fault or nil
    end
  end
  if met then met.fired = met.fired + 1 end
  return met
end


-- Waits until the fault is released (-> true), or nobody waits for the answer any more (-> false): who has left
-- before the release gets nothing.
local function hang(fault, req)
  local before, left = fault.released, false
  fault.hanging = fault.hanging + 1
  while fault.released == before and not left do
    clock.sleep(GLANCE)
    left = req:gone() or req:half_closed()
  end
  fault.hanging = fault.hanging - 1
  return not left
end


-- What becomes of the answer -> nil | NO_ANSWER | {code=, status=, message=}
local function breakage(fault, req)
  local answer = KINDS[fault.kind].answer
  if answer == "error" then return fault.error end
  if answer == "wait" and hang(fault, req) then return nil end
  return faults.NO_ANSWER
end


-- Runs one call {service=, names={operation, …}, body=, req=, token= that makes it the same again} unless a fault
-- breaks it before. -> broken, ok, result: broken is nil, NO_ANSWER, or the error to send, which may be empty; ok and
-- result are pcall's, ok is nil when nothing was run. Without a fault what run raises goes through.
function faults.around(call, run)
  if asides > 0 then return nil, true, run() end
  local fault = meet(call)
  note(call, fault)
  if not fault then return nil, true, run() end
  if KINDS[fault.kind].after then
    local ok, result = pcall(run)
    return breakage(fault, call.req), ok, result
  end
  local broken = breakage(fault, call.req)
  if broken then return broken end
  return nil, pcall(run)
end


return faults
