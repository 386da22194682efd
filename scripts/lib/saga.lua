-- SPDX-License-Identifier: MIT
-- One sign-up as a saga over Cognito, DynamoDB and Stripe. A flow gets a saga object and walks its steps;
-- what is done is stored in the intent, so that the same request again goes on where the last one stopped.
-- The object lives for one request; whatever way the flow is left, the lease goes back, and one metric and
-- one log line say how.
local clock, crypto, fail = require "clock", require "crypto", require "fail"
local log, metrics = require "log", require "metrics"
local conceal, intent = require "lib.conceal", require "lib.intent"
local proof, trouble = require "lib.proof", require "lib.trouble"

require "lib.signup_metrics"

local saga = {}

local METHOD <const> = "email"

-- What the object holds, besides what opening.lua and conceal.lua keep in it:
--   intent, owned     the record as this request knows it; does this request have its lease?
--   owner, method     who works on it: an id of this request alone; "email" or "google"
--   at, blamed        the step that runs; the first step that failed, for the log and the metrics
--   fresh             this request has put the intent
--   proven            this browser has shown that the intent is its own, and gets the cookie
--   brought_proof     a confirmation has; by the settings it may also do without
--   key_used          the Idempotency-Key came before, with this form
--   replays           all is done, and only the answer is wanted again
--   brings_card       the account is open, and another card comes
--   displaces         somebody else's sign-up of the address gave way
--   discard_intent    should the flow fail now, the intent goes
--   refused           by Cognito, so that nothing is left to resume
--   silent            a refusal that counts as no failure: another request is at work, or was
--   code_in_doubt     the same code was sent before, without a clear answer
--   metric_in_doubt   of a transition whose answer is lost: the intent keeps it as `uncounted`
--   answered          what to do when the good answer is handed over
local Saga = {}
Saga.__index = Saga

-- A step that has left this in the intent is not done again.
local LEFT_BY <const> = { cognito = "sub", attach = "card_attached", code = "code_accepted" }

-- When a step's result cannot be stored, these stores disagree.
local STORES <const> = { cognito = "USER", supersede = "USER", stripe = "ACCOUNT", attach = "ACCOUNT" }

-- Metrics that count a transition -> has it happened? When the answer of the step that makes it is lost, the
-- intent keeps the metric as `uncounted`, and who has it next counts it.
local HAPPENED <const> = {
  SIGNUP_SUCCESS = function(item) return item.step == "DONE" end,
  SIGNUP_CONFIRM_SUCCESS = function(item) return item.code_accepted end,
}
local COUNTED_BY <const> = { code = "SIGNUP_CONFIRM_SUCCESS" }


-- From here on this request works with the intent; it has the lease, unless only the answer is wanted again.
function Saga:own(item)
  self.intent, self.owned = item, not self.replays
  local metric = item.uncounted
  if not metric or self.replays and not intent.take_uncounted(item) then return end
  item.uncounted = nil
  if HAPPENED[metric](item) then self:count(metric) end
end


-- Raises: another request is at work.
function Saga:busy()
  self.silent = true
  trouble.refuse(self, "intent", 409, "signup_in_progress", nil, { retry_after = 1 })
end


-- Goes on with an intent that federated.lua has put or claimed, and by the method with which that began.
function Saga:take(item)
  self.method = item.method or METHOD
  self:own(item)
end


-- Stores what a step has learned, here and in the table. Only the owner of the lease can.
function Saga:remember(set, remove, step)
  local ok, err = intent.remember(self.intent, set, remove)
  if ok == nil then
    self.metric_in_doubt = COUNTED_BY[step]
    trouble.stop(self, step, err, STORES[step])
  end
  if not ok then self:busy() end
  for name, value in pairs(set) do self.intent[name] = value end
  for _, name in ipairs(remove or {}) do self.intent[name] = nil end
end


-- Does a step unless it is done. What fn returns is stored: fields, and the names of those that are over.
function Saga:step(name, fn, ...)
  local left = LEFT_BY[name]
  if self.replays or left and self.intent[left] then return end
  self.at = name
  local learned, over = fn(self, ...)
  if learned then self:remember(learned, over, name) end
end


-- A step that may fail without stopping the flow. -> did it work?
function Saga:settle(name, fn, ...)
  local ok, err = pcall(Saga.step, self, name, fn, ...)
  self.blamed = nil
  if not ok and not fail.is(err) then trouble.note(self, name, err) end
  return ok
