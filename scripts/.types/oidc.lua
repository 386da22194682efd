-- SPDX-License-Identifier: MIT
---@meta oidc

---Is this token the issuer's, for us, now? RS256 only, ID and access tokens of Cognito alike.
---Source: OpenID Connect Core 1.0 §3.1.3.7, RFC 8725.
---@class usher.oidc
local oidc = {}

---@class usher.oidc.Keys all in seconds
---@field max_age number keys are asked for again after this
---@field cool_down number an unknown key makes us ask no more often than this
---@field stale number old keys are good this long while new ones cannot be had
---@field timeout number

---@class usher.oidc.Expected
---@field issuer string
---@field jwks_url string
---@field audience string[] client ids
---@field use "id"|"access"
---@field nonce? string
---@field access_token? string for at_hash
---@field skew? number seconds between the clocks; 0
---@field jwks usher.oidc.Keys

---@alias usher.oidc.Problem "malformed"|"unsupported_algorithm"|"unsupported_header"|"keys_unavailable"|"unknown_key"
---|"bad_signature"|"wrong_issuer"|"wrong_use"|"no_subject"|"wrong_audience"|"no_times"|"expired"|"not_yet_valid"
---|"wrong_nonce"|"wrong_at_hash"

---Yields when keys must be fetched.
---@param token string
---@param expected usher.oidc.Expected
---@return table? claims
---@return usher.oidc.Problem? problem
function oidc.verify(token, expected) end

return oidc
