-- SPDX-License-Identifier: MIT
-- bindings: is this token the issuer's, for us, now (OpenID Connect Core §3.1.3.7, RFC 8725)? Cognito's id and access
-- tokens alike. RS256 and nothing else: what the header says chooses a key by its name, never an algorithm, an address
-- or a key of its own. Who may do what with it is the caller's business.
local clock, crypto = require "clock", require "crypto"
local jwks, jwt = require "jwks", require "jwt"

local oidc = {}

local SUBJECT_MOST <const> = 255


local function is_text(value)
  return type(value) == "string" and value ~= ""
end


-- {"a"} | "a" | {"a", "b"} -> is one of them in `ours` (a set)? More than one needs the authorized party to be ours.
local function is_for(aud, azp, ours)
  if azp ~= nil and not (is_text(azp) and ours[azp]) then return false end
  if is_text(aud) then return ours[aud] == true end
  if type(aud) ~= "table" then return false end
  local found, count = false, 0
  for _, one in ipairs(aud) do
    if not is_text(one) then return false end
    found, count = found or ours[one] == true, count + 1
  end
  return found and (count == 1 or azp ~= nil)
end


local function set_of(list)
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end


local function problem_of_time(claims, skew)
  local now, expires, issued, start = clock.now(), claims.exp, claims.iat, claims.nbf
  if type(expires) ~= "number" or type(issued) ~= "number" then return "no_times" end
  if expires + skew <= now then return "expired" end
  if issued - skew > now then return "not_yet_valid" end
  if start ~= nil and (type(start) ~= "number" or start - skew > now) then return "not_yet_valid" end
end


-- An access token of Cognito's has no audience: it names its client.
local function problem_of_audience(claims, expected)
  local ours = set_of(expected.audience)
  local fits
  if expected.use == "access" then
    fits = is_text(claims.client_id) and ours[claims.client_id] == true
  else
    fits = is_for(claims.aud, claims.azp, ours)
  end
  return not fits and "wrong_audience" or nil
end


local function problem_of_binding(claims, expected)
  if expected.nonce and not (is_text(claims.nonce) and crypto.equal(claims.nonce, expected.nonce)) then
    return "wrong_nonce"
  end
  if expected.access_token and claims.at_hash ~= nil then
    local hash = crypto.base64url(crypto.sha256(expected.access_token):sub(1, 16))
    if not (is_text(claims.at_hash) and crypto.equal(claims.at_hash, hash)) then return "wrong_at_hash" end
  end
end


-- What is wrong with claims whose signature is right | nil
local function problem_of(claims, expected)
  if claims.iss ~= expected.issuer then return "wrong_issuer" end
  if claims.token_use ~= expected.use then return "wrong_use" end
  if not is_text(claims.sub) or #claims.sub > SUBJECT_MOST then return "no_subject" end
  return problem_of_audience(claims, expected) or problem_of_time(claims, expected.skew or 0)
    or problem_of_binding(claims, expected)
end


-- expected: {issuer=, jwks_url=, audience = list of client ids, use = "id" | "access", nonce=, access_token=,
--   skew = seconds, jwks = as jwks.get's options}; nonce and access_token may be missing.
-- -> claims | nil, "malformed" | "unsupported_algorithm" | "unsupported_header" | "keys_unavailable" | "unknown_key" |
--   "bad_signature" | "wrong_issuer" | "wrong_use" | "no_subject" | "wrong_audience" | "no_times" | "expired" |
--   "not_yet_valid" | "wrong_nonce" | "wrong_at_hash". Yields when keys must be fetched.
function oidc.verify(token, expected)
  local unproven, header = jwt.decode(token)
  if not unproven then return nil, header end
  if header.alg ~= "RS256" then return nil, "unsupported_algorithm" end
  if header.crit ~= nil then return nil, "unsupported_header" end
  if not is_text(header.kid) then return nil, "unknown_key" end
  local keys = jwks.get(expected.jwks_url, header.kid, expected.jwks)
  if not keys then return nil, "keys_unavailable" end
  local claims, problem = jwt.verify(token, keys)
  if not claims then return nil, problem end
  problem = problem_of(claims, expected)
  if problem then return nil, problem end
  return claims
end


return oidc
