-- SPDX-License-Identifier: MIT
-- What the operations on pools take, and on what belongs to one: clients, providers. As shapes.lua.
local kinds = require "sandbox.cognito.shape_kinds"
local enum, list, integer, string = kinds.enum, kinds.list, kinds.integer, kinds.string
local shape, with = kinds.shape, kinds.with
local boolean, map, text, pool_id, client_id = kinds.boolean, kinds.map, kinds.text, kinds.pool_id, kinds.client_id
local arn, page_token = kinds.arn, kinds.page_token

local pool_name = string(1, 128, "[\\w\\s+=,.@-]+", "^[%w_%s+=,.@-]+$")
local password_policy = shape { MinimumLength = integer(6, 99), RequireUppercase = boolean,
  RequireLowercase = boolean, RequireNumbers = boolean, RequireSymbols = boolean,
  TemporaryPasswordValidityDays = integer(0, 365), PasswordHistorySize = integer(0, 24) }
local identifier = enum("phone_number", "email")

-- A message with a place for the code.
local sms = string(6, 140, ".*\\{####\\}.*", "{####}")
local WORDS <const> = "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s*]*"
local email = string(6, 20000, WORDS .. "\\{####\\}" .. WORDS, "{####}")
local email_link = string(6, 20000, WORDS .. "\\{##" .. WORDS .. "##\\}" .. WORDS, "{##.*##}")
local subject = string(1, 140)

local attribute = shape {
  Name = string(1, 20, kinds.visible_pattern, kinds.visible_test),
  AttributeDataType = enum("String", "Number", "DateTime", "Boolean"),
  DeveloperOnlyAttribute = boolean, Mutable = boolean, Required = boolean,
  NumberAttributeConstraints = shape { MinValue = text, MaxValue = text },
  StringAttributeConstraints = shape { MinLength = text, MaxLength = text },
}
-- No address of a function is checked: a pool of the sandbox may name one that is not there.
local pool_settings = {
  Policies = shape { PasswordPolicy = password_policy, SignInPolicy = shape {
    AllowedFirstAuthFactors = list(enum("PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"), 1, 4) } },
  LambdaConfig = kinds.any,
  AutoVerifiedAttributes = list(identifier),
  VerificationMessageTemplate = shape { SmsMessage = sms, EmailMessage = email, EmailSubject = subject,
    EmailMessageByLink = email_link, EmailSubjectByLink = subject,
    DefaultEmailOption = enum("CONFIRM_WITH_LINK", "CONFIRM_WITH_CODE") },
  EmailConfiguration = shape { SourceArn = arn, ReplyToEmailAddress = text, From = text,
    EmailSendingAccount = enum("COGNITO_DEFAULT", "DEVELOPER"), ConfigurationSet = string(1, 64) },
  AdminCreateUserConfig = shape { AllowAdminCreateUserOnly = boolean, UnusedAccountValidityDays = integer(0, 365),
    InviteMessageTemplate = shape { SMSMessage = string(6, 140), EmailMessage = string(6, 20000),
      EmailSubject = subject } },
  AccountRecoverySetting = shape { RecoveryMechanisms = list(shape { ["Priority*"] = integer(1, 2),
    ["Name*"] = enum("verified_email", "verified_phone_number", "admin_only") }, 1, 2) },
  UserPoolTags = map,
  UserAttributeUpdateSettings = shape { AttributesRequireVerificationBeforeUpdate = list(identifier) },
  MfaConfiguration = enum("OFF", "ON", "OPTIONAL"), DeletionProtection = enum("ACTIVE", "INACTIVE"),
  SmsConfiguration = shape { ["SnsCallerArn*"] = string(20, 2048), ExternalId = text, SnsRegion = string(5, 32) },
  DeviceConfiguration = shape { ChallengeRequiredOnNewDevice = boolean, DeviceOnlyRememberedOnUserPrompt = boolean },
  UserPoolAddOns = shape { ["AdvancedSecurityMode*"] = enum("OFF", "AUDIT", "ENFORCED"),
    AdvancedSecurityAdditionalFlows = kinds.any },
  EmailVerificationMessage = email, EmailVerificationSubject = subject,
  SmsVerificationMessage = sms, SmsAuthenticationMessage = sms,
  UserPoolTier = enum("LITE", "ESSENTIALS", "PLUS"),
}

