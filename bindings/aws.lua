-- SPDX-License-Identifier: MIT
-- bindings: one call to an AWS service that speaks JSON 1.0 or 1.1 (Cognito, DynamoDB, CloudWatch), or plain
-- JSON under a path (SES, Lambda). cognito.lua, dynamodb.lua, ses.lua and lambda.lua put words on top; sigv4 signs
-- in C, http carries, retry.lua decides, and aws_skew.lua keeps the clock. Knows no operation. Bodies are
-- never logged: they hold passwords.

local aws_credentials, aws_env = require "aws_credentials", require "aws_env"
local clock, config = require "clock", require "config"
local crypto, http, json = require "crypto", require "http", require "json"
local log, metrics, sigv4, task = require "log", require "metrics", require "sigv4", require "task"
local retry, skew, trace = require "retry", require "aws_skew", require "trace"

local aws = {}

local TIMEOUT <const> = 10          -- seconds for all tries together, when neither caller nor settings say
local MAX_RESPONSE <const> = 16 << 20
local DEEP <const> = { depth = 128, nul = true } -- an item nests 32 levels, two on the wire for each, of any text
local SORTED <const> = { sorted = true }
local NONE <const> = {}

-- id: the suffix of AWS_ENDPOINT_URL_*. section: of the settings. signs: the signing name, where it is not the
-- host's first label. never: codes of the retry tables that mean
-- something else here (Cognito's LimitExceeded is this user's hourly allowance; each try uses it up).
-- patience: seconds for one try of what may be repeated, where a healthy answer takes milliseconds: a hung
-- connection must not cost the whole call.
local known = {
  ["cognito-idp"] = { id = "COGNITO_IDENTITY_PROVIDER", section = "cognito",
    never = { LimitExceededException = true } },
  dynamodb = { id = "DYNAMODB", section = "dynamodb", attempts = 4, base = 0.025, checksum = true,
    patience = 2 },
  monitoring = { id = "CLOUDWATCH", section = "cloudwatch", query_mode = true },
  email = { id = "SESV2", section = "ses", signs = "ses" },
  lambda = { id = "LAMBDA", section = "lambda" },
}

local transport_codes = {
  dns = "ConnectionUnresolved", connect = "ConnectionFailed", tls = "ConnectionTlsFailed",
  reset = "ConnectionReset", protocol = "ConnectionProtocolError", timeout = "Timeout",
  too_large = "ResponseTooLarge", canceled = "Canceled",
}

local failure = { __name = "aws.error" }

-- "cognito-idp SignUp: UsernameExistsException: An account … (400, request 5a61…)"
function failure.__tostring(err)
  local where = err.request_id and ("%s, request %s"):format(err.status, err.request_id) or err.status
  return ("%s %s: %s%s%s"):format(err.service, err.operation, err.code,
    err.message and ": " .. err.message or "", where and (" (%s)"):format(where) or "")
end


-- A setting | nil; an empty string is how the settings say that there is none.
local function setting(section, key)
  local value = section and config[section] and config[section][key]
  if value == "" then return nil end
  return value
end


-- The region of all calls: the settings, then the environment and the profile | nil.
function aws.region()
  return setting("aws", "region") or aws_env.region()
end


-- Where a service is, with its path prefix and no slash at the end | nil without a region.
-- The first that is set: config.<section>.url, AWS_ENDPOINT_URL_<ID>, AWS_ENDPOINT_URL, the profile's
-- services section and endpoint_url, config.aws.endpoint_url, the vendor's host.
function aws.endpoint(name)
  local entry = known[name] or NONE
  local url = setting(entry.section, "url")
    or aws_env.endpoint_url(entry.id or (name:upper():gsub("%A", "_")))
    or setting("aws", "endpoint_url")
  if url then return (url:gsub("/+$", "")) end

  local region = aws.region()
  if not region then return nil end
  local suffix = region:find("^cn%-") and "amazonaws.com.cn" or "amazonaws.com"
  return ("https://%s.%s.%s"):format(name, region, suffix)
