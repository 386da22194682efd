-- SPDX-License-Identifier: MIT
-- The one place where a pool's Lambda triggers run, as Cognito runs them: five seconds for each of three tries, the
-- whole event back, and the vendor's words for each way to fail. run(pool, source, user, detail) gives the trigger's
-- `response`. Yields: whoever calls must look again at what may have changed.
local crypto, json = require "crypto", require "json"
local functions, invoke = require "sandbox.lambda.functions", require "sandbox.lambda.invoke"
local attributes, failure = require "sandbox.cognito.attributes", require "sandbox.failure"
local settings, time = require "sandbox.settings", require "sandbox.time"

local triggers = {}

local TRIES <const> = 3
local BOOLEANS <const> = { "autoConfirmUser", "autoVerifyEmail", "autoVerifyPhone" }


local function copy(values)
  local result = {}
  for name, value in pairs(values) do result[name] = value end
  return result
end


-- What each kind of trigger is told of the user, and the response it starts from.
local kinds = {
  PreSignUp = function(user, detail)
    local validation = detail.external and {} or json.null
    if detail.validation and #detail.validation > 0 then validation = attributes.from_list(detail.validation) end
    return { userAttributes = copy(user.attributes), validationData = validation },
      { autoConfirmUser = false, autoVerifyEmail = false, autoVerifyPhone = false }
  end,
  PostConfirmation = function(user)
    local values = copy(user.attributes)
    values.sub, values["cognito:user_status"] = user.sub, user.status
    return { userAttributes = values }, {}
  end,
}


local function event_of(pool, source, user, detail)
  local request, response = kinds[source:match("^[^_]+")](user, detail)
  request.clientMetadata = detail.metadata
  return {
    version = "1", region = settings.region, userPoolId = pool.id, userName = user.username,
    callerContext = { awsSdkVersion = "aws-sdk-unknown-unknown",
      clientId = detail.client and detail.client.id or json.null },
    triggerSource = source, request = request, response = response,
  }
end


local function unrecognizable()
  failure("InvalidLambdaResponseException", "Unrecognizable lambda output")
end


-- What came back must be the event, with the response filled in.
local function response_of(body, kind, user)
  local event = json.decode(body, { depth = 128 })
  if type(event) ~= "table" or type(event.request) ~= "table" or type(event.response) ~= "table" then
    unrecognizable()
  end
  local response = event.response
  if kind ~= "PreSignUp" then return response end
  for _, name in ipairs(BOOLEANS) do
    local value = response[name]
    if value == json.null then response[name] = nil
    elseif value ~= nil and type(value) ~= "boolean" then unrecognizable() end
  end
  if response.autoVerifyEmail and (user.attributes.email or "") == "" then unrecognizable() end
  return response
end


local function cannot_invoke(kind, reason)
  failure("UnexpectedLambdaException", ("%s invocation failed due to error %s."):format(kind, reason))
end


-- A function that failed speaks for itself; its own timeout is told with the moment and the request.
local function refuse(kind, outcome)
  local message = outcome.message
  if outcome.timed_out then
    message = ("%s %s %s"):format(os.date("!%Y-%m-%dT%H:%M:%S.000Z", math.floor(time.now())), outcome.id,
      outcome.timed_out)
  end
  failure("UserLambdaValidationException", ("%s failed with error %s."):format(kind, message))
end


-- source is triggerSource of the event, like "PreSignUp_SignUp"; LambdaConfig knows its first half.
-- detail: {client=, metadata=, validation= list, external=}
function triggers.run(pool, source, user, detail)
  local kind = source:match("^[^_]+")
  local reference = (pool.settings.LambdaConfig or {})[kind]
  if not reference then return {} end
  local fn = functions.find(reference)
  if not fn then cannot_invoke(kind, "ResourceNotFoundException") end
  local payload = json.encode(event_of(pool, source, user, detail), { sorted = true })
  for _ = 1, TRIES do
    local ok, outcome = pcall(invoke.run, fn, payload, { patience = settings.switches.trigger_patience,
      trace_id = ("Root=1-%08x-%s;Sampled=0"):format(os.time(), crypto.hex(crypto.random(12))) })
    if not ok and failure.is(outcome) then cannot_invoke(kind, outcome.code) end
    if not ok then error(outcome, 0) end
    if outcome and outcome.failed then refuse(kind, outcome) end
    if outcome then return response_of(outcome.body, kind, user) end
  end
  cannot_invoke(kind, "Socket timeout while invoking Lambda function")
end


-- The triggers of the pool that always exists.
function triggers.default_config()
  return { PreSignUp = functions.get "pre_sign_up".arn, PostConfirmation = functions.get "post_confirmation".arn }
end


return triggers