-- A name that can stand in front of "_" and a subject.
local function is_prefix(name)
  return name:find("^[^_][^_]+$") ~= nil and utf8.len(name) > 2 and kinds.visible_test(name)
end

local provider = { ["UserPoolId*"] = pool_id, ["ProviderName*"] = kinds.provider_name }
local idp_identifier = string(1, 40, "[\\w\\s+=.@-]+", "^[%w_%s+=.@-]+$")
local provider_settings = { ["UserPoolId*"] = pool_id, AttributeMapping = map,
  IdpIdentifiers = list(idp_identifier, 0, 50) }
local new_provider_name = string(1, 32, "[^_\\p{Z}][\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}][^_\\p{Z}]+", is_prefix)
local SCOPE_CHARACTERS <const> = '^[^%z\1-\x20"\\\x7f-\xff]+$'
local time_unit = enum("seconds", "minutes", "hours", "days")
local attribute_name = string(1, 2048)
local url = string(1, 1024, kinds.visible_pattern, kinds.visible_test)
local client_settings = {
  ["UserPoolId*"] = pool_id,
  RefreshTokenValidity = integer(0, 315360000), AccessTokenValidity = integer(1, 86400),
  IdTokenValidity = integer(1, 86400),
  TokenValidityUnits = shape { AccessToken = time_unit, IdToken = time_unit, RefreshToken = time_unit },
  ReadAttributes = list(attribute_name), WriteAttributes = list(attribute_name),
  ExplicitAuthFlows = list(enum("ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH")),
  SupportedIdentityProviders = list(kinds.provider_name), CallbackURLs = list(url, 0, 100),
  LogoutURLs = list(url, 0, 100), DefaultRedirectURI = url,
  AllowedOAuthFlows = list(enum("implicit", "client_credentials", "code"), 0, 3),
  AllowedOAuthScopes = list(string(1, 256, "[\\x21\\x23-\\x5B\\x5D-\\x7E]+", SCOPE_CHARACTERS), 0, 50),
  AllowedOAuthFlowsUserPoolClient = boolean, AnalyticsConfiguration = kinds.any,
  PreventUserExistenceErrors = enum("LEGACY", "ENABLED"), EnableTokenRevocation = boolean,
  EnablePropagateAdditionalUserContextData = boolean, AuthSessionValidity = integer(3, 15),
  RefreshTokenRotation = shape { ["Feature*"] = enum("ENABLED", "DISABLED"),
    RetryGracePeriodSeconds = integer(0, 60) },
}
local one_pool = shape { ["UserPoolId*"] = pool_id }
local one_client = shape { ["UserPoolId*"] = pool_id, ["ClientId*"] = client_id }

local group_name = string(1, 128, kinds.visible_pattern, kinds.visible_test)
local group = { ["UserPoolId*"] = pool_id, ["GroupName*"] = group_name }
local group_settings = with(group, { Description = string(nil, 2048), RoleArn = arn, Precedence = integer(0) })
local member = with(group, { ["Username*"] = kinds.username })
local group_page = { ["UserPoolId*"] = pool_id, Limit = integer(0, 60), NextToken = page_token }

local resource_server = { ["UserPoolId*"] = pool_id,
  ["Identifier*"] = string(1, 256, "[\\x21\\x23-\\x5B\\x5D-\\x7E]+", SCOPE_CHARACTERS) }
local resource_server_settings = with(resource_server, {
  ["Name*"] = string(1, 256, "[\\w\\s+=,.@-]+", "^[%w_%s+=,.@-]+$"),
  Scopes = list(shape { ["ScopeDescription*"] = string(1, 256), ["ScopeName*"] = string(1, 256,
    "[\\x21\\x23-\\x2E\\x30-\\x5B\\x5D-\\x7E]+", '^[^%z\1-\x20"/\\\x7f-\xff]+$') }, nil, 100) })

local domain_name = string(1, 63, "^[a-z0-9](?:[a-z0-9\\-]{0,61}[a-z0-9])?$", function(name)
  return name:find("^[%l%d][%l%d%-]*$") ~= nil and name:sub(-1) ~= "-"
end)
local domain = { ["UserPoolId*"] = pool_id, ["Domain*"] = domain_name }
local domain_settings = with(domain, { ManagedLoginVersion = integer(),
  CustomDomainConfig = shape { ["CertificateArn*"] = arn } })

