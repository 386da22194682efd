-- SPDX-License-Identifier: MIT
---@meta aws

---One call to an AWS service that speaks JSON 1.0 or 1.1, or JSON under a path: signed, with a deadline, repeated as
---often as is safe. cognito, dynamodb, lambda and ses put words on top.
---Source: AWS SDKs and Tools Reference Guide, "Retry behavior", standard mode.
---@class usher.aws
local aws = {}

---@class usher.aws.Options what the calls of cognito and dynamodb take besides their own
---@field timeout? number seconds for all tries; the service's in config
---@field deadline? number seconds of clock.monotonic; wins over timeout. Neither outlasts the request
---@field retry? "safe"|"throttle"|"none" see usher.aws.Request

---@class usher.aws.Request: usher.aws.Options
---@field service string the host's first label: "cognito-idp", "dynamodb", "monitoring", "email", "lambda"
---@field target? string X-Amz-Target, like "DynamoDB_20120810.PutItem"
---@field operation? string with path, where there is no target
---@field path? string
---@field json_version? "1.0"|"1.1" "1.0"
---@field input? any the operation's members, as AWS names them; sent as sorted JSON
---@field headers? table<string, string> of the operation, in lower case
---@field signed? boolean true
---@field attempt_timeout? number seconds for one try
---safe: repeating is harmless; throttle (default): only after what surely had no effect; none
---@field retry? "safe"|"throttle"|"none"
---@field attempts? integer tries at most; the service's own figure
---@field read? fun(answer: usher.http.Reply): any, table? output, or nil and { code= }; of an output that is no object
---@field on_error? fun(err: usher.aws.Error): string? before each decision; may say what kind of failure it is

---@class usher.aws.Error the vendor's other members are there too, as they are
---@field service string
---@field operation string
---the vendor's, without its namespace; or Timeout, ConnectionUnresolved, ConnectionFailed, ConnectionTlsFailed,
---ConnectionReset, ConnectionProtocolError, ResponseTooLarge, Canceled, CorruptResponse, CredentialsMissing,
---RegionMissing, Http and the status
---@field code string
---@field message? string the vendor's
---@field status? integer nil: no answer came
---@field request_id? string the vendor's
---@field retryable boolean later it may work
---@field sent boolean it may have reached the service
---@field ambiguous boolean one of the tries may have taken effect
---@field attempts integer tries made
---@field retry_after? number seconds, when the service asked for it
---@field item? table dynamodb: the item that was there, with return_old_on_failure
---dynamodb: of a cancelled transaction, one for each item; code "None" where nothing was wrong
---@field reasons? { code: string, message?: string, item?: table }[]

---The region of all calls: the settings', the environment's, the profile's. Does not yield.
---@return string?
function aws.region() end

---Where a service is, without a slash at the end. The first of: its url in config, AWS_ENDPOINT_URL_<ID>,
---AWS_ENDPOINT_URL, the profile's, config.aws.endpoint_url, AWS itself. Does not yield.
---@param name string as aws.call takes it
---@return string? url nil without a region
function aws.endpoint(name) end

---When a call has to be over. Does not yield.
---@param request { service: string, timeout?: number, deadline?: number }
---@return number deadline seconds of clock.monotonic
function aws.deadline(request) end

---Makes an error as aws.call's of a table that has service, operation and code. Does not yield.
---@param err table
---@return usher.aws.Error err the same
function aws.failure(err) end

---Yields.
---@param request usher.aws.Request
---@return table? output {} when the operation has none
---@return usher.aws.Error? err
function aws.call(request) end

return aws
