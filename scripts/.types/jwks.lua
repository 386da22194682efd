-- SPDX-License-Identifier: MIT
---@meta jwks

---The keys by which issuers sign, fetched when they are needed and kept by each worker.
---@class usher.jwks
local jwks = {}

---@class usher.jwks.Options all in seconds
---@field max_age number keys are asked for again after this
---@field cool_down number an unknown key makes us ask no more often than this
---@field stale number old keys are good this long while new ones cannot be had
---@field timeout number

---Yields when they must be fetched.
---@param url string
---@param kid string the key that the token's header names
---@param options usher.jwks.Options
---@return { keys: table[] }? keys as jwt.verify takes them
function jwks.get(url, kid, options) end

return jwks
