-- SPDX-License-Identifier: MIT
-- What ties the way back from Google to the browser that left. The cookie holds a random salt, the time and what the
-- start was asked for; `state`, the nonce and the PKCE verifier are HMACs of the whole cookie under signup.key. So the
-- state proves that the cookie is ours and unchanged, a state without its cookie is worth nothing, the verifier is in
-- no URL and in no cookie, and no worker has to remember anything. That a state was used is the one thing written
-- down: a conditional put, which two workers cannot both win, and which its TTL removes.
local clock, config, crypto = require "clock", require "config", require "crypto"
local dynamodb, json = require "dynamodb", require "json"
local fingerprint, keys, trouble = require "lib.fingerprint", require "lib.keys", require "lib.trouble"

local state = {}

local NAME <const>, ATTRIBUTES <const> = "__Host-usher_sso", "; Path=/; Secure; HttpOnly; SameSite=Lax"
local LONGEST <const> = 3800 -- bytes of the cookie's value; browsers drop cookies of more than 4096
local MARGIN <const> = 3600  -- seconds that the note of a used state outlives the state

-- The header that ends the cookie.
state.END = { ["Set-Cookie"] = NAME .. "=" .. ATTRIBUTES .. "; Max-Age=0" }


-- Another tab may have begun since: what does not fit its cookie leaves it alone.
function state.end_of_error(code)
  return code ~= "sso_state_invalid" and state.END or nil
end


local function derived(label, cookie)
  return crypto.base64url(fingerprint.secret(label, cookie))
end


local function secrets_of(cookie)
  return { state = derived("sso_state", cookie), nonce = derived("sso_nonce", cookie),
    verifier = derived("sso_verifier", cookie) }
end


-- content: {form=, return_to=, callback=, tries=}. -> {state=, nonce=, verifier=, challenge=, headers=} | nil: too long
function state.begin(content)
  local all = { salt = crypto.base64url(crypto.random(32)), at = math.floor(clock.now()) }
  for name, value in pairs(content) do all[name] = value end
  local cookie = crypto.base64url(json.encode(all))
  if #cookie > LONGEST then return nil end
  local visit = secrets_of(cookie)
  visit.challenge = crypto.base64url(crypto.sha256(visit.verifier))
  visit.headers = { ["Set-Cookie"] = ("%s=%s%s; Max-Age=%d"):format(NAME, cookie, ATTRIBUTES, config.sso.state_ttl) }
  return visit
end


local function refuse(signup)
  trouble.refuse(signup, "state", 400, "sso_state_invalid")
end


-- -> the content, with state, nonce and verifier; raises for a state that is not this browser's, or too old.
local function read(signup, req)
  local cookie, given = req:cookie(NAME), req.query.state
  if not cookie or #cookie > LONGEST or not given then refuse(signup) end
  local secrets = secrets_of(cookie)
  if not crypto.equal(secrets.state, given) then refuse(signup) end
  local visit = json.decode(crypto.unbase64url(cookie))
  if clock.now() - visit.at > config.sso.state_ttl then refuse(signup) end
  for name, value in pairs(secrets) do visit[name] = value end
  return visit
end


-- Nobody comes back twice. The note says by whom: a repetition may meet the first try's own note.
local function spend(signup, visit)
  local ok, err = dynamodb.put {
    item = keys.record(keys.sso_state(crypto.hex(crypto.sha256(visit.state))),
      { used_by = signup.owner, expires_at = visit.at + config.sso.state_ttl + MARGIN }),
    condition = "attribute_not_exists(pk)", return_old_on_failure = true,
  }
  if ok then return end
  if err.code ~= "ConditionalCheckFailedException" then trouble.stop(signup, "state", err) end
  if not (err.item and err.item.used_by == signup.owner) then refuse(signup) end
end


-- The one time that a start comes back. -> {form=, return_to=, callback=, tries=, nonce=, verifier=}
function state.finish(signup, req)
  signup.at = "state"
  local visit = read(signup, req)
  spend(signup, visit)
  return visit
end


return state
