-- SPDX-License-Identifier: MIT
-- Cognito user pools: the operations gathered from their files, each behind its shape, inside the JSON
-- frame.
local aws_json = require "sandbox.aws_json"
local discovery = require "sandbox.cognito.discovery"
local hosted_ui = require "sandbox.hosted_ui.init"
local pools = require "sandbox.cognito.pools"
local providers = require "sandbox.cognito.providers"
local validate = require "sandbox.cognito.validate"

local SHAPES = { require "sandbox.cognito.shapes", require "sandbox.cognito.pool_shapes" }
local PARTS = { "sign_up", "auth", "account", "forgot", "admin", "admin_create", "list_users", "pool_admin",
  "linking", "tags" }
local MORE = { "providers", "groups", "resource_servers", "domains", "mfa" } -- modules that others ask too

local UNSIGNED = { "SignUp", "ConfirmSignUp", "ResendConfirmationCode", "InitiateAuth",
  "RespondToAuthChallenge", "ForgotPassword", "ConfirmForgotPassword", "GetUser", "DeleteUser",
  "GlobalSignOut",
  "ChangePassword", "UpdateUserAttributes", "DeleteUserAttributes", "GetUserAttributeVerificationCode",
  "VerifyUserAttribute", "RevokeToken", "GetTokensFromRefreshToken", "AssociateSoftwareToken", "VerifySoftwareToken",
  "SetUserMFAPreference", "GetUserAuthFactors" }

local service = {
  name = "cognito",
  signing_name = "cognito-idp",
  target_prefix = "AWSCognitoIdentityProviderService",
  content_type = "application/x-amz-json-1.1",
  error_headers = true,
  missing_token = "Missing Authentication Token",
  internal = { "InternalErrorException", "Something went wrong" },
  unsigned = {},
  operations = {},
}

for _, name in ipairs(UNSIGNED) do service.unsigned[name] = true end

local function add(operations)
  for name, run in pairs(operations) do
    local shape = SHAPES[1][name] or SHAPES[2][name]
    if shape then
      service.operations[name] = function(input, ctx)
        validate(input, shape)
        return run(input, ctx)
      end
    end
  end
end

for _, part in ipairs(PARTS) do add(require("sandbox.cognito." .. part)) end
for _, part in ipairs(MORE) do add(require("sandbox.cognito." .. part).operations) end

pools.ensure_default()
providers.ensure_default()

return {
  service = service,
  handler = function(req)
    return discovery(req) or hosted_ui(req) or aws_json.handle(service, req)
  end,
}
