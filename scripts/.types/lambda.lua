-- SPDX-License-Identifier: MIT
---@meta lambda

---Functions of AWS Lambda.
---Source: AWS Lambda API Reference, Invoke.
---@class usher.lambda
local lambda = {}

---@class usher.lambda.Invocation: usher.aws.Options
---@field function_name string a name, an ARN, or a part of one
---@field payload? any the event, any JSON value; {}. 6 MB at most, and less for an Event
---RequestResponse (default) waits for the result; Event is kept by Lambda and run soon; DryRun only asks whether we may
---@field invocation_type? "RequestResponse"|"Event"|"DryRun"
---@field qualifier? string a version or an alias
---@field log_type? "None"|"Tail" Tail: the result has the last 4 KB of the function's log
---@field client_context? table

---@class usher.lambda.Result
---@field status integer 200; 202 of an Event, 204 of a DryRun
---@field payload? any what the function returned
---@field log? string with log_type Tail
---@field executed_version? string
---@field request_id? string

---@class usher.lambda.Error: usher.aws.Error
---@field error_type? string of FunctionError: the function's own
---@field function_error? string of FunctionError: "Unhandled", "Handled"
---@field payload? any of FunctionError: all that the function said
---@field log? string
---@field executed_version? string

---Mode throttle: an invocation without an answer may have run; retry = "safe" is for functions that bear it.
---code FunctionError: it ran, and failed; message is its own. Yields.
---@param wanted usher.lambda.Invocation
---@return usher.lambda.Result? result
---@return usher.lambda.Error? err FunctionError, ResourceNotFoundException, TooManyRequestsException, …
function lambda.invoke(wanted) end

return lambda
