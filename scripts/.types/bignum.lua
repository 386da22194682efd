-- SPDX-License-Identifier: MIT
---@meta bignum

---Of the sandbox: arithmetic modulo a large number, on big-endian byte strings of at most 1024 bytes. Not for flows.
---@class usher.bignum
local bignum = {}

---Does not yield.
---@param a string
---@param b string
---@param m string
---@return string
function bignum.mod_exp(a, b, m) end

---Does not yield.
---@param a string
---@param b string
---@param m string
---@return string
function bignum.mod_mul(a, b, m) end

---Does not yield.
---@param a string
---@param b string
---@param m string
---@return string
function bignum.mod_add(a, b, m) end

---RFC 3526. Does not yield.
---@return string
function bignum.prime_3072() end

return bignum
