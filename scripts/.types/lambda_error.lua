-- SPDX-License-Identifier: MIT
---@meta lambda_error

---What a function raised, in the words of AWS Lambda.
---@class usher.lambda_error
local lambda_error = {}

---@class usher.lambda_error.Error
---@field errorMessage string
---@field errorType string
---@field stackTrace? string[]

---Does not yield.
---@param err any
---@return usher.lambda_error.Error
function lambda_error.of(err) end

---Does not yield.
---@param kind string
---@param message string
---@return usher.lambda_error.Error
function lambda_error.new(kind, message) end

return lambda_error
