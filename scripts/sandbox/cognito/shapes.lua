-- SPDX-License-Identifier: MIT
-- What each operation on users takes, as data: the kinds, lengths, patterns and value sets of the service's model. Read
-- by validate.lua; a member that is not listed is accepted and ignored. Pools and their parts are in pool_shapes.lua.
local kinds = require "sandbox.cognito.shape_kinds"
local enum, list, integer, string = kinds.enum, kinds.list, kinds.integer, kinds.string
local shape, with = kinds.shape, kinds.with
local boolean, map, pool_id, username = kinds.boolean, kinds.map, kinds.pool_id, kinds.username
local client_id, attribute_name = kinds.client_id, kinds.attribute_name

local secret_hash = string(1, 128, "[\\w+=/]+", "^[%w_+=/]+$", true)
local password = string(6, 256, "[\\S]+", "^%S+$", true)
local code = string(1, 2048, "[\\S]+", "^%S+$")
local token = string(nil, nil, "[A-Za-z0-9-_=.]+", "^[%w%-_=.]+$", true)
local session = string(20, 2048, nil, nil, true)
local attributes = list(shape { ["Name*"] = attribute_name, Value = string(nil, 2048, nil, nil, true) })
local attribute_names = list(attribute_name)
local auth_flow = enum("USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN", "CUSTOM_AUTH", "ADMIN_NO_SRP_AUTH",
  "USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "USER_AUTH")
local challenge = enum("SMS_MFA", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA", "SELECT_MFA_TYPE", "MFA_SETUP",
  "PASSWORD_VERIFIER", "CUSTOM_CHALLENGE", "SELECT_CHALLENGE", "DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER",
  "ADMIN_NO_SRP_AUTH", "NEW_PASSWORD_REQUIRED", "SMS_OTP", "PASSWORD", "WEB_AUTHN", "PASSWORD_SRP")
local identity = shape { ProviderName = kinds.provider_name, ProviderAttributeName = kinds.short_text,
  ProviderAttributeValue = kinds.short_text }
local analytics = shape { AnalyticsEndpointId = kinds.short_text }
local context = shape { IpAddress = kinds.short_text, EncodedData = kinds.short_text }

local public = { ["ClientId*"] = client_id, ["Username*"] = username, SecretHash = secret_hash,
  ClientMetadata = map, UserContextData = context, AnalyticsMetadata = analytics }
local admin = { ["UserPoolId*"] = pool_id, ["Username*"] = username, ClientMetadata = map }
local signed_in = { ["AccessToken*"] = token, ClientMetadata = map }
local initiate = { ["ClientId*"] = client_id, ["AuthFlow*"] = auth_flow, AuthParameters = map, ClientMetadata = map,
  Session = session, AnalyticsMetadata = analytics, UserContextData = context }
local respond = { ["ClientId*"] = client_id, ["ChallengeName*"] = challenge, Session = session,
  ChallengeResponses = map, ClientMetadata = map, AnalyticsMetadata = analytics, UserContextData = context }
local wish = shape { Enabled = boolean, PreferredMfa = boolean }
local preference = { SMSMfaSettings = wish, SoftwareTokenMfaSettings = wish, EmailMfaSettings = wish,
  WebAuthnMfaSettings = wish }

return {
  SignUp = with(public,
    { ["Password*"] = password, UserAttributes = attributes, ValidationData = attributes }),
  ConfirmSignUp = with(public,
    { ["ConfirmationCode*"] = code, ForceAliasCreation = boolean, Session = session }),
  ResendConfirmationCode = with(public),
  ForgotPassword = with(public),
  ConfirmForgotPassword = with(public, { ["ConfirmationCode*"] = code, ["Password*"] = password }),
  InitiateAuth = with(initiate),
  RespondToAuthChallenge = with(respond),
  AdminInitiateAuth = with(initiate, { ["UserPoolId*"] = pool_id }),
  AdminRespondToAuthChallenge = with(respond, { ["UserPoolId*"] = pool_id }),
  RevokeToken = shape { ["Token*"] = token, ["ClientId*"] = client_id, ClientSecret = kinds.client_secret },

  GetTokensFromRefreshToken = shape { ["RefreshToken*"] = token, ["ClientId*"] = client_id,
    ClientSecret = kinds.client_secret, ClientMetadata = map },
  AssociateSoftwareToken = shape { AccessToken = token, Session = session },
  VerifySoftwareToken = shape { AccessToken = token, Session = session, FriendlyDeviceName = kinds.short_text,
    ["UserCode*"] = string(6, 6, "[0-9]+", "^%d+$", true) },

  GetUser = with(signed_in),
  GetUserAuthFactors = with(signed_in),
  DeleteUser = with(signed_in),
  GlobalSignOut = with(signed_in),
  ChangePassword = with(signed_in, { ["PreviousPassword*"] = password, ["ProposedPassword*"] = password }),
  UpdateUserAttributes = with(signed_in, { ["UserAttributes*"] = attributes }),
  DeleteUserAttributes = with(signed_in, { ["UserAttributeNames*"] = attribute_names }),
  GetUserAttributeVerificationCode = with(signed_in, { ["AttributeName*"] = attribute_name }),
  VerifyUserAttribute = with(signed_in, { ["AttributeName*"] = attribute_name, ["Code*"] = code }),

  SetUserMFAPreference = with(preference, { ["AccessToken*"] = token }),
  AdminSetUserMFAPreference = with(preference, { ["UserPoolId*"] = pool_id, ["Username*"] = username }),

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
    PaginationToken = string(1, nil, "[\\S]+", "^%S+$"), Filter = string(nil, 256) },
}
