-- SPDX-License-Identifier: MIT
-- bindings: whether a failed call to an AWS service is tried again, and after how long.
-- Pure: no I/O and no yield; clock and random are handed in. aws.lua keeps one policy per service, because
-- the token bucket is shared by all calls to that service (standard mode, figures of the 2026 SDKs).

local retry = {}

local CAPACITY <const>, COST <const>, THROTTLE_COST <const> = 500, 14, 5
local CAP <const>, HINT_MARGIN <const> = 20, 5 -- seconds

local function set_of(words)
  local set = {}
  for word in words:gmatch("%S+") do set[word] = true end
  return set
end

local throttling = set_of [[ Throttling ThrottlingException ThrottledException RequestThrottled
  RequestThrottledException TooManyRequestsException ProvisionedThroughputExceededException
  TransactionInProgressException RequestLimitExceeded BandwidthLimitExceeded LimitExceededException SlowDown
  PriorRequestNotComplete EC2ThrottledException ]]

-- Refused because somebody else was writing: nothing was applied, and soon it will be.
local conflict = set_of "TransactionConflictException ReplicatedWriteConflictException"

local transient = set_of [[ RequestTimeout RequestTimeoutException Timeout ConnectionUnresolved
  ConnectionFailed ConnectionTlsFailed ConnectionReset ConnectionProtocolError CorruptResponse ]]

local transient_status = { [500] = true, [502] = true, [503] = true, [504] = true }


-- The nature of a failure: "throttling", "conflict", "skew" (the service did nothing), "transient"; nil when
-- the same request would fail again. `never`: codes that this service means differently.
function retry.kind(err, never)
  if never and never[err.code] then return nil end
  if err.skewed then return "skew" end
  if err.status == 429 or throttling[err.code] then return "throttling" end
  if conflict[err.code] then return "conflict" end
  if transient[err.code] or transient_status[err.status] then return "transient" end
  return nil
end


-- True when the failed try may nevertheless have taken effect: sent, and not answered by a refusal.
function retry.is_ambiguous(err, kind)
  if kind and kind ~= "transient" then return false end
  if not err.status then return err.sent ~= false end
  return err.status >= 500 or err.status < 300 or transient[err.code] == true
end


-- What the service asks us to wait, in seconds, from its (lower-case) headers; nil without a usable hint.
-- `now` is epoch seconds, needed for the date form of Retry-After; `parse_date` turns an HTTP date into them.
function retry.hint(headers, now, parse_date)
  local ms = tonumber(headers["x-amz-retry-after"])
  if ms then return ms >= 0 and ms / 1000 or nil end
  local after = headers["retry-after"]
  if not after then return nil end
  if after:find("^%d+$") then return tonumber(after) + 0.0 end
  local date = parse_date(after)
  return date and math.max(0, date - now) or nil
end


local policy = { __name = "retry.policy" }
policy.__index = policy

local try = { __name = "retry.try" }
try.__index = try


-- A policy: {attempts=, base= seconds, throttle_base= seconds, never= set of codes,
-- clock= function -> monotonic seconds, random= function -> [0,1)}.
function retry.new(settings)
  return setmetatable({
    attempts = settings.attempts or 3,
    base = settings.base or 0.05,
    throttle_base = settings.throttle_base or 1,
    never = settings.never,
    clock = settings.clock,
    random = settings.random or math.random,
    tokens = CAPACITY,
  }, policy)
end


-- One call begins. mode: "none" (one try), "throttle" (again only after a failure that certainly had no
-- effect), "safe" (repeating is harmless). deadline: monotonic seconds, absolute; no wait crosses it.
function policy:begin(mode, deadline, attempts)
  assert(mode == "none" or mode == "throttle" or mode == "safe", "retry: mode is none, throttle or safe")
  return setmetatable({
    policy = self, mode = mode, deadline = deadline, attempt = 1, attempts = attempts or self.attempts,
    cost = nil, ambiguous = false,
  }, try)
end


-- One sleep before try i+1 (i from 0): full jitter, stretched by at most HINT_MARGIN for the service's hint.
function policy:delay(i, kind, hint)
  local base = kind == "throttling" and self.throttle_base or self.base
  local wait = self.random() * math.min(base * 2 ^ i, CAP)
  return hint and math.max(wait, math.min(hint, wait + HINT_MARGIN)) or wait
end


-- May this mode repeat after such a failure?
local function allowed(mode, ambiguous)
  if mode == "none" then return false end
  return mode == "safe" or not ambiguous
end


-- A try failed with err {code=, status=, sent=, skewed=, hint=}; `kind` overrides what retry.kind would say.
-- -> seconds to wait before the next try | nil, why it is the end: "final", "mode", "attempts", "deadline",
-- "tokens". try.ambiguous tells afterwards whether any try so far may have taken effect.
function try:next(err, kind)
  local rule = self.policy
  kind = kind or retry.kind(err, rule.never)
  local ambiguous = retry.is_ambiguous(err, kind)
  self.ambiguous = self.ambiguous or ambiguous
  if not kind then return nil, "final" end
  if not allowed(self.mode, ambiguous) then return nil, "mode" end
  if self.attempt >= self.attempts then return nil, "attempts" end

  local wait = rule:delay(self.attempt - 1, kind, err.hint)
  if rule.clock() + wait >= self.deadline then return nil, "deadline" end
  local cost = kind == "throttling" and THROTTLE_COST or COST
  if rule.tokens < cost then return nil, "tokens" end

  rule.tokens, self.cost, self.attempt = rule.tokens - cost, cost, self.attempt + 1
  return wait
end


-- The call succeeded: the last retry's cost flows back, or one token when no retry was needed.
function try:succeeded()
  local rule = self.policy
  rule.tokens = math.min(CAPACITY, rule.tokens + (self.cost or 1))
end


return retry
