-- SPDX-License-Identifier: MIT
-- Sandbox, STS over the query protocol, answered in XML: sessions of roles, of the user and of federated ones, and who
-- signed. Any role may be assumed. A web identity token is a JWT, whose signature nobody looks at; the tokens of TOKENS
-- show the service's refusals. Called by the sandbox's door with a request of listener "sts".
local clock, crypto, form, json, log =
  require "clock", require "crypto", require "form", require "json", require "log"
local aws_json, failure, faults = require "sandbox.aws_json", require "sandbox.failure", require "sandbox.faults"
local keys, settings = require "sandbox.keys", require "sandbox.settings"
local signature, web = require "sandbox.aws_signature", require "sandbox.web"

local SERVICE = { name = "sts", signing_name = "sts", window = 900,
  missing_token = "Request is missing Authentication Token", internal = { "InternalFailure", "" } }
local NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
local VERSION = "2011-06-15"

local TOKENS = {
  expired = { "ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time" },
  invalid = { "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://idp.example" },
  rejected = { "IDPRejectedClaim", "The identity provider rejected the token", 403 },
  unreachable = { "IDPCommunicationError", "The identity provider could not be reached" },
}

-- --- parameters: what is wrong with them is told at once, as `problems` has it at the end ---

local NULL, MOST <const> = "Member must not be null", "Member must have length less than or equal to "
local LEAST <const> = "Member must have length greater than or equal to "