end


-- Makes an error of this room: service, operation and code are expected, the rest as aws.call's.
function aws.failure(err)
  return setmetatable(err, failure)
end


-- AWS_RETRY_MODE: standard is what retry.lua does, and adaptive is taken for it; legacy means five tries, as
-- it does in the SDKs. AWS_MAX_ATTEMPTS overrides each mode's figure.
local function attempts_set()
  local most = tonumber(aws_env.setting("AWS_MAX_ATTEMPTS", "max_attempts"))
  if most and most >= 1 then return math.min(most // 1 | 0, 20) end
  return aws_env.setting("AWS_RETRY_MODE", "retry_mode") == "legacy" and 5 or nil
end


local function skew_is_off()
  return (aws_env.setting("AWS_DISABLE_CLOCK_SKEW_CORRECTION") or ""):lower() == "true"
end


local services = {} -- name -> what this VM has learned about the service: its bucket, its clock

local function service_of(name)
  local service = services[name]
  if service then return service end
  local entry = known[name] or NONE
  service = {
    name = name, entry = entry, skew = skew.new(skew_is_off()), endpoint = aws.endpoint(name),
    policy = retry.new { attempts = attempts_set() or entry.attempts, base = entry.base, never = entry.never,
      clock = clock.monotonic },
  }
  if service.endpoint then services[name] = service end
  return service
end


local function fail(call, err)
  err.service, err.operation = call.service.name, call.operation
  return aws.failure(err)
end


-- "attempt=1; max=3": most calls need no second try.
local function attempt_words(service, try)
  if try.attempt > 1 or try.attempts ~= service.policy.attempts then
    return ("attempt=%d; max=%d"):format(try.attempt, try.attempts)
  end
  service.first_attempt = service.first_attempt or ("attempt=1; max=%d"):format(try.attempts)
  return service.first_attempt
end


local function headers_of(call, try)
  local headers = {
    ["content-type"] = call.target and "application/x-amz-json-" .. call.version or "application/json",
    ["x-amz-target"] = call.target,
    ["amz-sdk-invocation-id"] = call.id,
    ["x-amzn-query-mode"] = call.service.entry.query_mode and "true" or nil,
    ["amz-sdk-request"] = attempt_words(call.service, try),
  }
  for name, value in pairs(call.headers) do headers[name] = value end
  return headers
end


local function sign(call, headers)
  return sigv4.sign {
    method = "POST", url = call.url, headers = headers, body = call.body,
    service = call.service.entry.signs or call.service.name, region = call.region,
    time = math.floor(clock.now() + call.offset),
  }
end


-- -> headers, with the signature where there is one | nil, err. The offset that was used is remembered, to
-- judge a refusal by it.
local function prepare(call, try)
  local headers = headers_of(call, try)
  if not call.signed then return headers end
  call.offset = call.service.skew.offset
  local signed, problem = sign(call, headers)
  if not signed and aws_credentials.await(call.deadline - clock.monotonic()) then
    signed, problem = sign(call, headers)
  end
  if signed then
    call.authorization = signed.authorization
    return signed
  end
  return nil, fail(call, { code = "CredentialsMissing", message = tostring(problem), sent = false })
end


local function transport_failure(call, problem)
  return fail(call, { code = transport_codes[problem.kind] or "ConnectionFailed", message = problem.message,
    sent = problem.sent ~= false })
end


local function corrupt(call, response, message)
  return fail(call, { code = "CorruptResponse", message = message, status = response.status, sent = true,
    request_id = response.headers["x-amzn-requestid"] })
end


local taken = { __type = true, code = true, message = true, Message = true, status = true, sent = true,
  retryable = true, request_id = true, ambiguous = true, skewed = true, hint = true, service = true,
  operation = true, attempts = true, retry_after = true }

-- The code is what stands after "#" and before ":" in __type, the errortype header or code.
local function refusal(call, response)
  local headers = response.headers
  local members = json.decode(response.body or "", DEEP)
  if type(members) ~= "table" then members = {} end
  local raw = members.__type or headers["x-amzn-errortype"] or members.code
  local code = type(raw) == "string" and raw:match("^[^:]*"):match("[^#]*$") or ""
  local message = members.message or members.Message
  local err = {
    code = code ~= "" and code or "Http" .. response.status,
    message = type(message) == "string" and message or nil,
    status = response.status, sent = true, request_id = headers["x-amzn-requestid"],
    hint = retry.hint(headers, clock.now(), clock.parse_http_date),
  }
  for name, value in pairs(members) do
    if not taken[name] then err[name] = value end
  end
  err.skewed = call.signed and call.service.skew:explains(err.code, call.offset)
  return fail(call, err)
end


-- An answer -> output table | nil, err. No body at all is the output of operations that have none.
local function read(call, response)
  if response.status < 200 or response.status > 299 then return nil, refusal(call, response) end
  local body, headers = response.body or "", response.headers
  local sum = call.service.entry.checksum and not headers["content-encoding"] and headers["x-amz-crc32"]
  if sum and tonumber(sum) ~= crypto.crc32(body) then
    return nil, corrupt(call, response, "the checksum of the answer does not match its body")
  end
  if call.read then
    local output, err = call.read(response)
    if output then return output end
    err.status, err.sent, err.request_id = response.status, true, headers["x-amzn-requestid"]
    return nil, fail(call, err)
  end
  if body == "" then return {} end
  local output = json.decode(body, DEEP)
  if type(output) ~= "table" then return nil, corrupt(call, response, "the answer is not a JSON object") end
  return output
end


local function observe(call, started, status)
  metrics.observe("usher_upstream_seconds", clock.monotonic() - started,
    { service = call.service.name, operation = call.operation, status = tostring(status) })
end


-- One exchange -> output | nil, err. Yields.
local function exchange(call, try)
  local headers, unsigned = prepare(call, try)
  if not headers then return nil, unsigned end
  headers["x-amzn-trace-id"] = trace.id -- after signing: whoever stands between may change it

  local started, sent_at = clock.monotonic(), clock.now()
  local left = call.deadline - started
  if left <= 0 then
    return nil, fail(call, { code = "Timeout", message = "no time was left to send it", sent = false })
  end
  local safe = try.mode == "safe"
  local patience = call.attempt_timeout or safe and call.service.entry.patience or left
  local response, problem = http.fetch {
    method = "POST", url = call.url, headers = headers, body = call.body, max_response = MAX_RESPONSE,
    timeout = math.min(left, patience), repeatable = safe,
  }
  if not response then
    local err = transport_failure(call, problem)
    observe(call, started, err.code)
    return nil, err
  end
  observe(call, started, response.status)
  call.service.skew:observe(response.headers, sent_at, clock.now())
  return read(call, response)
end


-- What the caller is told at the end: over all tries, not only the last.
local function finish(err, call, try, kind)
  err.retryable = kind ~= nil
  err.sent = call.sent
  err.ambiguous = try.ambiguous
  err.attempts = try.attempt
  err.retry_after, err.hint, err.skewed = err.hint, nil, nil
  return err
end


local function announce_retry(call, try, err, kind, wait)
  metrics.count("usher_upstream_retries_total", 1,
    { service = call.service.name, operation = call.operation, reason = kind })
  log.debug("aws_retry", { service = call.service.name, operation = call.operation, error_code = err.code,
    status = err.status, attempt = try.attempt, delay = wait, upstream_request_id = err.request_id })
end


-- The service does not take our credentials, or no more. Are there others by now? It has done nothing, so that
-- the call may be sent again, whatever it is.
local stale = { ExpiredTokenException = true, ExpiredToken = true, UnrecognizedClientException = true,
  InvalidClientTokenId = true }

local function renewed(call, err)
  if not stale[err.code] or not call.authorization or call.renewed then return false end
  call.renewed = true
  local key_id = call.authorization:match("Credential=([^/]+)/")
  return aws_credentials.renew(key_id, call.deadline - clock.monotonic())
end


local function until_done(call, try, on_error)
  while true do
    local output, err = exchange(call, try)
    if not output and renewed(call, err) then output, err = exchange(call, try) end
    if output then
      try:succeeded()
      return output
    end
    call.sent = call.sent or err.sent
    local kind = on_error and on_error(err) or retry.kind(err, call.service.entry.never)
    local wait = try:next(err, kind)
    if not wait then return nil, finish(err, call, try, kind) end
    announce_retry(call, try, err, kind, wait)
    clock.sleep(wait)
  end
end


-- When a call has to be over, in seconds of clock.monotonic: a timeout becomes a deadline here, and only the
-- deadline travels inward. {service=, deadline= or timeout=}, else the settings' timeout; never later than
-- the request that this task works for.
function aws.deadline(request)
  local deadline, entry = request.deadline, known[request.service] or NONE
  if not deadline then
    local timeout = request.timeout or setting(entry.section, "timeout") or TIMEOUT
    deadline = clock.monotonic() + timeout
  end
  return math.min(deadline, task.deadline() or deadline)
end


-- One operation, tried as often as is safe and the deadline allows. Yields.
--   service       "cognito-idp", "dynamodb", "monitoring", "email", "lambda": the host's first label
--   target        X-Amz-Target, "DynamoDB_20120810.PutItem"; or, for a service that has paths instead,
--   operation and path   "SendEmail", "/v2/email/outbound-emails"; with a target operation is its last word
--   json_version  "1.0" or "1.1"
--   input         any JSON value; sent sorted, so that the same input is the same bytes on each try and day
--   headers       of the operation, in lower case
--   signed        default true
--   timeout       seconds for all tries together, or deadline = clock.monotonic() seconds (wins)
--   attempt_timeout  seconds for one try
--   retry         "safe": repeating is harmless; "throttle" (default): only after what surely had no effect;
--                 "none"
--   attempts      tries at most, instead of the service's own figure
--   read          function(answer of http.fetch) -> output | nil, {code=, message=, …}: where the output of an
--                 operation is not one JSON object
--   on_error      function(err) before each decision: may add to err, may return a kind (see retry.lua)
-- -> output table ({} when there is none) | nil, err:
--   code, message, status (nil when no answer came), request_id, and the vendor's other members as they are;
--   where the vendor gave no code: "Timeout", "Connection…", "CorruptResponse", "CredentialsMissing",
--   "RegionMissing", "Http" and the status;
--   retryable  later it may work; sent  it may have reached the service; attempts  tries made;
--   ambiguous  one of the tries may have taken effect; retry_after  seconds, when the service asked for it.
function aws.call(request)
  assert(type(request.service) == "string", "aws.call: service is a string")
  assert(type(request.target or request.operation) == "string",
    "aws.call: target is a string, Prefix.Operation")
  local deadline, input = aws.deadline(request), request.input
  if input == nil then input = {} end
  local service, region = service_of(request.service), aws.region()
  if not region and (request.signed ~= false or not service.endpoint) then
    aws_credentials.await(deadline - clock.monotonic()) -- the metadata may know the region
    service, region = service_of(request.service), aws.region()
  end
  local call = {
    service = service, target = request.target, operation = request.operation or request.target:match("%.([^.]*)$"),
    version = request.json_version or "1.0", signed = request.signed ~= false, region = region,
    deadline = deadline, attempt_timeout = request.attempt_timeout, headers = request.headers or NONE,
    read = request.read, body = json.encode(input, SORTED), id = crypto.uuid(), sent = false,
  }
  if not service.endpoint or call.signed and not call.region then
    return nil, fail(call, { code = "RegionMissing", message = "no AWS region is configured", sent = false,
      retryable = false, ambiguous = false, attempts = 0 })
  end
  call.url = service.endpoint .. (request.path or "/")
  local try = service.policy:begin(request.retry or "throttle", call.deadline, request.attempts)
  return until_done(call, try, request.on_error)
end


return aws
