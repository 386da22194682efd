-- SPDX-License-Identifier: MIT
---@meta cognito

---The Cognito user pool of config.cognito. SECRET_HASH is made in C, of exactly the username that is sent.
---What may be repeated is; each function names its mode of aws.call.
---Source: Amazon Cognito User Pools API Reference.
---@class usher.cognito
local cognito = {}

---@class usher.cognito.Options: usher.aws.Options
---@field user_pool_id? string of a signed call; config.cognito.user_pool_id

---@class usher.cognito.User
---@field username string
---@field sub? string
---@field status string "UNCONFIRMED", "CONFIRMED", "EXTERNAL_PROVIDER", "FORCE_CHANGE_PASSWORD", …
---@field enabled boolean
---@field attributes table<string, string> { email =, email_verified = "true", name =, … }
---@field created_at number seconds since 1970
---@field updated_at number

---@class usher.cognito.Delivery
---@field destination string masked, like "j***@e***"
---@field medium "EMAIL"|"SMS"
---@field attribute string

---@class usher.cognito.SignUp: usher.cognito.Options
---@field username string
---@field password string
---@field attributes? table<string, any> { email =, name =, … }
---@field client_metadata? table<string, string>

---@class usher.cognito.Confirm: usher.cognito.Options
---@field username string
---@field code string
---@field client_metadata? table<string, string>

---@class usher.cognito.Resend: usher.cognito.Options
---@field username string
---@field client_metadata? table<string, string>

---@class usher.cognito.SignIn: usher.cognito.Options
---@field username string
---@field password string

---@class usher.cognito.Tokens tokens, or a challenge
---@field access_token? string
---@field id_token? string
---@field refresh_token? string
---@field expires_in? integer seconds
---@field token_type? string
---@field challenge? string "NEW_PASSWORD_REQUIRED"
---@field session? string
---@field parameters? table

---@class usher.cognito.Link: usher.cognito.Options
---@field username string the native user's
---@field provider string "Google"
---@field subject string the provider's id of the person

---@class usher.cognito.List: usher.cognito.Options
---@field filter? string of cognito.filter
---@field limit? integer 1 to 60
---@field token? string the .next of the page before

---@alias usher.cognito.Searchable "username"|"email"|"phone_number"|"name"|"given_name"|"family_name"
---|"preferred_username"|"cognito:user_status"|"status"|"sub"

---Makes an unconfirmed user; Cognito mails the code. LimitExceededException and CodeDeliveryFailureException come after
---the user was made, without a mail. Mode throttle: after a try without an answer, look with admin_get_user. Yields.
---@param request usher.cognito.SignUp
---@return { sub: string, confirmed: boolean, delivery: usher.cognito.Delivery? }? result
---@return usher.aws.Error? err
function cognito.sign_up(request) end

---Mode throttle: Cognito counts the tries. One after success is refused: see is_already_confirmed. Yields.
---@param request usher.cognito.Confirm
---@return true? ok
---@return usher.aws.Error? err CodeMismatchException, ExpiredCodeException, …
function cognito.confirm_sign_up(request) end

---Each is a mail, and voids the code before. Mode throttle. Yields.
---@param request usher.cognito.Resend
---@return { delivery: usher.cognito.Delivery? }? result
---@return usher.aws.Error? err
function cognito.resend_confirmation_code(request) end

---Signs in with USER_PASSWORD_AUTH. Mode throttle: wrong passwords count. Yields.
---@param request usher.cognito.SignIn
---@return usher.cognito.Tokens? result
---@return usher.aws.Error? err
function cognito.initiate_auth(request) end

---Mode safe. Yields.
---@param username string the e-mail, the sub or the username
---@param options? usher.cognito.Options
---@return usher.cognito.User? user
---@return usher.aws.Error? err UserNotFoundException, …
function cognito.admin_get_user(username, options) end

---Mode safe. Yields.
---@param username string
---@param attributes table<string, any> sent as strings; "" deletes one
---@param options? usher.cognito.Options
---@return true? ok
---@return usher.aws.Error? err
function cognito.admin_update_user_attributes(username, attributes, options) end

---Mode safe: "not found" after a try without an answer is success. Yields.
---@param username string
---@param options? usher.cognito.Options
---@return true? ok
---@return usher.aws.Error? err
function cognito.admin_delete_user(username, options) end

---Confirms without a code; does not verify the e-mail. Mode safe. Yields.
---@param username string
---@param options? usher.cognito.Options
---@return true? ok
---@return usher.aws.Error? err
function cognito.admin_confirm_sign_up(username, options) end

---Links somebody at a provider to a native user. A link that is there is success. Mode safe. Yields.
---@param request usher.cognito.Link
---@return true? ok
---@return usher.aws.Error? err
function cognito.admin_link_provider_for_user(request) end

---Does this error say that the user was confirmed before? Does not yield.
---@param err usher.aws.Error
---@return boolean
function cognito.is_already_confirmed(err) end

---Does this error say that somebody has disabled the user? Does not yield.
---@param err usher.aws.Error
---@return boolean
function cognito.is_disabled(err) end

---A filter for list_users, with what somebody typed made harmless. Raises for what Cognito does not search by.
---Does not yield.
---@param name usher.cognito.Searchable
---@param op "="|"^=" "^=" is: begins with
---@param value string
---@return string filter
function cognito.filter(name, op, value) end

---A page of users. It lags behind writes, and holds users of other providers too. Mode safe. Yields.
---@param request? usher.cognito.List
---@return { next: string?, [integer]: usher.cognito.User }? page
---@return usher.aws.Error? err
function cognito.list_users(request) end

---The pool as AWS tells it: { Id =, Name =, Policies =, … }. Mode safe. Yields.
---@param options? usher.cognito.Options
---@return table? pool
---@return usher.aws.Error? err
function cognito.describe_user_pool(options) end

return cognito
