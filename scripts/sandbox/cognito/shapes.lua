-- SPDX-License-Identifier: MIT
-- What each operation takes, as data: the kinds, lengths, patterns and value sets of the service's model.
-- Read by validate.lua; a member that is not listed is accepted and ignored.
local function matching(pattern)
  return function(value) return value:find(pattern) ~= nil end
end

-- Ranges that are neither letter, mark, symbol, number nor punctuation.
local SEPARATORS = { { 0, 0x20 }, { 0x7f, 0xa0 }, { 0xad, 0xad }, { 0x1680, 0x1680 }, { 0x2000, 0x200f },
  { 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x3000, 0x3000 }, { 0xe000, 0xf8ff }, { 0xfeff, 0xfeff } }

local function is_visible(value)
  for _, code in utf8.codes(value) do
    for _, range in ipairs(SEPARATORS) do
      if code >= range[1] and code <= range[2] then return false end
    end
  end
  return value ~= ""
end

local VISIBLE = "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+"
local text = { kind = "string" }
local boolean = { kind = "boolean" }
local map = { kind = "map" }
local any = { kind = "struct", members = {} }
local client_id = { kind = "string", min = 1, max = 128, pattern = "[\\w+]+", test = matching("^[%w_+]+$"),
  secret = true }
local secret_hash = { kind = "string", min = 1, max = 128, pattern = "[\\w+=/]+",
  test = matching("^[%w_+=/]+$"), secret = true }
local username = { kind = "string", min = 1, max = 128, pattern = VISIBLE, test = is_visible, secret = true }
local password = { kind = "string", min = 6, max = 256, pattern = "[\\S]+", test = matching("^%S+$"),
  secret = true }
local pool_id = { kind = "string", min = 1, max = 55, pattern = "[\\w-]+_[0-9a-zA-Z]+",
  test = matching("^[%w_-]+_%w+$") }
local code = { kind = "string", min = 1, max = 2048, pattern = "[\\S]+", test = matching("^%S+$") }
local token = { kind = "string", pattern = "[A-Za-z0-9-_=.]+", test = matching("^[%w%-_=.]+$"),
  secret = true }
local session = { kind = "string", min = 20, max = 2048, secret = true }
local attribute_name = { kind = "string", min = 1, max = 32, pattern = VISIBLE, test = is_visible }
local attributes = { kind = "list", of = { kind = "struct", required = { Name = true },
  members = { Name = attribute_name, Value = { kind = "string", max = 2048, secret = true } } } }
local attribute_names = { kind = "list", of = attribute_name }
local page_token = { kind = "string", min = 1, pattern = "[\\S]+", test = matching("^%S+$") }
local pool_name = { kind = "string", min = 1, max = 128, pattern = "[\\w\\s+=,.@-]+",
  test = matching("^[%w_%s+=,.@-]+$") }