return {
  CreateUserPool = with(pool_settings, { ["PoolName*"] = pool_name, Schema = list(attribute, 1, 50),
    AliasAttributes = list(enum("phone_number", "email", "preferred_username")),
    UsernameAttributes = list(identifier), UsernameConfiguration = shape { ["CaseSensitive*"] = boolean } }),
  UpdateUserPool = with(pool_settings, { ["UserPoolId*"] = pool_id, PoolName = pool_name }),
  AddCustomAttributes = shape { ["UserPoolId*"] = pool_id, ["CustomAttributes*"] = list(attribute, 1, 25) },
  DescribeUserPool = one_pool,
  DeleteUserPool = one_pool,
  ListUserPools = shape { ["MaxResults*"] = integer(1, 60), NextToken = page_token },

  CreateIdentityProvider = with(provider_settings, { ["ProviderName*"] = new_provider_name,
    ["ProviderType*"] = enum("SAML", "Facebook", "Google", "LoginWithAmazon", "SignInWithApple", "OIDC"),
    ["ProviderDetails*"] = map }),
  UpdateIdentityProvider = with(provider_settings, { ["ProviderName*"] = kinds.provider_name, ProviderDetails = map }),
  DescribeIdentityProvider = shape(provider),
  GetIdentityProviderByIdentifier = shape { ["UserPoolId*"] = pool_id, ["IdpIdentifier*"] = idp_identifier },
  DeleteIdentityProvider = shape(provider),
  ListIdentityProviders = shape { ["UserPoolId*"] = pool_id, MaxResults = integer(0, 60), NextToken = page_token },

  CreateUserPoolClient = with(client_settings, { ["ClientName*"] = pool_name, GenerateSecret = boolean,
    ClientSecret = kinds.client_secret }),
  UpdateUserPoolClient = with(client_settings, { ["ClientId*"] = client_id, ClientName = pool_name }),
  DescribeUserPoolClient = one_client,
  DeleteUserPoolClient = one_client,
  ListUserPoolClients = shape { ["UserPoolId*"] = pool_id, MaxResults = integer(1, 60), NextToken = page_token },

  GetUserPoolMfaConfig = one_pool,
  SetUserPoolMfaConfig = shape { ["UserPoolId*"] = pool_id, MfaConfiguration = pool_settings.MfaConfiguration,
    SmsMfaConfiguration = shape { SmsAuthenticationMessage = sms, SmsConfiguration = pool_settings.SmsConfiguration },
    SoftwareTokenMfaConfiguration = shape { Enabled = boolean },
    EmailMfaConfiguration = shape { Message = email, Subject = text },
    WebAuthnConfiguration = shape { RelyingPartyId = string(1, 127), UserVerification = enum("required", "preferred"),
      FactorConfiguration = enum("SINGLE_FACTOR", "MULTI_FACTOR_WITH_USER_VERIFICATION") } },

  CreateGroup = group_settings,
  UpdateGroup = group_settings,
  GetGroup = shape(group),
  DeleteGroup = shape(group),
  ListGroups = shape(group_page),
  ListUsersInGroup = with(group_page, { ["GroupName*"] = group_name }),
  AdminAddUserToGroup = member,
  AdminRemoveUserFromGroup = member,
  AdminListGroupsForUser = with(group_page, { ["Username*"] = kinds.username }),

  CreateResourceServer = resource_server_settings,
  UpdateResourceServer = resource_server_settings,
  DescribeResourceServer = shape(resource_server),
  DeleteResourceServer = shape(resource_server),
  ListResourceServers = shape { ["UserPoolId*"] = pool_id, MaxResults = integer(1, 50), NextToken = page_token },

  CreateUserPoolDomain = domain_settings,
  UpdateUserPoolDomain = domain_settings,
  DescribeUserPoolDomain = shape { ["Domain*"] = domain_name },
  DeleteUserPoolDomain = shape(domain),

  TagResource = shape { ["ResourceArn*"] = arn, ["Tags*"] = map },
  UntagResource = shape { ["ResourceArn*"] = arn, ["TagKeys*"] = list(string(1, 128)) },
  ListTagsForResource = shape { ["ResourceArn*"] = arn },
}
