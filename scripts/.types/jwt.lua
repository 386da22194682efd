-- SPDX-License-Identifier: MIT
---@meta jwt

---JSON Web Tokens with RS256 and nothing else (RFC 7515, 7517, 7519). Judges signatures only: what iss, aud and exp
---must say is oidc.verify's business.
---@class usher.jwt
local jwt = {}

---An RSA key.
---@class usher.jwt.Key
local key = {}

---The public half as a JSON Web Key. Does not yield.
---@return { kty: "RSA", n: string, e: string }
function key:jwk() end

---The private key, PKCS #8. Does not yield.
---@return string pem
function key:pem() end

---Takes tens of milliseconds. Does not yield.
---@param bits? integer 2048 to 8192; 2048
---@return usher.jwt.Key
function jwt.generate_key(bits) end

---Does not yield.
---@param pem string a private RSA key
---@return usher.jwt.Key? key
---@return string? problem
function jwt.import_key(pem) end

---Does not yield.
---@param claims table
---@param key usher.jwt.Key
---@param kid? string the key's name, for the header
---@return string token
function jwt.sign(claims, key, kid) end

---Reads a token without proving anything: to find out whose keys to ask for. Does not yield.
---@param token string
---@return table? claims
---@return table|"malformed" header
function jwt.decode(token) end

---Does not yield.
---@param token string
---@param jwks { keys: table[] } the issuer's document, decoded
---@return table? claims nil: it is not to be believed
---@return table|"malformed"|"unsupported_algorithm"|"unknown_key"|"bad_signature" header or why not
function jwt.verify(token, jwks) end

return jwt
