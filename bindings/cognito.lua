-- SPDX-License-Identifier: MIT
-- bindings: a Cognito user pool in plain Lua. Flows and commands call it; aws.lua carries and repeats.
-- Pool, client and secret come from config.cognito; the secret hash is made in C, over exactly the username
-- that is sent. All functions yield and return plain results | nil, err (as aws.call's). Functions that take
-- one table take timeout=, deadline= or, where they are signed, user_pool_id= in it, the others in a last
-- argument `options`.
-- Repeated are only calls that may be: see the mode each one names; retry.lua has the modes.
local aws, config, crypto = require "aws", require "config", require "crypto"
local json = require "json"

local cognito = {}

local ALREADY_CONFIRMED <const> = "Current status is CONFIRMED"
local DISABLED <const> = "User is disabled"


local function call(operation, input, options, signed, mode)
  options = options or {}
  return aws.call {
    service = "cognito-idp", target = "AWSCognitoIdentityProviderService." .. operation, operation = operation,
    json_version = "1.1", input = input, signed = signed, retry = options.retry or mode, timeout = options.timeout,
    deadline = options.deadline,
  }
end


local function unsigned(operation, input, options, mode)
  input.ClientId = config.cognito.client_id
  return call(operation, input, options, false, mode)
end


local function admin(operation, input, options, mode)
  input.UserPoolId = options and options.user_pool_id or config.cognito.user_pool_id
  return call(operation, input, options, true, mode)
end


local function check_username(username)
  assert(type(username) == "string" and username ~= "", "cognito: username is a string")
  return username
end


-- nil for a public client, which has no secret and must not send a hash.
local function secret_hash(username)
  local secret = config.cognito.client_secret
  if not secret then return nil end
  return crypto.base64(crypto.hmac_sha256(secret, check_username(username) .. config.cognito.client_id))
end


-- {email="a@b.c"} -> the wire's list, sorted by name: the same input is the same bytes. nil when empty.
local function attribute_list(attributes)
  local list = {}
  for name, value in pairs(attributes or {}) do
    list[#list + 1] = { Name = name, Value = tostring(value) }
  end
  table.sort(list, function(a, b) return a.Name < b.Name end)
  return #list > 0 and json.array(list) or nil
end


local function attribute_map(list)
  local map = {}
  for _, attribute in ipairs(list or {}) do map[attribute.Name] = attribute.Value end
  return map
end


local function delivery(wire)
  if type(wire) ~= "table" then return nil end
  return { destination = wire.Destination, medium = wire.DeliveryMedium, attribute = wire.AttributeName }
end


local function user(wire)
  local attributes = attribute_map(wire.UserAttributes or wire.Attributes)
  return { username = wire.Username, sub = attributes.sub, status = wire.UserStatus, enabled = wire.Enabled,
    attributes = attributes, created_at = wire.UserCreateDate, updated_at = wire.UserLastModifiedDate }
end


-- {username=, password=, attributes={email=, name=}, client_metadata=}
-- -> {sub=, confirmed=bool, delivery={destination="j***@e***", medium="EMAIL", attribute="email"} | nil}.
-- Mode throttle: a try without an answer may have made the user, so it is the caller who looks
-- (admin_get_user). err LimitExceededException or CodeDeliveryFailureException: the user exists, unmailed.
function cognito.sign_up(request)
  local output, err = unsigned("SignUp", {
    Username = check_username(request.username), Password = request.password,
    SecretHash = secret_hash(request.username), UserAttributes = attribute_list(request.attributes),
    ClientMetadata = request.client_metadata,
  }, request, "throttle")
  if not output then return nil, err end
  return { sub = output.UserSub, confirmed = output.UserConfirmed == true,
    delivery = delivery(output.CodeDeliveryDetails) }
end


-- {username=, code=, client_metadata=} -> true. Mode throttle: each try counts toward 15 an hour, and a
-- second one after success is refused: see is_already_confirmed.
function cognito.confirm_sign_up(request)
  local output, err = unsigned("ConfirmSignUp", {
    Username = check_username(request.username), ConfirmationCode = request.code,
    SecretHash = secret_hash(request.username), ClientMetadata = request.client_metadata,
  }, request, "throttle")
  if not output then return nil, err end
  return true
end


-- {username=, client_metadata=} -> {delivery=}. Mode throttle: every one is a mail, and voids the last code.
function cognito.resend_confirmation_code(request)
  local output, err = unsigned("ResendConfirmationCode", {
    Username = check_username(request.username), SecretHash = secret_hash(request.username),
    ClientMetadata = request.client_metadata,
  }, request, "throttle")
  if not output then return nil, err end
  return { delivery = delivery(output.CodeDeliveryDetails) }
end


-- {username=, password=} -> {access_token=, id_token=, refresh_token=, expires_in= seconds, token_type=}
-- or {challenge="NEW_PASSWORD_REQUIRED", session=, parameters={}}. Mode throttle: wrong passwords count.
function cognito.initiate_auth(request)
  local output, err = unsigned("InitiateAuth", {
    AuthFlow = "USER_PASSWORD_AUTH",
    AuthParameters = { USERNAME = check_username(request.username), PASSWORD = request.password,
      SECRET_HASH = secret_hash(request.username) },
  }, request, "throttle")
  if not output then return nil, err end
  local result = output.AuthenticationResult
  if not result then
    return { challenge = output.ChallengeName, session = output.Session,
      parameters = output.ChallengeParameters or {} }
  end
  return { access_token = result.AccessToken, id_token = result.IdToken, refresh_token = result.RefreshToken,
    expires_in = result.ExpiresIn, token_type = result.TokenType }
end


-- username: the e-mail, the sub or the username. Mode safe.
-- -> {username=, sub=, status="UNCONFIRMED", enabled=, attributes={email=, email_verified="true"},
-- created_at=, updated_at= epoch seconds} | nil, err (UserNotFoundException).
function cognito.admin_get_user(username, options)
  local output, err = admin("AdminGetUser", { Username = check_username(username) }, options, "safe")
  return output and user(output), err
end


-- attributes: map; values are sent as strings ("true"), an empty one deletes. Mode safe. -> true
function cognito.admin_update_user_attributes(username, attributes, options)
  local output, err = admin("AdminUpdateUserAttributes",
    { Username = check_username(username), UserAttributes = attribute_list(attributes) }, options, "safe")
  if not output then return nil, err end
  return true
end


-- -> true. Mode safe: "not found" after a try that went unanswered is that try's work.
function cognito.admin_delete_user(username, options)
  local output, err = admin("AdminDeleteUser", { Username = check_username(username) }, options, "safe")
  if output or err.ambiguous and err.code == "UserNotFoundException" then return true end
  return nil, err
end


-- The same exception says several things.
local function is_refused_as(err, words)
  return err.code == "NotAuthorizedException" and (err.message or ""):find(words, 1, true) ~= nil
end


-- Was the user confirmed before?
function cognito.is_already_confirmed(err)
  return is_refused_as(err, ALREADY_CONFIRMED)
end


-- Has somebody disabled the user?
function cognito.is_disabled(err)
  return is_refused_as(err, DISABLED)
end


-- Confirms without a code; does not verify the e-mail. -> true. Mode safe, as admin_delete_user.
function cognito.admin_confirm_sign_up(username, options)
  local output, err = admin("AdminConfirmSignUp", { Username = check_username(username) }, options, "safe")
  if output or err.ambiguous and cognito.is_already_confirmed(err) then return true end
  return nil, err
end


-- {username= the native user's, provider="Google", subject= the provider's id of it} -> true. Mode safe:
-- err InvalidParameterException "SourceUser is already linked to DestinationUser" is success on any try.
function cognito.admin_link_provider_for_user(request)
  local output, err = admin("AdminLinkProviderForUser", {
    DestinationUser = { ProviderName = "Cognito", ProviderAttributeValue = check_username(request.username) },
    SourceUser = { ProviderName = request.provider, ProviderAttributeName = "Cognito_Subject",
      ProviderAttributeValue = request.subject },
  }, request, "safe")
  if output or (err.message or ""):find("already linked to DestinationUser", 1, true) then return true end
  return nil, err
end


local searchable = { username = true, email = true, phone_number = true, name = true, given_name = true,
  family_name = true, preferred_username = true, ["cognito:user_status"] = true, status = true, sub = true }

-- filter("email", "=", 'a"b@c.d') -> 'email = "a\"b@c.d"' for list_users. op: "=" or "^=" (begins with).
function cognito.filter(name, op, value)
  assert(searchable[name], "cognito.filter: Cognito does not search by this attribute")
  assert(op == "=" or op == "^=", "cognito.filter: = or ^= is expected")
  assert(type(value) == "string", "cognito.filter: value is a string")
  return ('%s %s "%s"'):format(name, op, (value:gsub('[\\"]', "\\%0")))
end


-- {filter=cognito.filter(…), limit= 1..60, token= of the page before} -> list of users as admin_get_user's,
-- .next = the token of the next page | nil. Mode safe. Lags behind writes; holds EXTERNAL_PROVIDER users too.
function cognito.list_users(request)
  request = request or {}
  local output, err = admin("ListUsers",
    { Filter = request.filter, Limit = request.limit, PaginationToken = request.token }, request, "safe")
  if not output then return nil, err end
  local list = { next = output.PaginationToken }
  for i, wire in ipairs(output.Users or {}) do list[i] = user(wire) end
  return list
end


-- -> the vendor's UserPool as it is: {Id=, Name=, Policies={PasswordPolicy={MinimumLength=}}, …}. Mode safe.
function cognito.describe_user_pool(options)
  local output, err = admin("DescribeUserPool", {}, options, "safe")
  return output and output.UserPool, err
end


return cognito
