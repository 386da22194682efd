-- SPDX-License-Identifier: MIT
-- What could not be told in time: kept in the table, told again in the background by whichever process holds
-- the lease, with longer and longer pauses. A message that nobody took after outbox.attempts tries is put
-- aside as a dead letter, for `usher inspect` and `usher repair`. Delivery is at least once: what a kind does
-- (outbox_kinds.lua) must bear repetition. All functions yield.
local clock, config, crypto = require "clock", require "config", require "crypto"
local dynamodb, fail = require "dynamodb", require "fail"
local log, metrics = require "log", require "metrics"
local keys, trouble = require "lib.keys", require "lib.trouble"

local outbox = {}

local DEAD <const> = "DEAD"          -- the shard of those that are put aside
local GAUGE <const> = "usher_outbox_messages"
local COUNTED <const> = 1000         -- dead letters are not counted beyond this


local function pause(attempts)
  return math.min(config.outbox.first_delay * 2 ^ attempts, config.outbox.max_delay)
end


local function shard_of(id)
  return tostring(crypto.crc32(id) % config.outbox.shards)
end


-- A message, not yet kept. about: signup_id, sub and username say whom it is about; the whole is given to the kind.
-- busy: seconds in which the caller itself tries to tell it.
function outbox.message(kind, about, busy)
  local id, now = crypto.uuid(), clock.now()
  return keys.record(keys.outbox(shard_of(id), clock.iso8601(now), id), {
    kind = kind, about = about, state = "PENDING", attempts = 0, created_at = clock.iso8601(now),
    next_try = now + math.max(pause(0), busy or 0),
  })
end


-- Keeps a message. -> true | nil, err
function outbox.put(kind, about)
  return dynamodb.put { item = outbox.message(kind, about) }
end


-- Keeps for later what a flow could not do now. Never fails the flow.
function outbox.later(signup, kind)
  local intent = signup.intent
  local ok, err = outbox.put(kind, {
    signup_id = intent.signup_id, sub = intent.sub, username = intent.username, method = signup.method,
    form = intent.form, created_at = intent.created_at,
  })
  if not ok then trouble.note(signup, "outbox", err) end
end


local function read(shard, limit)
  local request = keys.range { pk = keys.outbox(shard, "", "").pk }
  request.limit = limit
  return dynamodb.query(request)
end


-- Everything that is kept, or what is about one of these subs (a set). -> list | nil, err
function outbox.list(subs)
  local found = {}
  for i = 0, config.outbox.shards do
    local messages, err = read(i == config.outbox.shards and DEAD or tostring(i))
    if not messages then return nil, err end
    for _, message in ipairs(messages) do
      if not subs or subs[message.about.sub] then found[#found + 1] = message end
    end
  end
  return found
end


-- It was told. -> true | nil, err
function outbox.forget(message)
  return dynamodb.delete { key = keys.of(message) }
end


local function put_aside(message, err)
  local dead = keys.record({}, message)
  dead.pk, dead.state = keys.outbox(DEAD, "", "").pk, DEAD
  dead.attempts, dead.error_code = message.attempts + 1, err
  metrics.count("OUTBOX_DEAD", 1, { method = message.about.method or "email", step = message.kind })
  return dynamodb.transact_write { items = {
    { put = { item = dead } }, { delete = { key = keys.of(message) } },
  } }
end


local function try_later(message, err, final)
  local attempts = message.attempts + 1
  if final or attempts >= config.outbox.attempts then return put_aside(message, err) end
  return dynamodb.update {
    key = keys.of(message), condition = "attribute_exists(pk)",
    set = { attempts = attempts, next_try = clock.now() + pause(attempts), error_code = err },
  }
end


-- Does what the message asks for, now. -> true | nil, code, what was raised, whether repeating is of no use
local function tell(message)
  local handler = require "lib.outbox_kinds"[message.kind]
  if not handler then return nil, "unknown_kind" end
  local ok, done, err = pcall(handler, message.about)
  if ok and done then return true end
  if ok then return nil, err.code or err.type or "failed", nil, err.final end
  return nil, fail.is(done) and done.code or "internal_error", done
end


-- One message, due or not. -> true | nil, code. A dead one that fails stays as it is.
function outbox.deliver(message)
  local told, code, raised, final = tell(message)
  local problem
  if told then
    problem = select(2, outbox.forget(message))
  elseif message.state ~= DEAD then
    problem = select(2, try_later(message, code, final))
  end
  if not told then
    log.warn("outbox_failed", { kind = message.kind, attempts = message.attempts + 1, error_code = code,
      signup_id = message.about.signup_id, error = type(raised) == "string" and raised or nil })
  end
  if problem then return nil, problem.code end
  return told, code
end


local me = crypto.uuid()

-- One process at a time. -> true | false
local function take_lease()
  local now = clock.now()
  local ok = dynamodb.update {
    key = keys.outbox_lease(), set = { owner = me, lease_until = now + config.outbox.lease },
    condition = "attribute_not_exists(pk) OR lease_until <= :now OR owner = :me",
    values = { now = now, me = me },
  }
  return ok and now + config.outbox.lease or nil
end


local function is_due(message)
  return message.next_try <= clock.now()
end


-- How many wait, and whether one of them is due.
local function look()
  local waiting, due = 0, false
  for shard = 0, config.outbox.shards - 1 do
    for _, message in ipairs(read(tostring(shard)) or {}) do
      waiting, due = waiting + 1, due or is_due(message)
    end
  end
  return waiting, due
end


-- Tells what is due, and renews the lease on the way. -> until when it is ours | nil: it is another's by now
local function run_shard(shard, held_until)
  for _, message in ipairs(read(shard) or {}) do
    if is_due(message) then
      if held_until < clock.now() + config.outbox.lease / 2 then held_until = take_lease() end
      if not held_until then return nil end
      outbox.deliver(message)
    end
  end
  return held_until
end


-- One round, of the background runner. Nothing is written while nothing is due; of several processes, the one
-- with the lease tells.
function outbox.run()
  local waiting, due = look()
  local dead = read(DEAD, COUNTED)
  metrics.gauge(GAUGE, waiting, { state = "pending" })
  metrics.gauge(GAUGE, dead and #dead or 0, { state = "dead" })
  local held_until, shard = due and take_lease() or nil, 0
  while held_until and shard < config.outbox.shards do
    held_until, shard = run_shard(tostring(shard), held_until), shard + 1
  end
end


return outbox