end


-- The part of a transaction that changes the intent and gives the lease back; when it is through, `closed`.
function Saga:closing(set, remove)
  return intent.closing(self.intent, set, remove)
end


function Saga:closed(set)
  for name, value in pairs(set) do self.intent[name] = value end
  self.owned = false
end


-- Counts a transition that happens once for each sign-up.
function Saga:count(metric)
  if self.intent.rebuilt and metric == "SIGNUP_SUCCESS" then return end
  metrics.count(metric, 1, { method = self.method, step = "done" })
  log.info(metric:lower(), { signup_id = self.intent.signup_id })
end


function Saga:proof()
  return proof.of(self.intent.proof_seed)
end


-- What to do when the good answer is handed over; not at all when nobody is there to take it. fn must not yield, but
-- what it spawns begins when the answer has left.
function Saga:when_answered(fn)
  self.answered = fn
end


-- Gives the lease back. A refusal leaves nothing to resume; an intent that should not have been is deleted.
local function let_go(self, failed)
  if not self.owned then return end
  self.owned = false
  local ok, err
  if failed and self.discard_intent then
    ok, err = intent.discard(self.intent)
  else
    local set = { lease_until = 0, uncounted = self.metric_in_doubt }
    if failed and self.refused and not self.intent.sub then set.step = "FAILED" end
    ok, err = intent.remember(self.intent, set, failed and self.refused and { "confirming" } or nil)
  end
  if not ok then trouble.note(self, "lease", err or "lost") end
end


local function tell_failure(self, metric, err)
  local ours = not fail.is(err) or err.status >= 500
  local step = self.blamed or self.at
  log.warn(metric:lower() .. (ours and "_error" or "_failure"), {
    signup_id = self.intent and self.intent.signup_id, step = step,
    status = fail.is(err) and err.status or 500, error_code = fail.is(err) and err.code or "internal_error",
  })
  if self.silent then return end
  metrics.count(metric .. (ours and "_ERROR" or "_FAILURE"), 1, { method = self.method, step = step })
end


-- A browser that can still go on needs its proof, also when the answer is a refusal.
local function add_cookie(self, err)
  if not fail.is(err) or not self.proven or self.discard_intent then return end
  err.headers = err.headers or {}
  err.headers["Set-Cookie"] = proof.cookie(self:proof())
end


local function with_traceback(err)
  if type(err) == "string" then return debug.traceback(err, 2) end
  return err
end


-- Runs fn(…); whatever way it ends, the lease goes back. -> did it succeed?, what it returned or raised
local function run(self, fn, ...)
  local ok, result = xpcall(fn, with_traceback, ...)
  local kept, problem = pcall(let_go, self, not ok)
  if not kept then trouble.note(self, "lease", problem) end
  return ok, result
end


local function new(method)
  return setmetatable({ owner = crypto.uuid(), method = method, at = "validate", started = clock.monotonic() },
    Saga)
end


-- One sign-up without its browser: body(signup) works on an intent that is there, under its lease.
-- force: take the lease also from somebody whose time is not over. -> true | false, err: what was raised, or
-- { code = "leased" }
function saga.adopt(item, method, force, body)
  local self = new(method)
  local claimed, problem = intent.claim(item, self.owner, nil, nil, force)
  if not claimed then return false, problem or { code = "leased" } end
  self:own(claimed)
  return run(self, body, self)
end


-- Makes a handler of a flow: body(req, signup) returns the reply. metric: SIGNUP or SIGNUP_CONFIRM, to which
-- _SUCCESS, _FAILURE (the visitor's fault) or _ERROR (ours or a dependency's) is added. instead(signup, err):
-- a reply in the place of a refusal, or nil. method: "email" without one.
function saga.flow(metric, body, instead, method)
  method = method or METHOD
  return function(req)
    local self = new(method)
    local ok, result = run(self, body, req, self)
    if not ok and metric == "SIGNUP_CONFIRM" then conceal.even_out_code(self, result) end
    metrics.observe(metric .. "_SECONDS", clock.monotonic() - self.started, { method = self.method })
    if ok then
      if self.answered and not (req:gone() or req:half_closed()) then self.answered() end
      return result
    end
    tell_failure(self, metric, result)
    local reply = instead and instead(self, result)
    if reply then return reply end
    add_cookie(self, result)
    error(result, 0)
  end
end


return saga
