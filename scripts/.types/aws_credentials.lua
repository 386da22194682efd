-- SPDX-License-Identifier: MIT
---@meta aws_credentials

---Of usher's own: waits for the credentials that are being fetched. aws.call does that by itself.
---@class usher.aws_credentials
local aws_credentials = {}

---Yields.
---@param seconds number
---@return true? ok
---@return string? problem
function aws_credentials.await(seconds) end

---A service has refused these. Yields while others are being fetched.
---@param access_key_id string
---@param seconds number
---@return boolean others_are_there
function aws_credentials.renew(access_key_id, seconds) end

return aws_credentials
