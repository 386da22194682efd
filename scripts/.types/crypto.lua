-- SPDX-License-Identifier: MIT
---@meta crypto

---Digests, encodings, randomness and ids. A key, and what is compared, may be a secret's handle: it stays in C.
---@class usher.crypto
local crypto = {}

---SHA-256 (FIPS 180-4). Does not yield.
---@param text string
---@return string digest 32 bytes; crypto.hex shows them
function crypto.sha256(text) end

---HMAC with SHA-256 (RFC 2104). Does not yield.
---@param key string|usher.Secret
---@param text string
---@return string digest 32 bytes
function crypto.hmac_sha256(key, text) end

---HMAC with SHA-1 (RFC 2104), of which authenticator apps make their codes (RFC 6238). Sign with hmac_sha256.
---Does not yield.
---@param key string|usher.Secret
---@param text string
---@return string digest 20 bytes
function crypto.hmac_sha1(key, text) end

---Are the two the same? The time it takes says nothing about them: use it for signatures, tokens and codes, where ==
---would tell how many bytes were right. Does not yield.
---@param a string|usher.Secret
---@param b string|usher.Secret
---@return boolean
function crypto.equal(a, b) end

---CRC-32, as zlib's. Does not yield.
---@param text string
---@return integer
function crypto.crc32(text) end

---Does not yield.
---@param bytes string
---@return string digits hexadecimal, lower case
function crypto.hex(bytes) end

---Percent-encoding (RFC 3986) of everything but A-Z a-z 0-9 - . _ ~. Does not yield.
---@param text string
---@return string
function crypto.percent(text) end

---Does not yield.
---@param digits string hexadecimal, either case
---@return string? bytes
---@return string? problem when it is not hexadecimal
function crypto.unhex(digits) end

---RFC 4648 §4, padded. Does not yield.
---@param bytes string
---@return string text
function crypto.base64(bytes) end

---Does not yield.
---@param text string
---@return string? bytes
---@return string? problem when it is not base64
function crypto.unbase64(text) end

---RFC 4648 §5: with - and _, not padded. Does not yield.
---@param bytes string
---@return string text
function crypto.base64url(bytes) end

---Does not yield.
---@param text string
---@return string? bytes
---@return string? problem when it is not base64url
function crypto.unbase64url(text) end

---Bytes that nobody can guess, of the system's generator. Does not yield.
---@param n integer 0 to 1048576
---@return string bytes
function crypto.random(n) end

---Text that nobody can guess, each character evenly from the alphabet. Does not yield.
---@param n integer 0 to 1048576
---@param alphabet? string 1 to 256 different bytes; digits and ASCII letters
---@return string text
function crypto.random_string(n, alphabet) end

---A random UUID, version 4 (RFC 9562). Does not yield.
---@return string uuid 36 characters, lower case
function crypto.uuid() end

---The UUID of a name, version 5 (RFC 9562): the same name has the same one. Does not yield.
---@param namespace string a UUID, or "dns", "url", "oid", "x500"
---@param name string
---@return string uuid
function crypto.uuid5(namespace, name) end

return crypto
