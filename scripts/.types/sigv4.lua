-- SPDX-License-Identifier: MIT
---@meta sigv4

---AWS Signature Version 4, in C: the secret key never becomes a Lua string. aws.call signs by itself; use this for a
---presigned URL, or for a service that aws.call does not speak to.
---Source: AWS, "Create a signed AWS API request".
---@class usher.sigv4
local sigv4 = {}

---@class usher.sigv4.Credentials
---@field access_key_id string
---@field secret_access_key string|usher.Secret
---@field session_token? string|usher.Secret

---@class usher.sigv4.Request
---@field method string
---@field url string
---@field service string the signing name, like "dynamodb"
---@field region string
---@field headers? table<string, string>|string[][] a map, or a list of { name, value }
---@field body? string
---@field credentials? usher.sigv4.Credentials this process's own, when they are absent
---@field time? integer seconds since 1970; now
---@field normalize? boolean of the path, true; false for S3
---@field sign_body? boolean adds x-amz-content-sha256; false
---@field omit_session_token? boolean the token is sent, but not signed; false
---@field expires? integer seconds, of a presigned URL

---Signs by headers. Does not yield.
---@param request usher.sigv4.Request
---@return table? headers the request's, with host, x-amz-date and authorization
---@return string? problem there are no credentials
function sigv4.sign(request) end

---Signs by query parameters. Does not yield.
---@param request usher.sigv4.Request with expires
---@return string? url
---@return string? problem
function sigv4.presign(request) end

---The steps of a signature, for suites and puzzles. Does not yield.
---@param request usher.sigv4.Request
---@return string? canonical_request
---@return string string_to_sign or the problem
---@return string signature
function sigv4.canonical(request) end

---Of the sandbox: checks what somebody signed. { method=, target=, headers=, body=, secret_access_key=, region=,
---service=, now=, window= seconds, unsigned_payload= }. Does not yield.
---@param request table
---@return table? found access_key_id, region, service, signed_headers, time, …, ok and problem?
---@return { code: string, message: string }? problem when there is nothing that could be checked
function sigv4.verify(request) end

return sigv4