local function complain(params, value, name, constraint)
  local shown, member = value == nil and "null" or "'" .. value .. "'", name:sub(1, 1):lower() .. name:sub(2)
  params.problems[#params.problems + 1] = ("Value %s at '%s' failed to satisfy constraint: %s")
    :format(shown, member, constraint)
end

local function judge(params)
  local problems = params.problems
  if #problems == 0 then return end
  failure("ValidationError", ("%d validation error%s detected: %s"):format(#problems, #problems > 1 and "s" or "",
    table.concat(problems, "; ")))
end

-- A parameter of low to high characters, which all fit the set of `pattern` | nil when it may be missing.
local function text(params, name, low, high, pattern, optional)
  local value = params[name]
  if value == nil and optional then return nil end
  if type(value) ~= "string" then return complain(params, nil, name, NULL) end
  if #value < low then complain(params, value, name, LEAST .. low) end
  if #value > high then complain(params, value, name, MOST .. high) end
  if pattern and not value:find("^[%w_" .. pattern .. "]*$") then
    complain(params, value, name, "Member must satisfy regular expression pattern: [\\w" .. pattern .. "]*")
  end
  return value
end

local function duration(params, default, most)
  local value = params.DurationSeconds
  if value == nil then return default end
  local seconds = math.tointeger(tonumber(value))
  if not seconds then failure("MalformedInput", "DurationSeconds is no number") end
  if seconds < 900 then
    complain(params, value, "DurationSeconds", "Member must have value greater than or equal to 900")
  elseif seconds > most then
    complain(params, value, "DurationSeconds", "Member must have value less than or equal to " .. most)
  end
  return seconds
end

-- A session's policy, which nobody looks at but for its form.
local function check_policy(params)
  local policy = text(params, "Policy", 1, 2048, nil, true)
  if policy and type(json.decode(policy)) ~= "table" then
    failure("MalformedPolicyDocument", "The policy is not in the valid JSON format.")
  end
  return policy
end

local function role(params)
  local arn, session = text(params, "RoleArn", 20, 2048), text(params, "RoleSessionName", 2, 64, "+=,.@-")
  local seconds = duration(params, 3600, 43200)
  judge(params)
  if not arn:find("^arn:[%w-]+:iam::%d+:role/.") then failure("ValidationError", arn .. " is invalid") end
  return arn, session, seconds
end

-- --- operations: each returns its result as a list of {name, value or list}; the order is the wire's ---

local function credentials(key)
  return { "Credentials", { { "SessionToken", key.session_token }, { "SecretAccessKey", key.secret_access_key },
    { "Expiration", clock.iso8601(key.expires) }, { "AccessKeyId", key.access_key_id } } }
end

local function user(key)
  return { "AssumedRoleUser", { { "Arn", key.arn }, { "AssumedRoleId", key.user_id } } }
end

local function claims_of(token)
  local payload = token:match("^[%w_-]+%.([%w_-]+)%.[%w_-]*$")
  if not payload then
    failure("InvalidIdentityToken",
      "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
  end
  local bytes = crypto.unbase64url(payload)
  local claims = bytes and json.decode(bytes)
  return type(claims) == "table" and claims or {}
end

local operations, unsigned = {}, { AssumeRoleWithWebIdentity = true }
SERVICE.operations = operations

function operations.AssumeRoleWithWebIdentity(params)
  local token = text(params, "WebIdentityToken", 4, 20000)
  check_policy(params)
  local arn, session, seconds = role(params)
  local refused = TOKENS[token]
  if refused then failure(refused[1], refused[2], nil, refused[3]) end
  local claims = claims_of(token)
  if type(claims.exp) == "number" and claims.exp <= clock.now() then
    failure("ExpiredTokenException", ("Token expired: current date/time %d must be before the expiration date/time %d")
      :format(clock.now() // 1, claims.exp // 1))
  end
  local key = keys.issue(arn, session, seconds)
  local audience = type(claims.aud) == "table" and claims.aud[1] or claims.aud
  return {
    { "SubjectFromWebIdentityToken", claims.sub or "system:serviceaccount:default:usher" },
    { "Audience", audience or "sts.amazonaws.com" },
    user(key), credentials(key),
    { "Provider", ("arn:aws:iam::%s:oidc-provider/idp.example"):format(settings.account_id) },
  }
end

function operations.AssumeRole(params)
  text(params, "ExternalId", 2, 1224, "+=,.@:/-", true)
  local source = text(params, "SourceIdentity", 2, 64, "+=,.@-", true)
  local policy = check_policy(params)
  local arn, session, seconds = role(params)
  local key = keys.issue(arn, session, seconds)
  local result = { user(key), credentials(key) }
  if policy then result[#result + 1] = { "PackedPolicySize", tostring(math.ceil(#policy / 2048 * 100)) } end
  if source then result[#result + 1] = { "SourceIdentity", source } end
  return result
end

local USER <const>, USER_ID <const> = ("arn:aws:iam::%s:user/usher-dev"):format(settings.account_id),
  "AIDAUSHERSANDBOX00001"

function operations.GetSessionToken(params, ctx)
  local seconds = duration(params, 43200, 129600)
  judge(params)
  if keys.find(ctx.access_key_id).session_token then
    failure("AccessDenied", "Cannot call GetSessionToken with session credentials", nil, 403)
  end
  return { credentials(keys.issue_to({ arn = USER, user_id = USER_ID }, seconds)) }
end

function operations.GetFederationToken(params, ctx)
  local name, seconds = text(params, "Name", 2, 32, "+=,.@-"), duration(params, 43200, 129600)
  check_policy(params)
  judge(params)
  if keys.find(ctx.access_key_id).session_token then
    failure("AccessDenied", "Cannot call GetFederationToken with session credentials", nil, 403)
  end
  local who = { arn = ("arn:aws:sts::%s:federated-user/%s"):format(settings.account_id, name),
    user_id = ("%s:%s"):format(settings.account_id, name) }
  return { credentials(keys.issue_to(who, seconds)),
    { "FederatedUser", { { "Arn", who.arn }, { "FederatedUserId", who.user_id } } } }
end

function operations.GetAccessKeyInfo(params)
  text(params, "AccessKeyId", 16, 128, "")
  judge(params)
  return { { "Account", settings.account_id } }
end

function operations.GetCallerIdentity(_, ctx)
  local key = keys.find(ctx.access_key_id)
  return {
    { "Arn", key.arn or USER },
    { "UserId", key.user_id or USER_ID },
    { "Account", settings.account_id },
  }
end

-- --- the frame ---

local function elements(list)
  local parts = {}
  for i, entry in ipairs(list) do
    local value = type(entry[2]) == "table" and elements(entry[2]) or web.escape(entry[2])
    parts[i] = ("<%s>%s</%s>"):format(entry[1], value, entry[1])
  end
  return table.concat(parts)
end

local function respond(status, id, body)
  return { status = status, headers = { ["Content-Type"] = "text/xml", ["x-amzn-RequestId"] = id }, body = body }
end

local function succeed(id, action, result)
  return respond(200, id, ('<%sResponse xmlns="%s"><%sResult>%s</%sResult><ResponseMetadata><RequestId>%s</RequestId>'
    .. "</ResponseMetadata></%sResponse>"):format(action, NAMESPACE, action, elements(result), action, id, action))
end

local function refuse(id, e)
  local list = { { "Error", { { "Type", e.status < 500 and "Sender" or "Receiver" },
    { "Code", e.code }, { "Message", e.message or "" } } }, { "RequestId", id } }
  return respond(e.status, id, ('<ErrorResponse xmlns="%s">%s</ErrorResponse>'):format(NAMESPACE, elements(list)))
end

local function parameters(req)
  local params = req.method == "POST" and form.decode(req.body) or req.method == "GET" and req.query
  if type(params) ~= "table" then failure("MalformedInput", "The form cannot be read") end
  return params
end

local function perform(req)
  local params = parameters(req)
  local action = params.Action
  if not action then failure("MissingAction", "Could not find operation for the request") end
  if not operations[action] or params.Version ~= VERSION then
    failure("InvalidAction", ("Could not find operation %s for version %s"):format(action,
      params.Version or "NO_VERSION_SPECIFIED"))
  end
  params.problems = {}
  local access_key_id = not unsigned[action] and signature.check_query(req, SERVICE) or nil
  return action, aws_json.call(SERVICE, action, params, { req = req, access_key_id = access_key_id })
end

local function handler(req)
  local id = crypto.uuid()
  local ok, action, result = xpcall(perform, failure.trace, req)
  if ok then return succeed(id, action, result) end
  if action.code == faults.NO_ANSWER then return { abort = true } end
  if not action.unexpected then return refuse(id, action) end
  log.error("sandbox.broken_operation", { service = "sts", traceback = action.text })
  return refuse(id, aws_json.internal(SERVICE))
end

return { handler = handler }