local auth_flow = { kind = "string", enum = { "USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN",
  "CUSTOM_AUTH", "ADMIN_NO_SRP_AUTH", "USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "USER_AUTH" } }
local challenge = { kind = "string", enum = { "SMS_MFA", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA", "SELECT_MFA_TYPE",
  "MFA_SETUP", "PASSWORD_VERIFIER", "CUSTOM_CHALLENGE", "SELECT_CHALLENGE", "DEVICE_SRP_AUTH",
  "DEVICE_PASSWORD_VERIFIER", "ADMIN_NO_SRP_AUTH", "NEW_PASSWORD_REQUIRED", "SMS_OTP", "PASSWORD",
  "WEB_AUTHN", "PASSWORD_SRP" } }

local function enum(...) return { kind = "string", enum = { ... } } end
local function list(of, min, max) return { kind = "list", of = of, min = min, max = max } end
local function integer(min, max) return { kind = "integer", min = min, max = max } end

-- "Name*" is required.
local function shape(members)
  local result = { kind = "struct", members = {}, required = {} }
  for key, spec in pairs(members) do
    local name, star = key:match("^(%w+)(%*?)$")
    result.members[name] = spec
    if star == "*" then result.required[name] = true end
  end
  return result
end

local function with(base, more)
  local members = {}
  for key, spec in pairs(base) do members[key] = spec end
  for key, spec in pairs(more or {}) do members[key] = spec end
  return shape(members)
end

local public = { ["ClientId*"] = client_id, ["Username*"] = username, SecretHash = secret_hash,
  ClientMetadata = map, UserContextData = any, AnalyticsMetadata = any }
local admin = { ["UserPoolId*"] = pool_id, ["Username*"] = username, ClientMetadata = map }
local signed_in = { ["AccessToken*"] = token, ClientMetadata = map }

local password_policy = shape { MinimumLength = integer(6, 99), RequireUppercase = boolean,
  RequireLowercase = boolean, RequireNumbers = boolean, RequireSymbols = boolean,
  TemporaryPasswordValidityDays = integer(0, 365),
  PasswordHistorySize = integer(0, 24) }
local identifier = enum("phone_number", "email")
local pool_settings = {
  Policies = shape { PasswordPolicy = password_policy },
  LambdaConfig = any, Schema = list(any, 1, 50), VerificationMessageTemplate = any, EmailConfiguration = any,
  AutoVerifiedAttributes = list(identifier),
  AliasAttributes = list(enum("phone_number", "email", "preferred_username")),
  UsernameAttributes = list(identifier), AdminCreateUserConfig = any, AccountRecoverySetting = any,
  UsernameConfiguration = shape { ["CaseSensitive*"] = boolean }, UserPoolTags = map,
  UserAttributeUpdateSettings = any,
  MfaConfiguration = enum("OFF", "ON", "OPTIONAL"), DeletionProtection = enum("ACTIVE", "INACTIVE"),
  SmsConfiguration = any, DeviceConfiguration = any, UserPoolAddOns = any,
  EmailVerificationMessage = { kind = "string", min = 6, max = 20000 },
  EmailVerificationSubject = { kind = "string", min = 1, max = 140 },
  SmsVerificationMessage = { kind = "string", min = 6, max = 140 },
  SmsAuthenticationMessage = { kind = "string", min = 6, max = 140 },
  UserPoolTier = enum("LITE", "ESSENTIALS", "PLUS"),
}
local provider_name = { kind = "string", min = 1, max = 32, pattern = VISIBLE, test = is_visible }
local identity = shape { ProviderName = provider_name, ProviderAttributeName = text,
  ProviderAttributeValue = text }
local provider = { ["UserPoolId*"] = pool_id, ["ProviderName*"] = provider_name, AttributeMapping = map,
  IdpIdentifiers = list(text, 0, 50) }
local time_unit = enum("seconds", "minutes", "hours", "days")
local client_settings = {
  ["UserPoolId*"] = pool_id, GenerateSecret = boolean,
  RefreshTokenValidity = integer(0, 315360000), AccessTokenValidity = integer(1, 86400),
  IdTokenValidity = integer(1, 86400),
  TokenValidityUnits = shape { AccessToken = time_unit, IdToken = time_unit, RefreshToken = time_unit },
  ReadAttributes = list(text), WriteAttributes = list(text),
  ExplicitAuthFlows = list(enum("ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH")),
  SupportedIdentityProviders = list(text), CallbackURLs = list(text, 0, 100), LogoutURLs = list(text, 0, 100),
  DefaultRedirectURI = { kind = "string", min = 1, max = 1024 },
  AllowedOAuthFlows = list(enum("code", "implicit", "client_credentials"), 0, 3),
  AllowedOAuthScopes = list(text, 0, 50), AllowedOAuthFlowsUserPoolClient = boolean,
  AnalyticsConfiguration = any,
  PreventUserExistenceErrors = enum("LEGACY", "ENABLED"), EnableTokenRevocation = boolean,
  EnablePropagateAdditionalUserContextData = boolean, AuthSessionValidity = integer(3, 15),
}

return {
  SignUp = with(public,
    { ["Password*"] = password, UserAttributes = attributes, ValidationData = attributes }),
  ConfirmSignUp = with(public,
    { ["ConfirmationCode*"] = code, ForceAliasCreation = boolean, Session = session }),
  ResendConfirmationCode = with(public),
  ForgotPassword = with(public),
  ConfirmForgotPassword = with(public, { ["ConfirmationCode*"] = code, ["Password*"] = password }),
  InitiateAuth = shape { ["AuthFlow*"] = auth_flow, ["ClientId*"] = client_id, AuthParameters = map,
    ClientMetadata = map, Session = session },
  RespondToAuthChallenge = shape { ["ClientId*"] = client_id, ["ChallengeName*"] = challenge,
    Session = session, ChallengeResponses = map, ClientMetadata = map },
  AdminInitiateAuth = shape { ["UserPoolId*"] = pool_id, ["ClientId*"] = client_id, ["AuthFlow*"] = auth_flow,
    AuthParameters = map, ClientMetadata = map, Session = session },
  AdminRespondToAuthChallenge = shape { ["UserPoolId*"] = pool_id, ["ClientId*"] = client_id,
    ["ChallengeName*"] = challenge, Session = session, ChallengeResponses = map, ClientMetadata = map },
  RevokeToken = shape { ["Token*"] = token, ["ClientId*"] = client_id, ClientSecret = client_id },

  GetUser = with(signed_in),
  DeleteUser = with(signed_in),
  GlobalSignOut = with(signed_in),
  ChangePassword = with(signed_in, { ["PreviousPassword*"] = password, ["ProposedPassword*"] = password }),
  UpdateUserAttributes = with(signed_in, { ["UserAttributes*"] = attributes }),
  DeleteUserAttributes = with(signed_in, { ["UserAttributeNames*"] = attribute_names }),
  GetUserAttributeVerificationCode = with(signed_in, { ["AttributeName*"] = attribute_name }),
  VerifyUserAttribute = with(signed_in, { ["AttributeName*"] = attribute_name, ["Code*"] = code }),

  AdminGetUser = with(admin),
  AdminDeleteUser = with(admin),
  AdminConfirmSignUp = with(admin),
  AdminEnableUser = with(admin),
  AdminDisableUser = with(admin),
  AdminResetUserPassword = with(admin),
  AdminUserGlobalSignOut = with(admin),
  AdminUpdateUserAttributes = with(admin, { ["UserAttributes*"] = attributes }),
  AdminDeleteUserAttributes = with(admin, { ["UserAttributeNames*"] = attribute_names }),
  AdminSetUserPassword = with(admin, { ["Password*"] = password, Permanent = boolean }),
  AdminCreateUser = with(admin, { UserAttributes = attributes, ValidationData = attributes,
    TemporaryPassword = password, ForceAliasCreation = boolean, MessageAction = enum("RESEND", "SUPPRESS"),
    DesiredDeliveryMediums = list(enum("SMS", "EMAIL")) }),
  AdminLinkProviderForUser = shape { ["UserPoolId*"] = pool_id, ["DestinationUser*"] = identity,
    ["SourceUser*"] = identity },
  AdminDisableProviderForUser = shape { ["UserPoolId*"] = pool_id, ["User*"] = identity },
  ListUsers = shape { ["UserPoolId*"] = pool_id, AttributesToGet = attribute_names, Limit = integer(0, 60),
    PaginationToken = page_token, Filter = { kind = "string", max = 256 } },

  CreateUserPool = with(pool_settings, { ["PoolName*"] = pool_name }),
  UpdateUserPool = with(pool_settings, { ["UserPoolId*"] = pool_id, PoolName = pool_name }),
  DescribeUserPool = shape { ["UserPoolId*"] = pool_id },
  DeleteUserPool = shape { ["UserPoolId*"] = pool_id },
  ListUserPools = shape { ["MaxResults*"] = integer(1, 60), NextToken = page_token },
  CreateIdentityProvider = with(provider, { ["ProviderType*"] = enum("SAML", "Facebook", "Google",
    "LoginWithAmazon", "SignInWithApple", "OIDC"), ["ProviderDetails*"] = map }),
  UpdateIdentityProvider = with(provider, { ProviderDetails = map }),
  DescribeIdentityProvider = with(provider),
  DeleteIdentityProvider = with(provider),
  ListIdentityProviders = shape { ["UserPoolId*"] = pool_id, MaxResults = integer(0, 60),
    NextToken = page_token },
  CreateUserPoolClient = with(client_settings, { ["ClientName*"] = pool_name }),
  UpdateUserPoolClient = with(client_settings, { ["ClientId*"] = client_id, ClientName = pool_name }),
  DescribeUserPoolClient = shape { ["UserPoolId*"] = pool_id, ["ClientId*"] = client_id },
  DeleteUserPoolClient = shape { ["UserPoolId*"] = pool_id, ["ClientId*"] = client_id },
  ListUserPoolClients = shape { ["UserPoolId*"] = pool_id, MaxResults = integer(1, 60),
    NextToken = page_token },
}
