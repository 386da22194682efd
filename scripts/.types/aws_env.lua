-- SPDX-License-Identifier: MIT
---@meta aws_env

---What AWS's environment variables and shared files say.
---@class usher.aws_env
local aws_env = {}

---Does not yield.
---@return string?
function aws_env.region() end

---Does not yield.
---@param service_id string as "DynamoDB" or "DYNAMODB"
---@return string? url
function aws_env.endpoint_url(service_id) end

---Does not yield.
---@param variable string
---@param key? string of the profile
---@return string?
function aws_env.setting(variable, key) end

---Does not yield.
---@return string? source "environment", "file …"
---@return string? problem where it was looked
function aws_env.credentials_source() end

return aws_env
