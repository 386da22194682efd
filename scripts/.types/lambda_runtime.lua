-- SPDX-License-Identifier: MIT
---@meta lambda_runtime

---Of `usher lambda`: the client of AWS Lambda's Runtime API, 2018-06-01.
---Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
---@class usher.lambda_runtime
---@field MAX_RESULT integer bytes
local lambda_runtime = { MAX_RESULT = 0 }

---@class usher.lambda_runtime.Runtime
local Runtime = {}

---@class usher.lambda_runtime.Event
---@field request_id string
---@field deadline number seconds since 1970
---@field arn? string
---@field trace_id? string
---@field client_context? string
---@field identity? string
---@field body string

---Yields.
---@return usher.lambda_runtime.Event? event
---@return string? problem
function Runtime:next() end

---Yields.
---@param request_id string
---@param body string
---@return integer? status
---@return string? problem
function Runtime:respond(request_id, body) end

---Yields.
---@param request_id string
---@param err usher.lambda_error.Error
---@return integer? status
---@return string? problem
function Runtime:fail(request_id, err) end

---Yields.
---@param err usher.lambda_error.Error
---@return integer? status
---@return string? problem
function Runtime:fail_init(err) end

---Does not yield.
---@param api string host:port
---@return usher.lambda_runtime.Runtime
function lambda_runtime.new(api) end

return lambda_runtime
