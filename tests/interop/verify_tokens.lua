-- SPDX-License-Identifier: MIT
-- Judges tokens that another one made: test_id_tokens.py starts it by `usher exec` with the address of the keys,
-- the issuer, the client and a file of {"name": {"token", "use", "nonce"?, "access_token"?}}. Prints {"name": problem
-- or the subject}.
local json, oidc = require "json", require "oidc"

local jwks_url, issuer, client, path = ...
local file = assert(io.open(path))
local cases = json.decode(file:read "a", { depth = 64 })
file:close()

local found = {}
for name, case in pairs(cases) do
  local claims, problem = oidc.verify(case.token, {
    jwks_url = jwks_url, issuer = issuer, audience = { client }, use = case.use or "id", nonce = case.nonce,
    access_token = case.access_token, skew = 30,
    jwks = { max_age = 3600, cool_down = 3600, stale = 0, timeout = 10 },
  })
  found[name] = claims and { sub = claims.sub } or { problem = problem }
end
print(json.encode(found))
